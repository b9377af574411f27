import { hourlyService } from '#platform/jobs/hourly.ts'
import type { Platform } from '#platform/platform.ts'
import type { Room, Service } from '#platform/room.ts'
import type { ChannelKind } from './channel.ts'
import { channelKinds } from './channels/registry.ts'
import { notificationCommands } from './commands.ts'
import { receiveEvent } from './compose.ts'
import { waitingChannels } from './delivery-store.ts'
import { forgetKind } from './job-kinds.ts'
import { notificationJobs } from './jobs.ts'
import { kindsOf } from './kinds.ts'
import { wakeChannel } from './outbox.ts'
import { notificationRoutes } from './routes.ts'
import { notificationsSection } from './sections.ts'

/** The room of notifications: rules decide who hears what the other rooms tell, channels carry it. */
export function notificationsRoom(channels: readonly ChannelKind[]): Room {
  const kinds = kindsOf(channels)
  return {
    name: 'notifications',
    sections: [notificationsSection],
    routes: (platform) => notificationRoutes({ ...platform, kinds }),
    jobs: (platform) => notificationJobs({ ...platform, kinds }),
    listeners(platform) {
      const events = [...new Set(platform.bulletins.flatMap((source) => source.events))]
      if (events.length > 0)
        platform.events.listen('notifications', events, (event, tx) => receiveEvent(platform, event, tx))
    },
    services: (platform) => [wakeService(platform), hourlyService(platform, forgetKind)],
    commands: notificationCommands(kinds),
  }
}

/** What a process left waiting when it ended is looked at when the next one starts. */
function wakeService(platform: Platform): Service {
  return {
    name: 'waiting notifications',
    role: 'worker',
    async start() {
      await platform.db.transaction().execute(async (tx) => {
        for (const id of await waitingChannels(tx)) await wakeChannel(platform, tx, id)
      })
    },
    stop: () => Promise.resolve(),
  }
}

export const room: Room = notificationsRoom(channelKinds)
