import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import { delegated, scopesOf } from './actor.ts'
import type { Actor } from './actor.ts'
import { audit } from './audit.ts'
import { hashOf, looksLikeToken, newToken, randomText } from './keys.ts'
import { getPerson } from './service.ts'
import type { PeoplePlatform } from './service.ts'
import { shownToken } from './shown.ts'
import type { NewToken, TokenShownOnce } from './token.ts'
import { findToken, findTokenHolder, insertToken, revokeTokens, touchToken } from './token-store.ts'
import { requirePerson } from './rights.ts'

/**
 * Makes a token of the actor's own, or of `personId` when the local operator asks. A token can't make tokens, and none
 * gets a scope beyond its person's role.
 */
export async function createToken(
  platform: PeoplePlatform,
  actor: Actor,
  input: NewToken,
  personId?: string,
): Promise<TokenShownOnce> {
  if (actor.kind !== 'local') requirePerson(actor, 'making a token')
  const owner = actor.kind === 'local' ? personId : actor.userId
  if (owner === undefined || owner === null) {
    throw new Problem('request.invalid', 'Say whose token it is: --person E-MAIL.')
  }
  return platform.db.transaction().execute(async (tx) => {
    const person = await getPerson(tx, owner)
    const beyond = input.scopes.find((scope) => !scopesOf(person.role).includes(scope))
    if (beyond !== undefined) {
      throw new Problem(
        'access.forbidden',
        `The role ${person.role} does not reach to the scope "${beyond}"; leave it out, or ask an administrator.`,
      )
    }
    const token = newToken()
    const row = await insertToken(tx, {
      id: randomText(12),
      person_id: person.id,
      name: input.name,
      hint: token.slice(0, 8),
      hash: hashOf(token),
      scopes: [...new Set(input.scopes)],
      expires_at: new Date(Date.now() + input.days * 86_400_000),
    })
    await audit(tx, actor, 'people.token_made', { kind: 'person_token', id: row.id }, null, {
      name: row.name,
      person: person.id,
      scopes: row.scopes,
      expiresAt: row.expires_at,
    })
    return { ...shownToken(row), token }
  })
}

/** Revokes a token of one's own; administrators anybody's. A token may revoke itself. */
export async function revokeToken(platform: PeoplePlatform, actor: Actor, id: string): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const token = await findToken(tx, id)
    const mine = token !== undefined && token.person_id === actor.userId
    const allowed =
      (mine && (actor.kind === 'person' || actor.tokenId === id)) || actor.role === 'administrator'
    if (!token || !allowed) {
      throw new Problem('resource.not_found', `There is no token "${id}" that you could revoke.`)
    }
    if ((await revokeTokens(tx, { id })) === 0) return
    await audit(
      tx,
      actor,
      'people.token_revoked',
      { kind: 'person_token', id },
      { name: token.name, person: token.person_id, scopes: token.scopes },
      null,
    )
  })
}

/** Last use is written once a minute at most, so that a busy script does not write a row per request. */
const touchMs = 60_000

/**
 * The actor behind a token, with no more rights than the person has today.
 * @throws Problem `access.unauthenticated` saying what is the matter with it
 */
export async function actorOfToken(db: Db, token: string, from: string | null): Promise<Actor> {
  const holder = looksLikeToken(token) ? await findTokenHolder(db, hashOf(token)) : undefined
  if (!holder) throw refusedToken('is not known here; check that it was copied whole')
  if (holder.revoked_at) throw refusedToken('was revoked')
  if (holder.expires_at <= new Date()) throw refusedToken(`expired on ${holder.expires_at.toISOString()}`)
  if (holder.disabled_at) throw refusedToken('belongs to an account that is disabled')
  const seen = holder.last_used_at?.getTime() ?? 0
  if (seen < Date.now() - touchMs || holder.last_used_from !== from) await touchToken(db, holder.id, from)
  return {
    kind: 'token',
    userId: holder.person_id,
    name: holder.person_name,
    ...delegated(holder.role, holder.scopes),
    groups: holder.groups,
    from,
    tokenId: holder.id,
  }
}

function refusedToken(why: string): Problem {
  return new Problem(
    'access.unauthenticated',
    `The token ${why}; make a new one under Settings, Tokens, or with "urania tokens create".`,
  )
}
