import { Problem } from '#problem.ts'
import { publicOrigin } from '#platform/http/address.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import { anonymous } from './actor.ts'
import type { Actor } from './actor.ts'
import { audit } from './audit.ts'
import {
  deleteSetupLinks,
  insertInvitation,
  insertSetupLink,
  lockInvitation,
  lockSetupLink,
  markInvitationUsed,
  voidInvitations,
} from './invitation-store.ts'
import type { InvitationRow } from './invitation-store.ts'
import { hashOf, randomText } from './keys.ts'
import type { Join, NewInvitation, OneTimeLink, Setup } from './person.ts'
import { anyoneExists, deleteSessions, lockAdministrators, putPassword } from './person-store.ts'
import type { PersonRow } from './person-store.ts'
import { requireRole } from './rights.ts'
import { addPerson, getPerson, hashPassword, tell } from './service.ts'
import type { PeoplePlatform } from './service.ts'

/** How people come in: the link of the first start, links by which people join or set a password. */

const dayMs = 86_400_000

/**
 * Address of a page with a secret. It stands after `#`, which browsers keep to themselves: it is in no log of a server
 * or proxy and in no Referer.
 */
function linkTo(platform: Pick<Platform, 'config'>, page: string, token: string): string {
  const origin = publicOrigin(platform.config)
  return `${origin.replace(/\/$/, '')}/${page}#token=${token}`
}

/**
 * The one-time link that makes the first administrator, new at each call; null once an account exists. Links printed
 * before stay good until then.
 */
export async function setupLink(platform: Pick<Platform, 'config' | 'db'>): Promise<string | null> {
  const token = randomText(32)
  const made = await platform.db.transaction().execute(async (tx) => {
    await lockAdministrators(tx)
    if (await anyoneExists(tx)) return false
    await insertSetupLink(tx, hashOf(token))
    return true
  })
  return made ? linkTo(platform, 'setup', token) : null
}

/** Makes the first administrator. Two who race for it are put in order, and the second finds the link used. */
export async function completeSetup(
  platform: PeoplePlatform,
  input: Setup,
  from: string | null,
): Promise<PersonRow> {
  const hash = await hashPassword(input.password)
  return platform.db.transaction().execute(async (tx) => {
    await lockAdministrators(tx)
    const good = await lockSetupLink(tx, hashOf(input.token))
    if (!good || (await anyoneExists(tx))) throw linkRefused('urania people link')
    const id = await addPerson(tx, {
      name: input.name,
      email: input.email,
      role: 'administrator',
      groups: [],
      emailVerified: false,
      passwordHash: hash,
    })
    await deleteSetupLinks(tx)
    const actor: Actor = { ...anonymous(from), name: `${input.name} by the link of the first start` }
    await audit(tx, actor, 'people.set_up', { kind: 'person', id }, null, {
      name: input.name,
      email: input.email,
      role: 'administrator',
    })
    await tell(platform, tx, 'people.person_made', id)
    return getPerson(tx, id)
  })
}

function linkRefused(remedy: string): Problem {
  return new Problem(
    'access.forbidden',
    `This link is not good: it was used, has expired, or was cut short when it was copied. A new one: ${remedy}.`,
  )
}

/** A one-time link by which somebody makes an account of the given role. */
export async function invite(
  platform: PeoplePlatform,
  actor: Actor,
  input: NewInvitation,
): Promise<OneTimeLink> {
  requireRole(actor, 'administrator', 'inviting somebody')
  return platform.db
    .transaction()
    .execute((tx) => makeLink(platform, tx, actor, { ...input, personId: null }))
}

/** A one-time link by which a person sets a password; earlier ones of that person become void. */
export async function passwordLink(
  platform: PeoplePlatform,
  actor: Actor,
  person: PersonRow,
): Promise<OneTimeLink> {
  requireRole(actor, 'administrator', 'making a link for somebody')
  if (person.disabled_at) {
    throw new Problem('request.conflict', `The account of ${person.name} is disabled; enable it first.`)
  }
  return platform.db.transaction().execute(async (tx) => {
    await voidInvitations(tx, { personId: person.id })
    return makeLink(platform, tx, actor, {
      role: person.role,
      groups: [],
      note: '',
      days: 3,
      personId: person.id,
    })
  })
}

async function makeLink(
  platform: PeoplePlatform,
  tx: Db,
  actor: Actor,
  link: NewInvitation & { personId: string | null },
): Promise<OneTimeLink> {
  const token = randomText(32)
  const id = randomText(16)
  const expiresAt = new Date(Date.now() + link.days * dayMs)
  await insertInvitation(tx, {
    id,
    hash: hashOf(token),
    person_id: link.personId,
    role: link.role,
    groups: [...link.groups],
    note: link.note,
    created_by: actor.userId,
    expires_at: expiresAt,
  })
  await audit(tx, actor, 'people.link_made', { kind: 'invitation', id }, null, {
    role: link.role,
    groups: link.groups,
    personId: link.personId,
    note: link.note,
    expiresAt,
  })
  return { url: linkTo(platform, 'join', token), token, expiresAt: expiresAt.toISOString() }
}

/** Takes a link back before it is used. */
export async function withdrawInvitation(platform: PeoplePlatform, actor: Actor, id: string): Promise<void> {
  requireRole(actor, 'administrator', 'withdrawing a link')
  await platform.db.transaction().execute(async (tx) => {
    if ((await voidInvitations(tx, { id })) === 0) {
      throw new Problem('resource.not_found', `There is no unused link "${id}".`)
    }
    await audit(tx, actor, 'people.link_withdrawn', { kind: 'invitation', id }, null, null)
  })
}

/** Uses a link: makes an account, or sets the password of the person it is for and ends that person's sessions. */
export async function join(platform: PeoplePlatform, input: Join, from: string | null): Promise<PersonRow> {
  const hash = await hashPassword(input.password)
  return platform.db.transaction().execute(async (tx) => {
    const link = await lockInvitation(tx, hashOf(input.token))
    if (!link) throw linkRefused('ask an administrator')
    const person = link.person_id
      ? await setPassword(tx, link.person_id, hash)
      : await enter(tx, link, input, hash)
    await markInvitationUsed(tx, link.id, person.id)
    const actor: Actor = { ...anonymous(from), kind: 'person', userId: person.id, name: person.name }
    const action = link.person_id ? 'people.password_set_by_link' : 'people.joined'
    await audit(tx, actor, action, { kind: 'person', id: person.id }, null, {
      link: link.id,
      role: person.role,
    })
    await tell(platform, tx, 'people.person_changed', person.id)
    return person
  })
}

async function setPassword(tx: Db, personId: string, hash: string): Promise<PersonRow> {
  const person = await getPerson(tx, personId)
  if (person.disabled_at) throw linkRefused('ask an administrator')
  await putPassword(tx, person.id, hash, randomText(32))
  await deleteSessions(tx, person.id)
  return person
}

async function enter(tx: Db, link: InvitationRow, input: Join, hash: string): Promise<PersonRow> {
  const missing = input.name === undefined ? 'name' : 'email'
  if (input.name === undefined || input.email === undefined) {
    throw new Problem('request.invalid', `This link makes a new account: give your ${missing}.`, {
      errors: [{ path: `body.${missing}`, message: 'needed', rule: 'custom' }],
    })
  }
  const id = await addPerson(tx, {
    name: input.name,
    email: input.email,
    role: link.role,
    groups: link.groups,
    emailVerified: false,
    passwordHash: hash,
  })
  return getPerson(tx, id)
}
