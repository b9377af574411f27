import { isProblem, Problem } from '#problem.ts'
import type { Secrets } from '#platform/secrets/secrets.ts'
import type { ChannelKind } from './channel.ts'
import type { ChannelRow } from './channel-store.ts'

const mostCharacters = 50_000

/** Secrets are bound to the channel and the setting, so that a sealed value can't be moved to where it would be shown. */
const context = (channelId: string, setting: string): string =>
  `notifications.channel.${channelId}.${setting}`

export function sealSettings(
  secrets: Secrets,
  kind: Pick<ChannelKind, 'secret'>,
  channelId: string,
  settings: Readonly<Record<string, unknown>>,
): { open: Record<string, unknown>; sealed: Record<string, string> } {
  const open: Record<string, unknown> = {}
  const sealed: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue
    if (kind.secret.includes(name)) {
      if (value !== null) sealed[name] = secrets.seal(JSON.stringify(value), context(channelId, name))
    } else open[name] = value
  }
  return { open, sealed }
}

/** All settings as the kind takes them. @throws Problem `channel.invalid` naming the setting, `secrets.invalid` */
export function openSettings(
  secrets: Secrets,
  kind: ChannelKind,
  channel: Pick<ChannelRow, 'id' | 'name' | 'settings' | 'sealed'>,
): Record<string, unknown> {
  const settings: Record<string, unknown> = { ...channel.settings }
  for (const [name, value] of Object.entries(channel.sealed))
    settings[name] = JSON.parse(secrets.open(value, context(channel.id, name))) as unknown
  return parseSettings(kind, settings, channel.name)
}

/** @throws Problem `channel.invalid` naming the setting; never its value */
export function parseSettings(
  kind: ChannelKind,
  settings: Readonly<Record<string, unknown>>,
  name: string,
): Record<string, unknown> {
  let result
  try {
    result = kind.settings.safeParse(settings)
  } catch (error) {
    if (isProblem(error)) throw error
    throw new Problem('channel.invalid', `The settings of channel ${name} can't be read.`, {}, error)
  }
  if (result.success) {
    if (JSON.stringify(result.data).length > mostCharacters)
      throw new Problem(
        'channel.invalid',
        `The settings of channel ${name} have more than ${mostCharacters} characters; that is too much for them.`,
      )
    return result.data
  }
  const issue = result.error.issues[0]!
  const key =
    issue.code === 'unrecognized_keys' ? issue.keys[0]! : issue.path.map(String).join('.') || 'settings'
  const what =
    issue.code === 'unrecognized_keys'
      ? `is no setting of channels of kind ${kind.key}`
      : issue.message.replace(/\.$/, '')
  throw new Problem('channel.invalid', `settings.${key} of channel ${name}: ${what}.`, { path: key })
}
