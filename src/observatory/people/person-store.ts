import { sql } from 'kysely'
import type { Db } from '#platform/db/database.ts'
import type { Role } from './actor.ts'
import './tables.ts'

export interface PersonRow {
  id: string
  name: string
  email: string
  role: Role
  role_by: string
  orcid: string | null
  two_factor_enabled: boolean | null
  disabled_at: Date | null
  created_at: Date
  groups: { id: string; name: string }[]
  accounts: string[]
}

/** `email` of a person whose provider names none; never shown. */
export const noEmail = '.invalid'

function people(db: Db) {
  return db
    .selectFrom('person')
    .select([
      'person.id',
      'person.name',
      'person.email',
      'person.role',
      'person.role_by',
      'person.orcid',
      'person.two_factor_enabled',
      'person.disabled_at',
      'person.created_at',
    ])
    .select([
      sql<{ id: string; name: string }[]>`coalesce((
        select json_agg(json_build_object('id', g.id, 'name', g.name) order by lower(g.name))
        from person_group_member m join person_group g on g.id = m.group_id
        where m.person_id = person.id), '[]')`.as('groups'),
      sql<string[]>`coalesce((
        select json_agg(distinct case a.provider_id when 'credential' then 'password' else a.provider_id end)
        from person_account a where a.user_id = person.id), '[]')`.as('accounts'),
    ])
}

export async function findPerson(db: Db, id: string): Promise<PersonRow | undefined> {
  return people(db).where('person.id', '=', id).executeTakeFirst()
}

/** By id or e-mail address. */
export async function findPersonNamed(db: Db, idOrEmail: string): Promise<PersonRow | undefined> {
  return people(db)
    .where((eb) => eb.or([eb('person.id', '=', idOrEmail), eb('person.email', '=', idOrEmail.toLowerCase())]))
    .executeTakeFirst()
}

/** In the order in which they came, from after the given one. */
export async function listPeople(
  db: Db,
  filter: { after?: readonly [string, string]; limit: number; q?: string },
): Promise<PersonRow[]> {
  let query = people(db).orderBy('person.created_at').orderBy('person.id').limit(filter.limit)
  if (filter.after) {
    const [at, id] = filter.after
    query = query.where(sql<boolean>`(person.created_at, person.id) > (${at}::timestamptz, ${id})`)
  }
  if (filter.q) query = query.where(sql<boolean>`position(lower(${filter.q}) in lower(person.name)) > 0`)
  return query.execute()
}

export async function anyoneExists(db: Db): Promise<boolean> {
  const row = await db.selectFrom('person').select('id').limit(1).executeTakeFirst()
  return row !== undefined
}

export async function insertPerson(
  tx: Db,
  person: { id: string; name: string; email: string; emailVerified: boolean; role: Role },
): Promise<void> {
  await tx
    .insertInto('person')
    .values({
      id: person.id,
      name: person.name,
      email: person.email,
      email_verified: person.emailVerified,
      role: person.role,
      orcid: null,
      image: null,
      disabled_at: null,
    })
    .execute()
}

export async function updatePerson(
  tx: Db,
  id: string,
  change: {
    name?: string
    role?: Role
    role_by?: string
    disabled_at?: Date | null
    orcid?: string
  },
): Promise<void> {
  await tx
    .updateTable('person')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .execute()
}

/** Administrators who can act, other than the given person. */
export async function otherAdministrators(tx: Db, id: string): Promise<number> {
  const row = await tx
    .selectFrom('person')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('role', '=', 'administrator')
    .where('disabled_at', 'is', null)
    .where('id', '!=', id)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

/** Held to the end of the transaction: changes of who is administrator come one after the other. */
export async function lockAdministrators(tx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('urania.administrators', 0))`.execute(tx)
}

/** Sets the password of a person; `hash` as better-auth makes it. */
export async function putPassword(tx: Db, userId: string, hash: string, newId: string): Promise<void> {
  await tx
    .insertInto('person_account')
    .values({ id: newId, account_id: userId, provider_id: 'credential', user_id: userId, password: hash })
    .onConflict((conflict) =>
      conflict.columns(['provider_id', 'account_id']).doUpdateSet({ password: hash, updated_at: new Date() }),
    )
    .execute()
}

export interface SessionRow {
  id: string
  token: string
  user_id: string
  expires_at: Date
  ip_address: string | null
  user_agent: string | null
  created_at: Date
  updated_at: Date
}

export async function listSessions(db: Db, userId: string): Promise<SessionRow[]> {
  return db
    .selectFrom('person_session')
    .selectAll()
    .where('user_id', '=', userId)
    .where('expires_at', '>', new Date())
    .orderBy('updated_at', 'desc')
    .execute()
}

/** Ends sessions of a person: one, all, or all but one. Returns how many. */
export async function deleteSessions(
  tx: Db,
  userId: string,
  which: { only?: string; except?: string } = {},
): Promise<number> {
  let query = tx.deleteFrom('person_session').where('user_id', '=', userId)
  if (which.only !== undefined) query = query.where('id', '=', which.only)
  if (which.except !== undefined) query = query.where('id', '!=', which.except)
  const result = await query.executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** What a request needs to know of its person; one query. */
export interface Standing {
  id: string
  name: string
  role: Role
  disabled_at: Date | null
  groups: string[]
}

export async function standingOf(db: Db, id: string): Promise<Standing | undefined> {
  return db
    .selectFrom('person')
    .select(['id', 'name', 'role', 'disabled_at'])
    .select(
      sql<string[]>`array(select group_id from person_group_member m where m.person_id = person.id)`.as(
        'groups',
      ),
    )
    .where('id', '=', id)
    .executeTakeFirst()
}
