import { Problem } from '#problem.ts'
import type { Readable } from 'node:stream'
import type { Net, NetOptions, NetResponse } from './net.ts'
import { partOf } from './part.ts'

export interface WebdavSettings {
  /** The folder that paths start in: `https://cloud.example.org/remote.php/dav/files/me`. */
  url: string
  /** Basic authentication; none when empty. */
  user?: string
  password?: string
  /** For each exchange, default 30,000. */
  timeoutMs?: number
}

export interface WebdavEntry {
  /** Last part of the address, decoded. */
  name: string
  isFolder: boolean
  byteLength: number
  /** As the server wrote it, with its quotes; empty where it gives none. */
  etag: string
  /** To the second, by the server's clock. */
  modified: Date
}

/**
 * Files on a WebDAV server (RFC 4918; ownCloud, Nextcloud, Apache). Paths are relative to the folder of the settings,
 * separated by `/`, not encoded. Failures are Problems of `Net`.
 */
export interface Webdav {
  stat(path: string, signal?: AbortSignal): Promise<WebdavEntry | null>
  /** What lies directly in the folder; null where there is none. */
  list(path: string, signal?: AbortSignal): Promise<WebdavEntry[] | null>
  /** `storage.missing` where there is none. */
  get(path: string, signal?: AbortSignal, maxBytes?: number): Promise<Uint8Array<ArrayBuffer>>
  /** Bytes from `start` to `end`, which lie in the file; null where there is none. */
  slice(
    path: string,
    start: number,
    end: number,
    options?: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<Uint8Array<ArrayBuffer> | null>
  /** @returns false when the condition did not hold: it is there already (`absent`), or its ETag is another. */
  put(path: string, bytes: Uint8Array | Flow, options?: PutOptions, signal?: AbortSignal): Promise<boolean>
  /** @returns false when something is at `to` that may not be replaced. */
  move(from: string, to: string, options: MoveOptions, signal?: AbortSignal): Promise<boolean>
  remove(path: string, signal?: AbortSignal): Promise<void>
  /** Makes the folder and those above it; one that exists is left as it is. */
  makeFolder(path: string, signal?: AbortSignal): Promise<void>
}

/** A body that is read as it is sent. */
export interface Flow {
  byteLength: number
  open: () => Readable
}

interface PutOptions {
  mediaType?: string
  /** For this upload, instead of that of the settings. */
  timeoutMs?: number
  only?: 'absent' | { etag: string }
}

interface MoveOptions {
  /** Never replace; or replace only what has this ETag. */
  only: 'absent' | { etag: string }
}

const wanted =
  '<?xml version="1.0" encoding="utf-8"?>\n<d:propfind xmlns:d="DAV:"><d:prop><d:resourcetype/><d:getetag/><d:getcontentlength/><d:getlastmodified/></d:prop></d:propfind>'

export function createWebdav(net: Net, settings: WebdavSettings): Webdav {
  const root = settings.url.replace(/\/+$/, '')
  const common: Record<string, string> = settings.user
    ? {
        authorization: `Basic ${Buffer.from(`${settings.user}:${settings.password ?? ''}`).toString('base64')}`,
      }
    : {}

  function addressOf(path: string): string {
    const parts = path.split('/').filter((part) => part !== '')
    return [root, ...parts.map(encodeURIComponent)].join('/')
  }

  function send(path: string, options: NetOptions): Promise<NetResponse> {
    return net.fetch(addressOf(path), {
      timeoutMs: settings.timeoutMs,
      ...options,
      // A server that compresses on the way gives other ETags for it.
      headers: { 'accept-encoding': 'identity', ...common, ...options.headers },
    })
  }

  async function find(path: string, depth: '0' | '1', signal?: AbortSignal): Promise<WebdavEntry[] | null> {
    const answer = await send(path, {
      method: 'PROPFIND',
      headers: { depth, 'content-type': 'application/xml; charset=utf-8' },
      body: wanted,
      accept: [404],
      signal,
    })
    return answer.status === 404 ? null : entriesOf(answer)
  }

  async function makeFolder(path: string, signal?: AbortSignal): Promise<void> {
    const parts = path.split('/').filter((part) => part !== '')
    if (parts.length === 0) return
    const parent = parts.slice(0, -1).join('/')
    // 405: it exists. 409: the one above does not.
    const accept = [405, 409]
    const first = await send(path, { method: 'MKCOL', accept, signal })
    if (first.status !== 409) return
    if (parent === '') throw noFolder(root)
    await makeFolder(parent, signal)
    await send(path, { method: 'MKCOL', accept: [405], signal })
  }

  return {
    makeFolder,
    stat: async (path, signal) => (await find(path, '0', signal))?.[0] ?? null,
    // The folder itself comes along, first as a rule, and is the one with its own address.
    async list(path, signal) {
      const own = decodeURIComponent(addressOf(path).split('/').at(-1) ?? '')
      const entries = await find(path, '1', signal)
      if (entries === null) return null
      const itself = entries.findIndex((entry) => entry.isFolder && entry.name === own)
      return entries.filter((_, i) => i !== itself)
    },
    async get(path, signal, maxBytes) {
      const answer = await send(path, { accept: [404], signal, maxBytes })
      if (answer.status === 404)
        throw new Problem('storage.missing', `There is no ${path} on ${new URL(root).host}.`, { path })
      return answer.bytes
    },
    async slice(path, start, end, { timeoutMs, signal } = {}) {
      const answer = await send(path, {
        headers: { range: `bytes=${start}-${end - 1}` },
        accept: [404],
        maxBytes: Infinity,
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
      return answer.status === 404 ? null : partOf(answer, start, end)
    },
    async put(path, bytes, options = {}, signal) {
      const answer = await send(path, {
        method: 'PUT',
        body: bytes instanceof Uint8Array ? bytes : bytes.open,
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
        headers: {
          'content-type': options.mediaType ?? 'application/octet-stream',
          'content-length': String(bytes.byteLength),
          ...(options.only === 'absent' ? { 'if-none-match': '*' } : {}),
          ...(typeof options.only === 'object' ? { 'if-match': options.only.etag } : {}),
        },
        accept: [412],
        signal,
      })
      return answer.status !== 412
    },
    async move(from, to, { only }, signal) {
      const destination = addressOf(to)
      const answer = await send(from, {
        method: 'MOVE',
        headers: {
          destination,
          overwrite: only === 'absent' ? 'F' : 'T',
          ...(only === 'absent' ? {} : { if: `<${destination}> ([${only.etag}])` }),
        },
        accept: [412],
        signal,
      })
      return answer.status !== 412
    },
    async remove(path, signal) {
      await send(path, { method: 'DELETE', accept: [404], signal })
    },
  }
}

interface Multistatus {
  multistatus: {
    response?: {
      href: string
      propstat?: {
        status?: string
        prop?: {
          resourcetype?: '' | { collection?: '' }
          getetag?: string
          getcontentlength?: string
          getlastmodified?: string
        }
      }[]
    }[]
  }
}

async function entriesOf(answer: NetResponse): Promise<WebdavEntry[]> {
  // Loaded when it is first needed: it takes longer to load than the rest of a command.
  const { XMLParser } = await import('fast-xml-parser')
  const lists = ['response', 'propstat']
  const parser = new XMLParser({
    removeNSPrefix: true,
    parseTagValue: false,
    htmlEntities: true,
    isArray: (name) => lists.includes(name),
  })
  try {
    const { multistatus } = parser.parse(answer.text()) as Multistatus
    return (multistatus.response ?? []).map(({ href, propstat = [] }) => {
      // What a server does not know of a file stands apart, with 404.
      const { prop } = propstat.find(({ status }) => status === undefined || / 200\b/.test(status)) ?? {}
      return {
        name: decodeURIComponent(href.replace(/\/+$/, '').split('/').at(-1) ?? ''),
        isFolder: typeof prop?.resourcetype === 'object' && 'collection' in prop.resourcetype,
        byteLength: Number(prop?.getcontentlength ?? 0),
        etag: prop?.getetag ?? '',
        modified: new Date(prop?.getlastmodified ?? 0),
      }
    })
  } catch (error) {
    const { host } = new URL(answer.url)
    throw new Problem(
      'net.status',
      `${host} answered PROPFIND with something else than WebDAV; give the WebDAV address of the folder.`,
      { status: answer.status },
      error,
    )
  }
}

function noFolder(root: string): Problem {
  const { host, pathname } = new URL(root)
  return new Problem(
    'storage.missing',
    `${host} has no folder ${pathname}; make it there, or correct the address.`,
    { path: pathname },
  )
}
