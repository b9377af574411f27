import type { Room } from '#platform/room.ts'
import { taskJobs, taskServices } from './jobs.ts'
import { detectCommands } from './detect-command.ts'
import { frameCommands } from './frame-commands.ts'
import { processCommands } from './process-command.ts'
import { taskRoutes } from './routes.ts'
import { tasksSection } from './sections.ts'
import { solveCommands } from './solver/solve-command.ts'

/** The room of tasks: frames through inspect, photometry, transients and subtraction. */
export const room: Room = {
  name: 'tasks',
  sections: [tasksSection],
  routes: taskRoutes,
  jobs: taskJobs,
  services: taskServices,
  commands: [...processCommands, ...detectCommands, ...frameCommands, ...solveCommands],
}
