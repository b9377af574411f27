import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { Problem } from '#problem.ts'
import { fresh } from '#platform/http/etag.ts'
import type { ServerEnv } from '#platform/http/router.ts'

/** The page's own files from the folder that Vite built. */

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
}

const packings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

interface Found {
  path: string
  size: number
  etag: string
}

async function find(path: string): Promise<Found | undefined> {
  try {
    const info = await stat(path)
    if (!info.isFile()) return undefined
    return {
      path,
      size: info.size,
      etag: `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`,
    }
  } catch {
    return undefined
  }
}

/** Absolute path of a file in the folder; undefined for what would lead out of it or is hidden. */
function pathInside(folder: string, urlPath: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(urlPath)
  } catch {
    return undefined
  }
  if (decoded.includes('\0') || decoded.includes('\\') || /(^|\/)\./.test(decoded)) return undefined
  const path = resolve(folder, `.${decoded}`)
  return path.startsWith(folder + sep) ? path : undefined
}

/**
 * Answers with a file of the page, or with the page itself for its own addresses (`/events/x`). Files under `/assets/`
 * carry a hash in their name and are kept for ever by browsers.
 */
export async function sendPage(
  c: Context<ServerEnv>,
  folder: string,
  onPage: (c: Context<ServerEnv>) => Promise<void>,
): Promise<Response> {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') throw nothing(c)
  const path = pathInside(folder, c.req.path)
  const file = path && (await find(path))
  if (file) return sendFile(c, file, c.req.path.startsWith('/assets/'))
  // Names of events hold dots: /events/BUG230423.789 is a page.
  if (extname(c.req.path) !== '' && !c.req.path.startsWith('/events/')) throw nothing(c)
  await onPage(c)
  const page = await find(resolve(folder, 'index.html'))
  if (page) return sendFile(c, page, false)
  return c.text(
    'The page has not been built: run "npm run prepare" in the folder of Urania, then load this again.\n',
    503,
    { 'Cache-Control': 'no-store' },
  )
}

function nothing(c: Context): Problem {
  return new Problem('resource.not_found', `There is nothing at ${c.req.path}.`)
}

async function sendFile(c: Context, file: Found, immutable: boolean): Promise<Response> {
  const accepted = (c.req.header('accept-encoding') ?? '').split(',').map((part) => part.trim().split(';')[0])
  let sent = file
  let encoding: string | undefined
  for (const [name, suffix] of packings) {
    const packed = accepted.includes(name) ? await find(file.path + suffix) : undefined
    if (packed) {
      ;[sent, encoding] = [packed, name]
      break
    }
  }
  c.header('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  c.header('Vary', 'Accept-Encoding')
  if (fresh(c, sent.etag)) return c.body(null, 304)
  c.header('Content-Type', types[extname(file.path)] ?? 'application/octet-stream')
  c.header('Content-Length', String(sent.size))
  if (encoding) c.header('Content-Encoding', encoding)
  if (c.req.method === 'HEAD') return c.body(null)
  return c.body(Readable.toWeb(createReadStream(sent.path)) as ReadableStream<Uint8Array>)
}
