import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { Audience } from '#platform/events/event.ts'

/** Whose inbox: targets that reach the person, and what the person may see. */
export interface Reader {
  personId: string
  groups: readonly string[]
  audience: Audience
}

export type InboxScope = 'me' | 'groups' | 'everybody'

const listed = (values: readonly string[]) => sql`${[...values]}::text[]`

/** Entries that reach a reader: addressed to the person, or to a group or everybody and of something the person may see. */
function reaching(reader: Reader, scope?: InboxScope) {
  const targets: Record<InboxScope, string[]> = {
    me: [`person:${reader.personId}`],
    groups: reader.groups.map((id) => `group:${id}`),
    everybody: ['everyone'],
  }
  const wanted = scope ? targets[scope] : Object.values(targets).flat()
  return sql<boolean>`(i.target = any(${listed(wanted)})
    and (i.target = ${`person:${reader.personId}`} or i.audience && ${listed(reader.audience)})
    and i.at >= (select created_at from person where id = ${reader.personId}))`
}

export async function insertEntry(
  tx: Db,
  entry: { deliveryId: string; messageId: string; target: string; audience: Audience },
): Promise<string> {
  const row = await tx
    .insertInto('notification_inbox')
    .values({
      delivery_id: entry.deliveryId,
      message_id: entry.messageId,
      target: entry.target,
      audience: [...entry.audience],
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function listEntries(
  db: Db,
  reader: Reader,
  filter: {
    scope?: InboxScope | undefined
    unread?: boolean | undefined
    thread?: { kind: string; id: string } | undefined
    before?: string | undefined
    limit: number
  },
) {
  let query = db
    .selectFrom('notification_inbox as i')
    .innerJoin('notification_message as m', 'm.id', 'i.message_id')
    .innerJoin('notification_delivery as d', 'd.id', 'i.delivery_id')
    .leftJoin('notification_read as r', (join) =>
      join.onRef('r.entry_id', '=', 'i.id').on('r.person_id', '=', reader.personId),
    )
    .leftJoin('notification_acknowledgement as a', (join) =>
      join.onRef('a.thread_kind', '=', 'm.thread_kind').onRef('a.thread_id', '=', 'm.thread_id'),
    )
    .selectAll('m')
    .select([
      'i.id as entry_id',
      'i.target',
      'i.at as entry_at',
      'd.headline as override',
      'd.watched',
      'd.rule',
      'r.at as read_at',
      'a.name as acknowledged_by',
      'a.at as acknowledged_at',
    ])
    .where(reaching(reader, filter.scope))
    .orderBy('i.id', 'desc')
    .limit(filter.limit)
  if (filter.unread) query = query.where('r.at', 'is', null)
  if (filter.thread)
    query = query.where('m.thread_kind', '=', filter.thread.kind).where('m.thread_id', '=', filter.thread.id)
  if (filter.before !== undefined) query = query.where('i.id', '<', filter.before)
  return query.execute()
}

export async function unreadCount(db: Db, reader: Reader): Promise<number> {
  const row = await db
    .selectFrom('notification_inbox as i')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where(reaching(reader))
    .where(
      sql<boolean>`not exists (select from notification_read r where r.entry_id = i.id and r.person_id = ${reader.personId})`,
    )
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/** Marks entries as read: the given ones, or all up to one. How many were not. */
export async function markRead(
  tx: Db,
  reader: Reader,
  which: { ids?: readonly string[]; upTo?: string },
): Promise<number> {
  const result = await tx
    .insertInto('notification_read')
    .columns(['person_id', 'entry_id'])
    .expression((eb) => {
      let query = eb
        .selectFrom('notification_inbox as i')
        .select([sql<string>`${reader.personId}::text`.as('person_id'), 'i.id'])
        .where(reaching(reader))
      if (which.ids) query = query.where('i.id', 'in', which.ids.length === 0 ? ['0'] : [...which.ids])
      if (which.upTo !== undefined) query = query.where('i.id', '<=', which.upTo)
      return query
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return Number(result.numInsertedOrUpdatedRows ?? 0n)
}
