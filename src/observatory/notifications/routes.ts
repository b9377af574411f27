import { createRouter, type Router } from '#platform/http/router.ts'
import '#observatory/people/request.ts'
import { acknowledgementRoutes } from './acknowledgement-routes.ts'
import { channelRoutes } from './channel-routes.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { hookRoutes } from './hook-routes.ts'
import { inboxRoutes } from './inbox-routes.ts'
import type { Needs } from './kinds.ts'
import { ruleRoutes } from './rule-routes.ts'
import { shiftRoutes } from './shift-routes.ts'

/** All routes of the room. */
export function notificationRoutes(needs: Needs): Router {
  const app = createRouter()
  inboxRoutes(app, needs)
  channelRoutes(app, needs)
  ruleRoutes(app, needs)
  deliveryRoutes(app, needs)
  shiftRoutes(app, needs)
  acknowledgementRoutes(app, needs)
  hookRoutes(app, needs)
  return app
}
