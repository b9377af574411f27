import { hourlyService } from '#platform/jobs/hourly.ts'
import type { Room } from '#platform/room.ts'
import { alertBulletins } from './bulletins.ts'
import { alertCommands } from './commands.ts'
import { alertJobs } from './jobs.ts'
import { expireKind } from './job-kinds.ts'
import { alertRoutes } from './routes.ts'
import { alertsSection, gcnSection } from './sections.ts'
import { gcnService } from './stream.ts'

/** The room of alerts: notices, events, localizations, assessments. */
export const room: Room = {
  name: 'alerts',
  sections: [alertsSection, gcnSection],
  routes: alertRoutes,
  jobs: alertJobs,
  bulletins: alertBulletins,
  services: (platform) => [...gcnService(platform), hourlyService(platform, expireKind)],
  commands: alertCommands,
}
