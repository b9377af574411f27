import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from './actor.ts'
import { audit } from './audit.ts'
import {
  deleteGroup,
  existingGroups,
  findGroup,
  findGroupNamed,
  insertGroup,
  putMemberships,
  updateGroup,
} from './group-store.ts'
import type { GroupRow } from './group-store.ts'
import { voidInvitations } from './invitation-store.ts'
import { randomText } from './keys.ts'
import type { NewGroup, NewPerson, PersonChange } from './person.ts'
import {
  deleteSessions,
  findPerson,
  findPersonNamed,
  insertPerson,
  listSessions,
  lockAdministrators,
  otherAdministrators,
  putPassword,
  updatePerson,
} from './person-store.ts'
import type { PersonRow, SessionRow } from './person-store.ts'
import { audienceFor, requirePerson, requireRole } from './rights.ts'
import { revokeTokens } from './token-store.ts'

export type PeoplePlatform = Pick<Platform, 'config' | 'db' | 'events'>

/** Says in the event table that something about a person changed: to that person and to administrators. */
export async function tell(platform: PeoplePlatform, tx: Db, kind: string, personId: string): Promise<void> {
  await platform.events.append(tx, {
    kind,
    subject: { kind: 'person', id: personId },
    audience: audienceFor({ owner: personId }),
  })
}

/** @throws Problem `resource.not_found` */
export async function getPerson(db: Db, idOrEmail: string): Promise<PersonRow> {
  const person = await findPersonNamed(db, idOrEmail)
  if (person) return person
  throw new Problem('resource.not_found', `There is no person "${idOrEmail}"; see the list of people.`)
}

/**
 * A person as an actor may see one: by id; by e-mail address for administrators alone, or addresses could be guessed.
 * @throws Problem `resource.not_found`
 */
export async function seePerson(db: Db, actor: Actor, id: string): Promise<PersonRow> {
  requireRole(actor, 'viewer', 'seeing people')
  if (actor.role === 'administrator') return getPerson(db, id)
  const person = await findPerson(db, id)
  if (person) return person
  throw new Problem('resource.not_found', `There is no person "${id}"; see the list of people.`)
}

/** Makes an account. An administrator vouches for the address, so a sign-in provider that proves it finds the account. */
export async function createPerson(
  platform: PeoplePlatform,
  actor: Actor,
  input: NewPerson,
): Promise<PersonRow> {
  requireRole(actor, 'administrator', 'making an account')
  const hash = input.password === undefined ? null : await hashPassword(input.password)
  return platform.db.transaction().execute(async (tx) => {
    const id = await addPerson(tx, { ...input, emailVerified: true, passwordHash: hash })
    const person = await getPerson(tx, id)
    await audit(tx, actor, 'people.person_made', { kind: 'person', id }, null, state(person))
    await tell(platform, tx, 'people.person_made', id)
    return person
  })
}

/** Inserts a person with groups and, when there is one, a password. The caller has checked the right and audits. */
export async function addPerson(
  tx: Db,
  input: {
    name: string
    email: string
    role: PersonRow['role']
    groups: readonly string[]
    emailVerified: boolean
    passwordHash: string | null
  },
): Promise<string> {
  const id = randomText(16)
  if (await findPersonNamed(tx, input.email)) {
    throw new Problem('request.conflict', `There is an account with the address ${input.email} already.`)
  }
  await requireGroups(tx, input.groups)
  await insertPerson(tx, { id, ...input })
  await putMemberships(tx, id, input.groups, 'person')
  if (input.passwordHash !== null) await putPassword(tx, id, input.passwordHash, randomText(32))
  return id
}

/**
 * Changes name, role, groups, or whether the account is disabled. A person may change the own name; everything else is
 * for administrators. Disabling ends sessions, tokens and links at once; nothing that the person did is lost.
 */
export async function changePerson(
  platform: PeoplePlatform,
  actor: Actor,
  id: string,
  change: PersonChange,
): Promise<PersonRow> {
  const ownName = actor.kind === 'person' && actor.userId === id && Object.keys(change).join() === 'name'
  if (!ownName) requireRole(actor, 'administrator', 'changing an account')
  return platform.db.transaction().execute(async (tx) => {
    await lockAdministrators(tx)
    const before = await getPerson(tx, id)
    const losesRole = change.role !== undefined && change.role !== 'administrator'
    if (before.role === 'administrator' && !before.disabled_at && (losesRole || change.disabled)) {
      await requireAnotherAdministrator(tx, before)
    }
    if (change.groups !== undefined) {
      await requireGroups(tx, change.groups)
      await putMemberships(tx, before.id, change.groups, 'person')
    }
    const disabledAt = change.disabled === undefined ? undefined : change.disabled ? new Date() : null
    await updatePerson(tx, before.id, {
      ...(change.name !== undefined && { name: change.name }),
      ...(change.role !== undefined && { role: change.role, role_by: 'person' }),
      ...(disabledAt !== undefined && { disabled_at: disabledAt }),
    })
    if (change.disabled) {
      await deleteSessions(tx, before.id)
      await revokeTokens(tx, { personId: before.id })
      await voidInvitations(tx, { personId: before.id })
    }
    const after = await getPerson(tx, before.id)
    const subject = { kind: 'person', id: before.id }
    await audit(tx, actor, 'people.person_changed', subject, state(before), state(after))
    await tell(platform, tx, 'people.person_changed', before.id)
    return after
  })
}

async function requireAnotherAdministrator(tx: Db, person: PersonRow): Promise<void> {
  if ((await otherAdministrators(tx, person.id)) > 0) return
  throw new Problem(
    'access.last_administrator',
    `${person.name} is the last administrator; make somebody else administrator first.`,
  )
}

async function requireGroups(tx: Db, ids: readonly string[]): Promise<void> {
  const known = await existingGroups(tx, ids)
  const unknown = ids.find((id) => !known.has(id))
  if (unknown !== undefined) {
    throw new Problem(
      'request.invalid',
      `There is no group "${unknown}"; take ids from the list of groups.`,
      {
        errors: [{ path: 'body.groups', message: `no group ${unknown}`, rule: 'custom' }],
      },
    )
  }
}

function state(person: PersonRow): Record<string, unknown> {
  return {
    name: person.name,
    email: person.email,
    role: person.role,
    groups: person.groups.map((group) => group.name),
    disabledAt: person.disabled_at,
  }
}

/** scrypt, as better-auth checks it. Loaded when needed: the command line starts without it. */
export async function hashPassword(password: string): Promise<string> {
  const crypto = await import('better-auth/crypto')
  return crypto.hashPassword(password)
}

/** @throws Problem `resource.not_found` for a group that is not the actor's to see. */
export async function getGroup(db: Db, actor: Actor, id: string): Promise<GroupRow> {
  const group = await findGroup(db, id)
  if (group && (actor.role === 'administrator' || actor.groups.includes(id))) return group
  throw new Problem('resource.not_found', `There is no group "${id}" among yours.`)
}

export async function createGroup(
  platform: PeoplePlatform,
  actor: Actor,
  input: NewGroup,
): Promise<GroupRow> {
  requireRole(actor, 'administrator', 'making a group')
  return platform.db.transaction().execute(async (tx) => {
    await requireFreeName(tx, input.name)
    const id = randomText(12)
    await insertGroup(tx, { id, ...input })
    await audit(tx, actor, 'people.group_made', { kind: 'group', id }, null, input)
    return getGroup(tx, actor, id)
  })
}

export async function changeGroup(
  platform: PeoplePlatform,
  actor: Actor,
  id: string,
  input: NewGroup,
): Promise<GroupRow> {
  requireRole(actor, 'administrator', 'changing a group')
  return platform.db.transaction().execute(async (tx) => {
    const before = await getGroup(tx, actor, id)
    if (before.name.toLowerCase() !== input.name.toLowerCase()) await requireFreeName(tx, input.name)
    await updateGroup(tx, id, input)
    const was = { name: before.name, description: before.description }
    await audit(tx, actor, 'people.group_changed', { kind: 'group', id }, was, input)
    return getGroup(tx, actor, id)
  })
}

/** Rows that name the group keep its id, which then means nobody: they do not become visible to anyone else. */
export async function removeGroup(platform: PeoplePlatform, actor: Actor, id: string): Promise<void> {
  requireRole(actor, 'administrator', 'removing a group')
  await platform.db.transaction().execute(async (tx) => {
    const before = await getGroup(tx, actor, id)
    await deleteGroup(tx, id)
    const was = { name: before.name, description: before.description, members: before.members }
    await audit(tx, actor, 'people.group_removed', { kind: 'group', id }, was, null)
  })
}

async function requireFreeName(tx: Db, name: string): Promise<void> {
  if (await findGroupNamed(tx, name)) {
    throw new Problem('request.conflict', `There is a group "${name}" already; take another name.`)
  }
}

export async function sessionsOf(db: Db, actor: Actor): Promise<SessionRow[]> {
  requirePerson(actor, 'looking at sessions')
  return listSessions(db, actor.userId)
}

/** Ends one session of the actor, or all but the current one. Returns how many. */
export async function endSessions(
  platform: PeoplePlatform,
  actor: Actor,
  which: { only: string } | { except: string | null },
): Promise<number> {
  requirePerson(actor, 'ending sessions')
  const { userId } = actor
  return platform.db.transaction().execute(async (tx) => {
    const ended = await deleteSessions(
      tx,
      userId,
      'only' in which ? { only: which.only } : which.except === null ? {} : { except: which.except },
    )
    if (ended === 0 && 'only' in which) {
      throw new Problem(
        'resource.not_found',
        'There is no such session among yours; it may have ended already.',
      )
    }
    await audit(tx, actor, 'people.sessions_ended', { kind: 'person', id: userId }, { sessions: ended }, null)
    return ended
  })
}

/** Somebody by id, for the page; undefined when the actor is nobody. */
export async function personOf(db: Db, actor: Actor): Promise<PersonRow | undefined> {
  return actor.userId === null ? undefined : findPerson(db, actor.userId)
}
