import type { Platform } from '#platform/platform.ts'
import type { Room, Service } from '#platform/room.ts'
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
  services: (platform) => [...gcnService(platform), expiryService(platform)],
  commands: alertCommands,
}

/** Once an hour tests and mocks whose time is over are removed; one job for all machines. */
function expiryService(platform: Platform): Service {
  let timer: NodeJS.Timeout | undefined
  const send = (): void => {
    const hour = new Date().toISOString().slice(0, 13)
    void platform.jobs
      .send(platform.db, expireKind, {}, { key: hour })
      .catch((error: unknown) =>
        platform.log.warn({ err: error }, 'The removal of old tests could not be queued.'),
      )
  }
  return {
    name: 'expiry of tests',
    role: 'scheduler',
    async start() {
      send()
      timer = setInterval(send, 3_600_000)
    },
    async stop() {
      clearInterval(timer)
    },
  }
}
