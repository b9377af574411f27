import type { Room } from '#platform/room.ts'
import { telescopeCommands } from './commands.ts'
import { telescopeRoutes } from './routes.ts'

/** The room of telescopes: definitions, their versions, field grids. */
export const room: Room = {
  name: 'telescopes',
  routes: telescopeRoutes,
  commands: telescopeCommands,
}
