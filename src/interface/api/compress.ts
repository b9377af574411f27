import type { MiddlewareHandler } from 'hono'
import type { ServerEnv } from '#platform/http/router.ts'

const worthwhile = /^(application\/([\w.+-]*json|xml)|text\/(?!event-stream))/
const smallest = 1400

/** Packs JSON and text answers with gzip. Bytes that can be asked for in ranges stay as they are, and so does the stream. */
export function compress(): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    await next()
    const { headers, body, status } = c.res
    if (!body || status !== 200 || headers.has('content-encoding') || headers.has('accept-ranges')) return
    if (!worthwhile.test(headers.get('content-type') ?? '')) return
    const length = headers.get('content-length')
    if (length !== null && Number(length) < smallest) return
    headers.append('Vary', 'Accept-Encoding')
    if (!/(^|,)\s*gzip\s*(,|;(?!\s*q=0(\.0*)?\s*(,|$))|$)/.test(c.req.header('accept-encoding') ?? '')) return
    const etag = headers.get('etag')
    if (etag && !etag.startsWith('W/')) headers.set('ETag', `W/${etag}`)
    // A copy: the Node adapter's own Response does not pass on headers that were changed after it was made.
    const packed = new Headers(headers)
    packed.delete('content-length')
    packed.set('Content-Encoding', 'gzip')
    c.res = undefined
    c.res = new Response(body.pipeThrough(new CompressionStream('gzip')), { status, headers: packed })
  }
}
