import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf, close, createFaults, failBefore, listen, type Fault, type Faults } from './faults.ts'

/** Files on loopback by WebDAV (RFC 4918), as ownCloud serves them, with basic authentication. */
export interface WebdavServer {
  /** Address of the user's folder. */
  readonly url: string
  readonly user: string
  readonly password: string
  /** Files by path below the user's folder, decoded; folders end in `/`. */
  readonly files: ReadonlyMap<string, { bytes: Buffer; mediaType: string }>
  /** `PUT a/b` …, as they came. */
  readonly requests: string[]
  readonly refusals: string[]
  readonly faults: Faults
  /** Every path and length that could be seen at some moment. */
  readonly seen: ReadonlySet<string>
  /** Puts a file there as a person would. */
  place(path: string, text: string): void
  stop(): Promise<void>
}

interface Entry {
  folder: boolean
  bytes: Buffer
  etag: string
  mediaType: string
  modified: Date
}

/**
 * @param options.moves false: MOVE is answered 405.
 * @param options.log hears each request: `cloud: PUT a/b`.
 */
export async function startWebdavServer(
  options: { moves?: boolean; log?: (line: string) => void } = {},
): Promise<WebdavServer> {
  const user = 'grandma'
  const password = 'app pass:wörd'
  const prefix = `/remote.php/dav/files/${user}`
  const entries = new Map<string, Entry>([
    ['', { folder: true, bytes: Buffer.alloc(0), etag: '"root"', mediaType: '', modified: new Date() }],
  ])
  const requests: string[] = []
  const refusals: string[] = []
  const seen = new Set<string>()
  const faults = createFaults()
  let count = 0

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      if (!(error instanceof Error && error.message === 'aborted')) refusals.push(String(error))
      response.destroy()
    })
  })
  const port = await listen(server)
  const root = `http://127.0.0.1:${port}`

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? ''
    const path = pathOf(request.url ?? '')
    if (path !== null) {
      requests.push(`${method} ${path}`)
      options.log?.(`cloud: ${method} ${path}`)
    }
    const fault = faults.take(`${method} ${path}`)
    if (failBefore(fault, request, response)) return
    const basic = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`
    if (request.headers.authorization !== basic) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="cloud"' }).end()
      return
    }
    if (path === null) return answer(response, fault, [404])
    const given = await answerTo(method, path, request)
    answer(response, fault, given)
  }

  function answer(response: ServerResponse, fault: Fault | null, [status, headers = {}, body]: Answer): void {
    if (fault === 'drop') response.destroy()
    else response.writeHead(status, headers).end(body)
  }

  type Answer = [status: number, headers?: Record<string, string>, body?: string | Buffer]

  async function answerTo(method: string, path: string, request: IncomingMessage): Promise<Answer> {
    const there = entries.get(path)
    switch (method) {
      case 'PROPFIND':
        return propfind(path, request, await bodyOf(request))
      case 'HEAD':
      case 'GET':
        if (!there) return [404]
        return there.folder ? [405] : content(there, request)
      case 'MKCOL':
        if (there) return [405]
        if (!entries.get(parentOf(path))?.folder) return [409]
        put(path, Buffer.alloc(0), '', true)
        return [201]
      case 'PUT':
        return receive(path, request)
      case 'MOVE':
        return move(path, request)
      case 'DELETE':
        if (!there) return [404]
        for (const each of entries.keys())
          if (each === path || each.startsWith(`${path}/`)) entries.delete(each)
        return [204]
      default:
        return [405]
    }
  }

  function content({ etag, mediaType, bytes }: Entry, request: IncomingMessage): Answer {
    const headers = { etag, 'content-type': mediaType }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (!range) return [200, headers, bytes]
    const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1)
    return part.length === 0 ? [416] : [206, headers, part]
  }

  function put(path: string, bytes: Buffer, mediaType: string, folder = false): string {
    const etag = `"e${++count}"`
    entries.set(path, { folder, bytes, mediaType, etag, modified: new Date() })
    seen.add(`${path}:${bytes.length}`)
    return etag
  }

  async function receive(path: string, request: IncomingMessage): Promise<Answer> {
    const there = entries.get(path)
    if (!entries.get(parentOf(path))?.folder) return [409]
    if (there?.folder) return [405]
    const { 'if-none-match': none, 'if-match': match, 'content-type': mediaType = '' } = request.headers
    if ((none === '*' && there) || (match !== undefined && match !== there?.etag)) {
      await bodyOf(request)
      return [412]
    }
    // As simple servers do: what has come so far can be seen.
    const chunks: Buffer[] = []
    for await (const chunk of request) {
      chunks.push(chunk as Buffer)
      put(path, Buffer.concat(chunks), mediaType)
    }
    const bytes = Buffer.concat(chunks)
    if (request.headers['content-length'] !== String(bytes.length))
      refusals.push('no or wrong Content-Length')
    return [there ? 204 : 201, { etag: put(path, bytes, mediaType) }]
  }

  function move(path: string, request: IncomingMessage): Answer {
    if (options.moves === false) return [405]
    const there = entries.get(path)
    const destination = URL.parse(String(request.headers.destination))
    const target = destination && pathOf(destination.pathname)
    if (destination?.host !== request.headers.host || target === null) {
      refusals.push(`Destination ${String(request.headers.destination)}`)
      return [502]
    }
    if (!there || there.folder) return [404]
    if (!entries.get(parentOf(target))?.folder) return [409]
    const occupied = entries.get(target)
    if (occupied && request.headers.overwrite === 'F') return [412]
    const condition = request.headers.if
    if (condition !== undefined) {
      const [, address = '', etag = ''] = /^<([^>]+)> \(\[("[^"]*")\]\)$/.exec(String(condition)) ?? []
      if (pathOf(URL.parse(address)?.pathname ?? '') !== target || occupied?.etag !== etag) return [412]
    }
    entries.delete(path)
    put(target, there.bytes, there.mediaType)
    return [occupied ? 204 : 201]
  }

  function propfind(path: string, request: IncomingMessage, body: Buffer): Answer {
    const depth = request.headers.depth
    if (depth !== '0' && depth !== '1') return [403]
    if (!/<(\w+:)?propfind[\s>]/.test(body.toString('utf8'))) return [400]
    if (!entries.has(path)) return [404]
    const below = path === '' ? '' : `${path}/`
    const paths = [...entries.keys()].filter(
      (each) =>
        each === path ||
        (depth === '1' && each !== '' && each.startsWith(below) && !each.slice(below.length).includes('/')),
    )
    const one = (each: string) => {
      const { folder, etag, bytes, modified } = entries.get(each) as Entry
      const href = `${prefix}/${each.split('/').map(encodeURIComponent).join('/')}${folder ? '/' : ''}`
      const size = folder ? '' : `<d:getcontentlength>${bytes.length}</d:getcontentlength>`
      const missing = folder
        ? '<d:propstat><d:prop><d:getcontentlength/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>'
        : ''
      return `<d:response><d:href>${href}</d:href><d:propstat><d:prop><d:resourcetype>${folder ? '<d:collection/>' : ''}</d:resourcetype><d:getetag>${etag.replaceAll('"', '&quot;')}</d:getetag>${size}<d:getlastmodified>${modified.toUTCString()}</d:getlastmodified></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>${missing}</d:response>`
    }
    const xml = `<?xml version="1.0"?>\n<d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns">${paths.map(one).join('')}</d:multistatus>`
    return [207, { 'content-type': 'application/xml; charset=utf-8' }, xml]
  }

  /** Below the user's folder; null outside of it. */
  function pathOf(address: string): string | null {
    let raw = address.split('?')[0]
    if (raw !== prefix && !raw.startsWith(`${prefix}/`)) return null
    raw = raw.slice(prefix.length).replace(/^\/|\/$/g, '')
    const parts = raw === '' ? [] : raw.split('/').map(decodeURIComponent)
    if (parts.some((part) => part === '' || part === '.' || part === '..' || /[/\\\0]/.test(part))) {
      refusals.push(`path ${raw}`)
      return null
    }
    return parts.join('/')
  }

  return {
    url: root + prefix,
    user,
    password,
    get files() {
      return new Map([...entries].map(([path, entry]) => [entry.folder ? `${path}/` : path, entry]))
    },
    requests,
    refusals,
    seen,
    faults,
    place: (path, text) => void put(path, Buffer.from(text), 'text/plain'),
    stop: () => close(server),
  }
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}
