import { loadConfig } from '#platform/config/load.ts'
import { createPlatform } from '#platform/create.ts'
import type { ChannelKind } from '#observatory/notifications/channel.ts'
import { slackChannel } from '#observatory/notifications/channels/slack.ts'
import { notificationsRoom } from '#observatory/notifications/module.ts'
import { schemaFolder } from './database.ts'
import { bellRoom } from './notifications.ts'

// A worker of notifications in a process of its own. With `die` it kills itself when a message has gone out and before that
// is written down. Arguments: address of the database, home folder, what to do.

const [, , url, home, what] = process.argv

const dying: ChannelKind<typeof slackChannel.settings> = {
  ...slackChannel,
  async deliver(needs, settings, message, signal) {
    const delivered = await slackChannel.deliver(needs, settings, message, signal)
    if (what === 'die') process.kill(process.pid, 'SIGKILL')
    return delivered
  },
}
const rooms = [bellRoom(), notificationsRoom([dying])]
const config = loadConfig({
  sections: rooms.flatMap((room) => room.sections ?? []),
  env: { URANIA_HOME: home, DATABASE_URL: url, URANIA_LOG_LEVEL: 'silent' },
})
const platform = await createPlatform(config, { rooms, roles: ['worker'], schema: schemaFolder })
process.stdout.write('ready\n')
process.on('SIGTERM', () => void platform.stop().then(() => process.exit(0)))
