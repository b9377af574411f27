import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { Role, Scope } from './actor.ts'
import './tables.ts'

export interface TokenRow {
  id: string
  person_id: string
  name: string
  hint: string
  scopes: Scope[]
  created_at: Date
  expires_at: Date
  last_used_at: Date | null
  last_used_from: string | null
  revoked_at: Date | null
}

const shown = [
  'id',
  'person_id',
  'name',
  'hint',
  'scopes',
  'created_at',
  'expires_at',
  'last_used_at',
  'last_used_from',
  'revoked_at',
] as const

export async function insertToken(
  tx: Db,
  token: {
    id: string
    person_id: string
    name: string
    hint: string
    hash: string
    scopes: Scope[]
    expires_at: Date
  },
): Promise<TokenRow> {
  return tx
    .insertInto('person_token')
    .values({ ...token, last_used_at: null, last_used_from: null, revoked_at: null })
    .returning(shown)
    .executeTakeFirstOrThrow()
}

/** Newest first; of one person, or everybody's. */
export async function listTokens(
  db: Db,
  filter: { personId: string | null; after?: readonly [string, string]; limit: number },
): Promise<TokenRow[]> {
  let query = db
    .selectFrom('person_token')
    .select(shown)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit)
  if (filter.personId !== null) query = query.where('person_id', '=', filter.personId)
  if (filter.after) {
    query = query.where(
      sql<boolean>`(created_at, id) < (${filter.after[0]}::timestamptz, ${filter.after[1]})`,
    )
  }
  return query.execute()
}

export async function findToken(db: Db, id: string): Promise<TokenRow | undefined> {
  return db.selectFrom('person_token').select(shown).where('id', '=', id).executeTakeFirst()
}

/** A token with the person behind it, as a request needs them; one query. */
export interface TokenHolder extends TokenRow {
  person_name: string
  role: Role
  disabled_at: Date | null
  groups: string[]
}

export async function findTokenHolder(db: Db, hash: string): Promise<TokenHolder | undefined> {
  return db
    .selectFrom('person_token')
    .innerJoin('person', 'person.id', 'person_token.person_id')
    .select(shown.map((column) => `person_token.${column}` as const))
    .select(['person.name as person_name', 'person.role', 'person.disabled_at'])
    .select(
      sql<string[]>`array(select group_id from person_group_member m where m.person_id = person.id)`.as(
        'groups',
      ),
    )
    .where('person_token.hash', '=', hash)
    .executeTakeFirst()
}

export async function touchToken(db: Db, id: string, address: string | null): Promise<void> {
  await db
    .updateTable('person_token')
    .set({ last_used_at: new Date(), last_used_from: address })
    .where('id', '=', id)
    .execute()
}

/** Revokes one token, or all of a person. Returns how many were still good. */
export async function revokeTokens(tx: Db, which: { id?: string; personId?: string }): Promise<number> {
  let query = tx.updateTable('person_token').set({ revoked_at: new Date() }).where('revoked_at', 'is', null)
  if (which.id !== undefined) query = query.where('id', '=', which.id)
  if (which.personId !== undefined) query = query.where('person_id', '=', which.personId)
  const result = await query.executeTakeFirst()
  return Number(result.numUpdatedRows)
}
