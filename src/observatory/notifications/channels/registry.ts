import type { ChannelKind } from '#observatory/notifications/channel.ts'
import { mailChannel } from './mail.ts'
import { slackChannel } from './slack.ts'
import { treeChannel } from './tree.ts'
import { webhookChannel } from './webhook.ts'

/** Every kind of channel, by the key that the database stores. */
export const channelKinds: readonly ChannelKind[] = [slackChannel, mailChannel, webhookChannel, treeChannel]
