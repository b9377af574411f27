import type { Db } from '#platform/db/database.ts'
import type { Actor } from './actor.ts'
import { audit } from './audit.ts'
import { findGroupNamed, insertGroup, putMemberships } from './group-store.ts'
import { randomText } from './keys.ts'
import { findPerson, lockAdministrators, otherAdministrators, updatePerson } from './person-store.ts'
import type { Claims, Granted } from './rules.ts'

/**
 * Puts into effect what the rules say at a sign-in by a provider. A role that this provider gave follows it, down to
 * viewer when no rule matches any more; one given by hand or by another provider stays. Memberships likewise.
 */
export async function applyGrant(
  tx: Db,
  actor: Actor,
  personId: string,
  claims: Claims,
  granted: Granted,
): Promise<void> {
  await lockAdministrators(tx)
  const person = await findPerson(tx, personId)
  if (!person) return
  const groupIds: string[] = []
  for (const name of granted.groups) groupIds.push(await groupNamed(tx, actor, name))
  await putMemberships(tx, personId, groupIds, claims.provider)
  if (claims.provider === 'orcid') await updatePerson(tx, personId, { orcid: claims.subject })

  const role = granted.role ?? 'viewer'
  if (person.role_by !== claims.provider || person.role === role) return
  // Whoever opened the house by a rule must not lock it for everybody by leaving a team.
  if (person.role === 'administrator' && (await otherAdministrators(tx, personId)) === 0) return
  await updatePerson(tx, personId, { role })
  const subject = { kind: 'person', id: personId }
  const after = { role, provider: claims.provider }
  await audit(tx, actor, 'people.role_changed_by_rule', subject, { role: person.role }, after)
}

async function groupNamed(tx: Db, actor: Actor, name: string): Promise<string> {
  const known = await findGroupNamed(tx, name)
  if (known) return known.id
  const group = { id: randomText(12), name, description: 'Made by a sign-in rule' }
  await insertGroup(tx, group)
  await audit(tx, actor, 'people.group_made', { kind: 'group', id: group.id }, null, group)
  return group.id
}
