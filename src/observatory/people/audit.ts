import type { Db } from '#platform/db/database.ts'
import type { Actor } from './actor.ts'
import { insertAudit } from './audit-store.ts'

/** Most that is kept of one state, in characters of JSON. */
const maxState = 16_000
const secretKey = /pass(word|phrase)|secret|token$|credential|private_?key|cookie|authorization|api_?key/i
const secretText = /\bura_[A-Za-z0-9]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(Bearer|Basic) [\w+/=.-]{12,}/g

/**
 * Writes one line into the append-only audit log, in the transaction of what it tells about: both happen or neither.
 * Values under names like `password` or `token`, and texts that look like a token, are left out.
 * @param before what it was; null when it did not exist
 * @param after what it became; null when it is gone
 */
export async function audit(
  tx: Db,
  actor: Actor,
  action: string,
  subject: { kind: string; id: string },
  before: unknown,
  after: unknown,
): Promise<void> {
  await insertAudit(tx, {
    actor_kind: actor.kind,
    actor_id: actor.userId,
    actor_name: actor.name,
    token_id: actor.tokenId ?? null,
    address: actor.from,
    action,
    subject_kind: subject.kind,
    subject_id: subject.id,
    before: stateText(before),
    after: stateText(after),
  })
}

function stateText(state: unknown): string | null {
  if (state === null || state === undefined) return null
  const text = JSON.stringify(withoutSecrets(state))
  if (text.length <= maxState) return text
  return JSON.stringify({ tooLong: `${text.length} characters`, begins: text.slice(0, 1000) })
}

/** A copy in which secrets are replaced by `[secret]`. */
function withoutSecrets(value: unknown, key = ''): unknown {
  if (secretKey.test(key) && value !== null && typeof value !== 'boolean') return '[secret]'
  if (typeof value === 'string') return value.replace(secretText, '[secret]')
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item, name)]))
  }
  return value
}
