import { sql } from 'kysely'
import type { Expression, SqlBool } from 'kysely'
import { Problem } from '#problem.ts'
import type { Audience } from '#platform/events/event.ts'
import { isAtLeast } from './actor.ts'
import type { Actor, Role, Scope } from './actor.ts'

/** The group that every signed-in person is in. A row that names it in its groups is open to all of them. */
export const everyone = 'everyone'

/** @throws Problem `access.unauthenticated` or `access.forbidden` unless the actor has the role or one above it. */
export function requireRole(actor: Actor, role: Role, what = 'this'): void {
  if (isAtLeast(actor.role, role)) return
  if (actor.kind === 'anonymous') throw notSignedIn()
  const reach =
    actor.kind === 'token'
      ? `Your token reaches as far as ${actor.role ?? 'nothing'}`
      : `You are ${actor.role}`
  throw new Problem(
    'access.forbidden',
    `For ${what} one has to be ${role}. ${reach}; ask an administrator.`,
    {
      needs: role,
    },
  )
}

/** @throws Problem `access.forbidden` unless the actor's session or token carries the scope. */
export function requireScope(actor: Actor, scope: Scope): void {
  if (actor.scopes.includes(scope)) return
  if (actor.kind === 'anonymous') throw notSignedIn()
  throw new Problem(
    'access.forbidden',
    `This needs the scope "${scope}", which ${actor.kind === 'token' ? 'your token' : 'your role'} does not have.`,
    { needs: scope },
  )
}

/** @throws Problem unless the actor is a person with a session: what a token must not do, such as making tokens. */
export function requirePerson(actor: Actor, what: string): asserts actor is Actor & { userId: string } {
  if (actor.kind === 'anonymous') throw notSignedIn()
  if (actor.kind === 'person' && actor.userId !== null) return
  throw new Problem('access.forbidden', `For ${what} sign in on the page: a token is not enough.`)
}

function notSignedIn(): Problem {
  return new Problem(
    'access.unauthenticated',
    'You are not signed in; sign in on the page, or send a token in the header "Authorization: Bearer ura_…".',
  )
}

/** Columns of a table that say to whom its rows belong; those that are left out give nobody a right. */
export interface RightsColumns {
  /** text: id of the person. */
  owner?: string
  /** text[]: ids of groups, or `everyone`. */
  groups?: string
  /** timestamptz: from then on anyone may see it, signed in or not. */
  publicAt?: string
}

/**
 * The rows that an actor may see, as a condition of the query: never filter afterwards, or pages come out short and
 * counts give away what is hidden. Administrators, background work and the local operator see all.
 * `db.selectFrom('target').where(visibleTo(actor, { owner: 'target.owner_id', groups: 'target.groups' }))`
 */
export function visibleTo(actor: Actor, columns: RightsColumns): Expression<SqlBool> {
  if (seesAll(actor)) return sql<SqlBool>`true`
  const ways: Expression<SqlBool>[] = []
  const mayRead = actor.scopes.includes('read')
  if (mayRead && columns.owner && actor.userId !== null) {
    ways.push(sql<SqlBool>`${sql.ref(columns.owner)} = ${actor.userId}`)
  }
  if (mayRead && columns.groups) {
    ways.push(sql<SqlBool>`${sql.ref(columns.groups)} && ${groupsOf(actor)}::text[]`)
  }
  if (columns.publicAt) ways.push(sql<SqlBool>`${sql.ref(columns.publicAt)} <= now()`)
  return ways.length === 0 ? sql<SqlBool>`false` : sql<SqlBool>`(${sql.join(ways, sql` or `)})`
}

/** As `visibleTo` for rows that an actor may change: the owner's, and those of the actor's groups for members and up. */
export function changeableBy(actor: Actor, columns: Omit<RightsColumns, 'publicAt'>): Expression<SqlBool> {
  if (seesAll(actor)) return sql<SqlBool>`true`
  const ways: Expression<SqlBool>[] = []
  if (actor.scopes.includes('write')) {
    if (columns.owner && actor.userId !== null) {
      ways.push(sql<SqlBool>`${sql.ref(columns.owner)} = ${actor.userId}`)
    }
    if (columns.groups) ways.push(sql<SqlBool>`${sql.ref(columns.groups)} && ${[...actor.groups]}::text[]`)
  }
  return ways.length === 0 ? sql<SqlBool>`false` : sql<SqlBool>`(${sql.join(ways, sql` or `)})`
}

/** Rights of one row already at hand; the same rule as `visibleTo`. */
export function maySee(
  actor: Actor,
  row: { owner?: string | null; groups?: readonly string[]; publicAt?: Date | null },
  now = new Date(),
): boolean {
  if (seesAll(actor)) return true
  if (row.publicAt && row.publicAt <= now) return true
  if (!actor.scopes.includes('read')) return false
  if (row.owner !== undefined && row.owner !== null && row.owner === actor.userId) return true
  return (row.groups ?? []).some((group) => groupsOf(actor).includes(group))
}

function seesAll(actor: Actor): boolean {
  return actor.role === 'administrator'
}

function groupsOf(actor: Actor): string[] {
  return actor.role === null ? [...actor.groups] : [everyone, ...actor.groups]
}

/** The audience of an event about a row: whoever may see the row, now or ever; administrators always. */
export function audienceFor(row: {
  owner?: string | null
  groups?: readonly string[]
  /** Everybody of this role and above. */
  role?: Role
}): Audience {
  const audience = ['role:administrator']
  if (row.owner) audience.push(`user:${row.owner}`)
  for (const group of row.groups ?? []) audience.push(group === everyone ? everyone : `group:${group}`)
  if (row.role) audience.push(`role:${row.role}`)
  return audience
}

/** What an actor listens as: an event reaches it when the two sets meet. Empty for whoever may not read. */
export function audienceOf(actor: Actor): Audience {
  if (actor.role === null || !actor.scopes.includes('read')) return []
  const audience: string[] = [everyone]
  for (const role of ['viewer', 'member', 'operator', 'administrator'] as const) {
    if (isAtLeast(actor.role, role)) audience.push(`role:${role}`)
  }
  for (const group of actor.groups) audience.push(`group:${group}`)
  if (actor.userId !== null) audience.push(`user:${actor.userId}`)
  return audience
}
