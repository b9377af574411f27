import type { Room } from '#platform/room.ts'
import { planBulletins } from './bulletins.ts'
import { planCommands } from './commands.ts'
import { planJobs } from './jobs.ts'
import { planRoutes } from './routes.ts'
import { planListeners } from './rules.ts'
import { plansSection } from './sections.ts'

/** The room of plans: which fields each telescope takes when, made on request or by rule. */
export const room: Room = {
  name: 'plans',
  sections: [plansSection],
  routes: planRoutes,
  jobs: planJobs,
  listeners: planListeners,
  bulletins: planBulletins,
  commands: planCommands,
}
