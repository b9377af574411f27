import type { Room } from '#platform/room.ts'
import { processCommands } from './process-command.ts'
import { tasksSection } from './sections.ts'

/** The room of tasks: frames through inspect, photometry, transients and subtraction. */
export const room: Room = {
  name: 'tasks',
  sections: [tasksSection],
  commands: [...processCommands],
}
