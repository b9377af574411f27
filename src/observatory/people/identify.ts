import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import { anonymous, scopesOf } from './actor.ts'
import type { Actor } from './actor.ts'
import type { Auth } from './auth.ts'
import { looksLikeToken } from './keys.ts'
import { standingOf } from './person-store.ts'
import { actorOfToken } from './token-service.ts'

/** Who asks, and by which session. */
export interface Identity {
  actor: Actor
  sessionId: string | null
  /** Cookies to send back when the session was prolonged. */
  setCookies: string[]
}

/** The token in an Authorization header: Bearer, or Basic with the token as user or as password. */
function tokenIn(header: string | undefined): string | undefined {
  const [scheme, rest = ''] = (header ?? '').trim().split(/\s+/, 2)
  if (/^bearer$/i.test(scheme)) return rest
  if (!/^basic$/i.test(scheme)) return undefined
  const pair = Buffer.from(rest, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  const [user, password] = colon < 0 ? [pair, ''] : [pair.slice(0, colon), pair.slice(colon + 1)]
  return [user, password].find(looksLikeToken) ?? (password || user)
}

/** True when an address carries a token, which logs and histories would keep. */
export function tokenInAddress(url: string): boolean {
  return /ura_[0-9A-Za-z]{42}/.test(decodeLoosely(url))
}

function decodeLoosely(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/**
 * Who sent a request: by token when there is an Authorization header (then cookies do not count), else by session.
 * @throws Problem `access.unauthenticated` when the header proves nothing
 */
export async function identify(
  db: Db,
  auth: Pick<Auth, 'sessionOf'>,
  headers: Headers,
  from: string | null,
): Promise<Identity> {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const token = tokenIn(authorization)
    if (token === undefined) {
      throw new Problem(
        'access.unauthenticated',
        'The Authorization header is neither Bearer nor Basic; send "Authorization: Bearer ura_…".',
      )
    }
    return { actor: await actorOfToken(db, token, from), sessionId: null, setCookies: [] }
  }
  const nobody: Identity = { actor: anonymous(from), sessionId: null, setCookies: [] }
  if (!headers.get('cookie')?.includes('urania.session_token=')) return nobody
  const session = await auth.sessionOf(headers)
  const person = session && (await standingOf(db, session.userId))
  if (!session || !person || person.disabled_at) return nobody
  return {
    actor: {
      kind: 'person',
      userId: person.id,
      name: person.name,
      role: person.role,
      groups: person.groups,
      scopes: scopesOf(person.role),
      from,
    },
    sessionId: session.sessionId,
    setCookies: session.setCookies,
  }
}
