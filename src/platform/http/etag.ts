import { createHash } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { ServerEnv } from './router.ts'

/** Strong entity tag of facts that change whenever the answer does: version, hash, time of the last change. */
export function etagOf(...facts: readonly (string | number | Date | null)[]): string {
  const text = facts.map((fact) => (fact instanceof Date ? fact.toISOString() : String(fact))).join('\n')
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`
}

/**
 * True when the client already has what the tag names (If-None-Match). Sets `ETag`; a route that would have to
 * compute its answer asks first: `if (fresh(c, tag)) return c.body(null, 304)`.
 */
export function fresh(c: Context, etag: string): boolean {
  c.header('ETag', etag)
  return matches(c.req.header('if-none-match'), etag)
}

/** Weak comparison of RFC 9110 §13.1.2. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  return header.split(',').some((tag) => bare(tag) === bare(etag))
}

/**
 * Answers 304 to a GET whose answer the client has. A JSON answer without a tag gets one of its bytes; streams and
 * files set their own.
 */
export function conditional(): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    await next()
    if ((c.req.method !== 'GET' && c.req.method !== 'HEAD') || c.res.status !== 200) return
    let etag = c.res.headers.get('etag')
    if (!etag && c.res.headers.get('content-type')?.startsWith('application/json')) {
      const bytes = new Uint8Array(await c.res.clone().arrayBuffer())
      etag = `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`
      c.res.headers.set('ETag', etag)
    }
    if (!etag || !matches(c.req.header('if-none-match'), etag)) return
    const headers = new Headers(c.res.headers)
    headers.delete('content-length')
    headers.delete('content-type')
    await c.res.body?.cancel()
    c.res = undefined
    c.res = new Response(null, { status: 304, headers })
  }
}
