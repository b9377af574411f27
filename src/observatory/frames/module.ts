import type { Room } from '#platform/room.ts'
import { frameCommands } from './commands.ts'
import { frameJobs, frameServices } from './jobs.ts'
import { frameRoutes } from './routes.ts'
import { framesSection } from './sections.ts'

/** The room of frames: files by their bytes, what their headers say, where they lie, their pixels. */
export const room: Room = {
  name: 'frames',
  sections: [framesSection],
  routes: frameRoutes,
  jobs: frameJobs,
  services: frameServices,
  commands: frameCommands,
}
