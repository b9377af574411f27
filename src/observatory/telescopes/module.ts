import type { Room } from '#platform/room.ts'

/** The room of telescopes: definitions, their versions, field grids. */
export const room: Room = {
  name: 'telescopes',
}
