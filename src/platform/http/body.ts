import type { Context, MiddlewareHandler } from 'hono'
import { Problem } from '#problem.ts'
import { tooLarge } from './problem-response.ts'
import type { ServerEnv } from './router.ts'

/** How many bytes of body a request may carry, and whether it carried more. */
export interface BodyLimit {
  max: number
  exceeded: boolean
}

/** JSON bodies of ordinary routes. */
const defaultBodyBytes = 1024 * 1024

/**
 * Counts a body while it is read and breaks off past the limit, whatever Content-Length says. The limit is looked at
 * when the bytes arrive, so that a route may raise it with `readBody` before it starts to read.
 */
export function limitBody(max: number = defaultBodyBytes): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const limit: BodyLimit = { max, exceeded: false }
    c.set('bodyLimit', limit)
    const { method } = c.req
    const encoding = c.req.header('content-encoding')
    // Unpacked it may be any size, and kept as it came nobody could read it.
    if (encoding !== undefined && !/^\s*(identity)?\s*$/i.test(encoding)) {
      throw new Problem(
        'request.unsupported_type',
        `The body is sent with Content-Encoding ${JSON.stringify(encoding.slice(0, 40))}; send it plain.`,
      )
    }
    if (method !== 'GET' && method !== 'HEAD' && c.req.raw.body) {
      c.req.raw = new Request(c.req.raw, {
        body: c.req.raw.body.pipeThrough(counting(limit)),
        duplex: 'half',
      } as RequestInit)
    }
    await next()
  }
}

function counting(limit: BodyLimit): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0
  return new TransformStream({
    transform(chunk, controller) {
      seen += chunk.byteLength
      if (seen > limit.max) {
        limit.exceeded = true
        controller.error(tooLarge(limit.max))
      } else controller.enqueue(chunk)
    },
  })
}

/**
 * The raw body, whole. `maxBytes` replaces the limit of ordinary routes.
 * @throws Problem `request.too_large` as soon as more has been announced or received.
 */
export async function readBody(c: Context<ServerEnv>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of streamBody(c, maxBytes)) {
    chunks.push(chunk)
    length += chunk.byteLength
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

/** The raw body as it arrives, for storage that is written while it is received. Errors as `readBody`. */
export async function* streamBody(c: Context<ServerEnv>, maxBytes: number): AsyncGenerator<Uint8Array> {
  const limit = c.get('bodyLimit')
  limit.max = maxBytes
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) {
    limit.exceeded = true
    throw tooLarge(maxBytes)
  }
  const { body } = c.req.raw
  if (body) yield* body
}
