import type { Room } from '#platform/room.ts'
import { catalogueCommands } from './commands.ts'
import { referenceJobs } from './jobs.ts'
import { referenceRoutes } from './routes.ts'

/** The room of reference catalogues: import, coverage, queries. */
export const room: Room = {
  name: 'references',
  routes: referenceRoutes,
  jobs: referenceJobs,
  commands: catalogueCommands,
}
