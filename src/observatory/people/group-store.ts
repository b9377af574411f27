import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import './tables.ts'

export interface GroupRow {
  id: string
  name: string
  description: string
  created_at: Date
  members: string
}

function groups(db: Db) {
  return db
    .selectFrom('person_group')
    .selectAll('person_group')
    .select(
      sql<string>`(select count(*) from person_group_member m where m.group_id = person_group.id)`.as(
        'members',
      ),
    )
}

/** By name; only those of one person when asked. */
export async function listGroups(
  db: Db,
  filter: { memberId?: string; after?: readonly [string, string]; limit: number },
): Promise<GroupRow[]> {
  let query = groups(db)
    .orderBy(sql`lower(name)`)
    .orderBy('id')
    .limit(filter.limit)
  if (filter.after) {
    query = query.where(sql<boolean>`(lower(name), id) > (${filter.after[0]}, ${filter.after[1]})`)
  }
  if (filter.memberId !== undefined) {
    query = query.where('id', 'in', (eb) =>
      eb
        .selectFrom('person_group_member')
        .select('group_id')
        .where('person_id', '=', filter.memberId ?? ''),
    )
  }
  return query.execute()
}

export async function findGroup(db: Db, id: string): Promise<GroupRow | undefined> {
  return groups(db).where('id', '=', id).executeTakeFirst()
}

export async function findGroupNamed(db: Db, name: string): Promise<GroupRow | undefined> {
  return groups(db)
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .executeTakeFirst()
}

export async function existingGroups(db: Db, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('person_group')
    .select('id')
    .where('id', 'in', [...ids])
    .execute()
  return new Set(rows.map((row) => row.id))
}

export async function insertGroup(
  tx: Db,
  group: { id: string; name: string; description: string },
): Promise<void> {
  await tx.insertInto('person_group').values(group).execute()
}

export async function updateGroup(
  tx: Db,
  id: string,
  change: { name: string; description: string },
): Promise<void> {
  await tx.updateTable('person_group').set(change).where('id', '=', id).execute()
}

export async function deleteGroup(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('person_group').where('id', '=', id).execute()
}

/**
 * Makes memberships exactly these. By a provider: of those that it gave, so that what people decided stays; by a
 * person: of all.
 */
export async function putMemberships(
  tx: Db,
  personId: string,
  groupIds: readonly string[],
  by: string,
): Promise<void> {
  let gone = tx.deleteFrom('person_group_member').where('person_id', '=', personId)
  if (by !== 'person') gone = gone.where('added_by', '=', by)
  if (groupIds.length > 0) gone = gone.where('group_id', 'not in', [...groupIds])
  await gone.execute()
  if (groupIds.length === 0) return
  await tx
    .insertInto('person_group_member')
    .values(groupIds.map((id) => ({ group_id: id, person_id: personId, added_by: by })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
