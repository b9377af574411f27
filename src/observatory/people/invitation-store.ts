import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { Role } from './actor.ts'
import './tables.ts'

export interface InvitationRow {
  id: string
  person_id: string | null
  role: Role
  groups: string[]
  note: string
  created_by: string | null
  created_at: Date
  expires_at: Date
  used_at: Date | null
}

const shown = [
  'id',
  'person_id',
  'role',
  'groups',
  'note',
  'created_by',
  'created_at',
  'expires_at',
  'used_at',
] as const

export async function insertInvitation(
  tx: Db,
  invitation: {
    id: string
    hash: string
    person_id: string | null
    role: Role
    groups: string[]
    note: string
    created_by: string | null
    expires_at: Date
  },
): Promise<void> {
  await tx
    .insertInto('person_invitation')
    .values({ ...invitation, used_at: null, used_by: null })
    .execute()
}

/** Newest first. */
export async function listInvitations(
  db: Db,
  filter: { after?: readonly [string, string]; limit: number },
): Promise<InvitationRow[]> {
  let query = db
    .selectFrom('person_invitation')
    .select(shown)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit)
  if (filter.after) {
    query = query.where(
      sql<boolean>`(created_at, id) < (${filter.after[0]}::timestamptz, ${filter.after[1]})`,
    )
  }
  return query.execute()
}

/** A link that can still be used, locked until the transaction ends so that it is used once. */
export async function lockInvitation(tx: Db, hash: string): Promise<InvitationRow | undefined> {
  return tx
    .selectFrom('person_invitation')
    .select(shown)
    .where('hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', new Date())
    .forUpdate()
    .executeTakeFirst()
}

export async function markInvitationUsed(tx: Db, id: string, by: string): Promise<void> {
  await tx
    .updateTable('person_invitation')
    .set({ used_at: new Date(), used_by: by })
    .where('id', '=', id)
    .execute()
}

/** Makes links void: one, or all that set the password of a person. Returns how many were still good. */
export async function voidInvitations(tx: Db, which: { id?: string; personId?: string }): Promise<number> {
  let query = tx.deleteFrom('person_invitation').where('used_at', 'is', null)
  if (which.id !== undefined) query = query.where('id', '=', which.id)
  if (which.personId !== undefined) query = query.where('person_id', '=', which.personId)
  const result = await query.executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Adds a setup link and forgets all but the last few; older printouts stay good for a while. */
export async function insertSetupLink(tx: Db, hash: string): Promise<void> {
  await tx.insertInto('setup_link').values({ hash }).execute()
  await tx
    .deleteFrom('setup_link')
    .where('hash', 'not in', (eb) =>
      eb.selectFrom('setup_link').select('hash').orderBy('created_at', 'desc').limit(20),
    )
    .execute()
}

/** True when the hash is that of a setup link. The row is locked until the transaction ends. */
export async function lockSetupLink(tx: Db, hash: string): Promise<boolean> {
  const row = await tx
    .selectFrom('setup_link')
    .select('hash')
    .where('hash', '=', hash)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

export async function deleteSetupLinks(tx: Db): Promise<void> {
  await tx.deleteFrom('setup_link').execute()
}
