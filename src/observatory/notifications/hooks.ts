import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { findPerson } from '#observatory/people/person-store.ts'
import { putAcknowledgement } from './acknowledge.ts'
import { acknowledge, threadOfValue } from './acknowledgement.ts'
import { listChannels, type ChannelRow } from './channel-store.ts'
import type { Needs } from './kinds.ts'
import { allPreferences } from './preference-store.ts'
import { openSettings } from './sealed-settings.ts'

/** A button that somebody pressed in a message. */
export interface Pressed {
  action: string
  value: string
  /** Address of the person on the channel. */
  user: string
  userName: string
}

/** The enabled channels of a kind with one of their settings, opened: which of them a request comes from is tried. */
export async function channelsWith(
  needs: Pick<Needs, 'db' | 'kinds' | 'secrets'>,
  key: string,
  setting: string,
): Promise<{ channel: ChannelRow; value: string }[]> {
  const kind = needs.kinds.get(key)
  if (!kind) return []
  const rows = (await listChannels(needs.db)).filter((row) => row.kind === key && row.enabled)
  return rows.flatMap((channel) => {
    const value = openSettings(needs.secrets, kind, channel)[setting]
    return typeof value === 'string' && value !== '' ? [{ channel, value }] : []
  })
}

/** Does what a button says, by the room that made it or by this one; what to answer to whoever pressed it. */
export async function press(needs: Needs, channel: ChannelRow, pressed: Pressed): Promise<string> {
  const userId = await personAt(needs, channel, pressed.user)
  const by = { userId, name: pressed.userName }
  if (pressed.action === acknowledge) {
    const thread = threadOfValue(pressed.value)
    if (!thread) throw new Problem('notification.invalid', 'The button does not say what it acknowledges.')
    const person = userId === null ? undefined : await findPerson(needs.db, userId)
    const name = person?.name ?? pressed.userName
    const done = await putAcknowledgement(needs, actorAt(channel, by), thread, {
      personId: userId,
      name,
      through: channel.name,
    })
    return `${done.thread.name} is acknowledged by ${done.by.name} since ${done.at.slice(0, 19)}Z. Reminders and escalations have stopped.`
  }
  const room = pressed.action.split('.')[0]
  const source =
    needs.bulletins.find(
      (each) => each.act && Object.keys(each.kinds).some((kind) => kind.split('.')[0] === room),
    ) ?? needs.bulletins.find((each) => each.act !== undefined)
  if (!source?.act)
    throw new Problem(
      'notification.invalid',
      `Nothing here knows the action ${JSON.stringify(pressed.action.slice(0, 60))}.`,
    )
  return source.act(pressed.action, pressed.value, by)
}

/** Whoever gave this address for the channel. */
async function personAt(
  needs: Pick<Needs, 'db'>,
  channel: ChannelRow,
  address: string,
): Promise<string | null> {
  for (const [id, row] of await allPreferences(needs.db))
    if (row.addresses[channel.name] === address) return id
  return null
}

/** For the audit log; the channel's signature is what lets it in. */
function actorAt(channel: ChannelRow, by: { userId: string | null; name: string }): Actor {
  return {
    kind: 'system',
    userId: by.userId,
    name: `${by.name} by ${channel.name}`,
    role: null,
    groups: [],
    scopes: [],
    from: null,
  }
}
