import { Problem } from '#problem.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audienceOf, requireRole, requireScope } from '#observatory/people/rights.ts'
import { listChannels } from './channel-store.ts'
import { releasePerson } from './delivery-store.ts'
import type { InboxEntry, NotificationPreferences } from './inbox.ts'
import { listEntries, markRead, unreadCount, type InboxScope, type Reader } from './inbox-store.ts'
import type { Needs } from './kinds.ts'
import { wakeChannel } from './outbox.ts'
import { preferencesOf, putPreferences } from './preference-store.ts'
import { quietUntil } from './quiet.ts'
import { zoneNamed } from './zone.ts'

type DbNeeds = Pick<Needs, 'db'>
type Listed = Awaited<ReturnType<typeof listEntries>>[number]

/** @throws Problem unless the actor is a person (also by a token): the program itself has no inbox. */
function readerOf(actor: Actor): Reader {
  requireRole(actor, 'viewer', 'an inbox')
  requireScope(actor, 'read')
  if (actor.userId === null)
    throw new Problem('access.forbidden', `Only people have an inbox; ${actor.name} is none.`)
  return { personId: actor.userId, groups: actor.groups, audience: audienceOf(actor) }
}

export async function readInbox(
  needs: DbNeeds,
  actor: Actor,
  filter: {
    scope?: InboxScope | undefined
    unread?: boolean | undefined
    thread?: { kind: string; id: string } | undefined
    before?: string | undefined
    limit: number
  },
): Promise<Listed[]> {
  return listEntries(needs.db, readerOf(actor), filter)
}

export async function countUnread(needs: DbNeeds, actor: Actor): Promise<number> {
  return unreadCount(needs.db, readerOf(actor))
}

/** Marks as read; how many are left unread. */
export async function readEntries(
  needs: Pick<Needs, 'db' | 'events'>,
  actor: Actor,
  which: { ids?: readonly string[] | undefined; upTo?: string | undefined },
): Promise<{ marked: number; unread: number }> {
  const reader = readerOf(actor)
  return needs.db.transaction().execute(async (tx) => {
    const { ids, upTo } = which
    const marked = await markRead(tx, reader, {
      ...(ids ? { ids } : {}),
      ...(upTo === undefined ? {} : { upTo }),
    })
    const unread = await unreadCount(tx, reader)
    // For the other windows of the same person.
    if (marked > 0)
      await needs.events.append(tx, {
        kind: 'notifications.inbox_read',
        subject: { kind: 'person', id: reader.personId },
        data: { unread },
        audience: [`user:${reader.personId}`],
      })
    return { marked, unread }
  })
}

export function shownEntry(row: Listed): InboxEntry {
  const whose = row.target === 'everyone' ? 'everybody' : row.target.startsWith('group:') ? 'group' : 'me'
  const acknowledged =
    row.acknowledged_by !== null && row.acknowledged_at !== null
      ? { by: row.acknowledged_by, at: row.acknowledged_at.toISOString() }
      : null
  return {
    id: row.entry_id,
    at: row.entry_at.toISOString(),
    for: whose,
    kind: row.kind,
    form: row.form,
    role: row.role,
    thread: { kind: row.thread_kind, id: row.thread_id, name: row.thread_name },
    headline: row.override ?? row.headline,
    text: row.body,
    facts: [...row.facts],
    links: [...row.links],
    pictures: row.pictures.map(({ name, mediaType }, index) => ({
      name,
      mediaType,
      url: `/api/v1/inbox/${row.entry_id}/pictures/${index}`,
    })),
    rehearsal: row.rehearsal,
    rule: row.rule,
    read: row.read_at !== null,
    acknowledge: row.watched && acknowledged === null,
    acknowledged,
  }
}

/** A picture of an entry that reaches the actor. */
export async function inboxPicture(
  needs: Pick<Needs, 'db'>,
  actor: Actor,
  entryId: string,
  index: number,
): Promise<{ sha256: string; mediaType: string }> {
  const reader = readerOf(actor)
  const next = (BigInt(entryId) + 1n).toString()
  const [row] = await listEntries(needs.db, reader, { before: next, limit: 1 })
  const picture = row?.entry_id === entryId ? row.pictures[index] : undefined
  if (!picture)
    throw new Problem('resource.not_found', `There is no picture ${index} of entry ${entryId} for you.`)
  return picture
}

export async function readPreferences(needs: DbNeeds, actor: Actor): Promise<NotificationPreferences> {
  const { personId } = readerOf(actor)
  const row = await preferencesOf(needs.db, personId)
  return {
    zone: row?.zone ?? 'UTC',
    quiet: row?.quiet_from && row.quiet_to ? { from: row.quiet_from, to: row.quiet_to } : null,
    muted: row?.muted ?? [],
    addresses: row?.addresses ?? {},
  }
}

/** Channels that can reach single people, for the form of preferences. */
export async function personalChannels(
  needs: Pick<Needs, 'db' | 'kinds'>,
  actor: Actor,
): Promise<{ name: string; title: string; addresses: 'mail' | 'given' | 'person' }[]> {
  readerOf(actor)
  return (await listChannels(needs.db)).flatMap(({ name, kind: key, enabled }) => {
    const kind = needs.kinds.get(key)
    return kind?.addresses && enabled ? [{ name, title: kind.title, addresses: kind.addresses }] : []
  })
}

/** Takes new preferences; what waited for quiet hours that are none any more goes out. */
export async function changePreferences(
  needs: Pick<Needs, 'db' | 'jobs'>,
  actor: Actor,
  input: NotificationPreferences,
): Promise<NotificationPreferences> {
  const { personId } = readerOf(actor)
  zoneNamed(input.zone)
  const names = new Set((await listChannels(needs.db)).map(({ name }) => name))
  const unknown = [...input.muted, ...Object.keys(input.addresses)].find((name) => !names.has(name))
  if (unknown !== undefined)
    throw new Problem('notification.invalid', `There is no channel ${JSON.stringify(unknown)}.`)
  await needs.db.transaction().execute(async (tx) => {
    await putPreferences(tx, {
      person_id: personId,
      zone: input.zone,
      quiet_from: input.quiet?.from ?? null,
      quiet_to: input.quiet?.to ?? null,
      muted: [...new Set(input.muted)],
      addresses: input.addresses,
    })
    const { quiet, zone } = input
    if (quiet && quietUntil({ ...quiet, zone }, new Date()) !== null) return
    for (const id of await releasePerson(tx, personId)) await wakeChannel(needs, tx, id)
  })
  return readPreferences(needs, actor)
}
