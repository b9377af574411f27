import type { Context } from 'hono'
import { Problem } from '#problem.ts'
import type { Sha256, Storage } from '#platform/storage/storage.ts'
import { fresh, matches } from './etag.ts'

export interface ByteOptions {
  contentType: string
  /** Offered as name of the saved file. */
  filename?: string
  /** Shown in place by default; `attachment` saves it. */
  disposition?: 'inline' | 'attachment'
}

/** Half-open range of bytes. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * The one range of a Range header (RFC 9110 §14). Undefined: send the whole (no header, several ranges, other unit).
 * @throws Problem `request.range` when nothing of it exists.
 */
export function parseRange(header: string | undefined, byteLength: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [, from, to] = match
  const suffix = from === ''
  const start = suffix ? Math.max(0, byteLength - Number(to)) : Number(from)
  const end = suffix || to === '' ? byteLength : Math.min(byteLength, Number(to) + 1)
  // A last position before the first makes the header invalid, and an invalid one is ignored.
  if (!suffix && to !== '' && Number(to) < Number(from)) return undefined
  if (start >= end) {
    throw new Problem(
      'request.range',
      `The range ${header} lies outside the ${byteLength} bytes that there are; ask for one inside.`,
      { byteLength },
    )
  }
  return { start, end }
}

/** Bytes of the storage, in whole or in part, never held in memory at once. The caller has checked the right to them. */
export async function sendStored(
  c: Context,
  storage: Storage,
  sha256: Sha256,
  options: ByteOptions,
): Promise<Response> {
  const byteLength = await storage.size(sha256)
  if (byteLength === undefined) {
    throw new Problem(
      'resource.not_found',
      `The bytes ${sha256} are not in the storage of this observatory; they expired or were never fetched.`,
      { sha256 },
    )
  }
  return send(c, `"${sha256}"`, byteLength, options, ({ start, end }) =>
    end - start === byteLength
      ? readable(storage.stream(sha256))
      : readable(slices(storage, sha256, start, end)),
  )
}

/** Bytes that are read part by part as they are sent, from wherever they lie. */
export function sendSliced(
  c: Context,
  byteLength: number,
  slice: (start: number, end: number) => Promise<Uint8Array> | Uint8Array,
  etag: string,
  options: ByteOptions,
): Response {
  return send(c, etag, byteLength, options, ({ start, end }) =>
    readable(slices({ slice: async (_, from, to) => slice(from, to) }, '', start, end)),
  )
}

/** Bytes made on the spot, with the entity tag of what they were made from. */
export function sendBytes(
  c: Context,
  bytes: Uint8Array<ArrayBuffer>,
  etag: string,
  options: ByteOptions,
): Response {
  return send(c, etag, bytes.byteLength, options, ({ start, end }) => bytes.subarray(start, end))
}

function send(
  c: Context,
  etag: string,
  byteLength: number,
  options: ByteOptions,
  body: (range: ByteRange) => ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
): Response {
  if (fresh(c, etag)) return c.body(null, 304)
  const ifRange = c.req.header('if-range')
  const asked = ifRange === undefined || matches(ifRange, etag) ? c.req.header('range') : undefined
  let range: ByteRange | undefined
  try {
    range = parseRange(asked, byteLength)
  } catch (problem) {
    c.header('Content-Range', `bytes */${byteLength}`)
    throw problem
  }
  const headers: Record<string, string> = {
    ETag: etag,
    'Accept-Ranges': 'bytes',
    'Content-Type': options.contentType,
    'Content-Length': String(range ? range.end - range.start : byteLength),
    // What people uploaded is never a page of ours: an SVG or HTML among it may not run scripts.
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    'Cache-Control': 'private, no-cache',
  }
  if (range) headers['Content-Range'] = `bytes ${range.start}-${range.end - 1}/${byteLength}`
  if (options.filename) {
    headers['Content-Disposition'] = dispositionOf(options.disposition ?? 'inline', options.filename)
  }
  const status = range ? 206 : 200
  if (c.req.method === 'HEAD') return c.body(null, status, headers)
  return c.body(body(range ?? { start: 0, end: byteLength }), status, headers)
}

/** RFC 6266: a plain name for old clients and the real one in UTF-8. */
export function dispositionOf(kind: 'inline' | 'attachment', filename: string): string {
  const plain = filename.replace(/[^\w.+-]/g, '_')
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}

interface Sliceable {
  slice(sha256: Sha256, start: number, end: number): Promise<Uint8Array>
}

async function* slices(storage: Sliceable, sha256: Sha256, start: number, end: number) {
  const step = 1 << 20
  for (let at = start; at < end; at += step) yield await storage.slice(sha256, at, Math.min(end, at + step))
}

/** A body of chunks that are made as they are asked for, one ahead; whoever stops reading ends them. */
export function readable(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}
