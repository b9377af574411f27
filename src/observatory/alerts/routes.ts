import type { Platform } from '#platform/platform.ts'
import { createRouter, type Router } from '#platform/http/router.ts'
import '#observatory/people/request.ts'
import { eventRoutes } from './event-routes.ts'
import { localizationRoutes } from './localization-routes.ts'
import { noticeRoutes } from './notice-routes.ts'
import { ruleRoutes } from './rule-routes.ts'
import { streamRoutes } from './stream-routes.ts'

/** All routes of the room. */
export function alertRoutes(platform: Platform): Router {
  const app = createRouter()
  noticeRoutes(app, platform)
  eventRoutes(app, platform)
  localizationRoutes(app, platform)
  ruleRoutes(app, platform)
  streamRoutes(app, platform)
  return app
}
