import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf, close, createFaults, failBefore, listen, type Faults } from './faults.ts'

/** One bucket on loopback that speaks S3 by path and verifies Signature Version 4 by itself. */
export interface S3Server {
  readonly url: string
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly objects: ReadonlyMap<string, { bytes: Buffer; mediaType: string }>
  /** Uploads in parts that were begun and neither ended nor given up. */
  readonly uploads: ReadonlyMap<string, unknown>
  readonly requests: string[]
  readonly refusals: string[]
  readonly faults: Faults
  /** Puts an object there as a person would. */
  place(key: string, text: string): void
  stop(): Promise<void>
}

/**
 * @param options.conditions false: requests with If-Match or If-None-Match are answered 501.
 * @param options.pageSize most keys in one listing.
 * @param options.leastPart fewest bytes of a part of an upload that is not the last; default 5 MiB.
 */
export async function startS3Server(
  options: { conditions?: boolean; pageSize?: number; leastPart?: number } = {},
): Promise<S3Server> {
  const bucket = 'grandma'
  const region = 'eu-west-3'
  const accessKeyId = 'AKIDURANIA'
  const secretAccessKey = randomBytes(20).toString('base64')
  const objects = new Map<string, { bytes: Buffer; mediaType: string; etag: string; modified: Date }>()
  const uploads = new Map<string, { key: string; parts: Map<number, Buffer> }>()
  const requests: string[] = []
  const refusals: string[] = []
  const faults = createFaults()

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      refusals.push(String(error))
      response.writeHead(500).end()
    })
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? ''
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
    const key = decodeURIComponent(url.pathname).slice(`/${bucket}/`.length)
    requests.push(`${method} ${key}`)
    const fault = faults.take(`${method} ${key}`)
    if (failBefore(fault, request, response)) return
    const body = await bodyOf(request)
    const wrong = signatureFault(request, url, body)
    const [status, headers, content] = wrong
      ? errorAnswer(403, wrong)
      : decodeURIComponent(url.pathname).split('/')[1] === bucket
        ? answerTo(method, key, url, request, body)
        : errorAnswer(404, 'NoSuchBucket')
    if (wrong) refusals.push(wrong)
    if (fault === 'drop') request.socket.destroy()
    else response.writeHead(status, headers).end(method === 'HEAD' ? undefined : content)
  }

  type Answer = [status: number, headers: Record<string, string>, content?: string | Buffer]

  function errorAnswer(status: number, code: string): Answer {
    const content = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`
    return [status, { 'content-type': 'application/xml' }, content]
  }

  function answerTo(method: string, key: string, url: URL, request: IncomingMessage, body: Buffer): Answer {
    const there = objects.get(key)
    const { 'if-none-match': none, 'if-match': match } = request.headers
    if (options.conditions === false && (none ?? match) !== undefined)
      return errorAnswer(501, 'NotImplemented')
    const id = url.searchParams.get('uploadId')
    if (method === 'POST') return id === null ? beginUpload(key) : endUpload(key, id, body)
    if (id !== null) {
      const upload = uploads.get(id)
      if (upload?.key !== key) return errorAnswer(404, 'NoSuchUpload')
      if (method === 'DELETE') return uploads.delete(id) ? [204, {}] : [404, {}]
      upload.parts.set(Number(url.searchParams.get('partNumber')), body)
      return [200, { etag: etagOf(body) }]
    }
    if (key === '') return method === 'GET' ? listing(url.searchParams) : errorAnswer(405, 'MethodNotAllowed')
    if (method === 'PUT') {
      if ((none === '*' && there) || (match !== undefined && match !== there?.etag))
        return errorAnswer(412, 'PreconditionFailed')
      return [200, { etag: put(key, body, request.headers['content-type'] ?? '') }]
    }
    if (method === 'DELETE') {
      objects.delete(key)
      return [204, {}]
    }
    if (!there) return errorAnswer(404, 'NoSuchKey')
    const headers = {
      etag: there.etag,
      'content-type': there.mediaType,
      'content-length': String(there.bytes.length),
      'last-modified': there.modified.toUTCString(),
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (!range) return [200, headers, there.bytes]
    const part = there.bytes.subarray(Number(range[1]), Number(range[2]) + 1)
    if (part.length === 0) return errorAnswer(416, 'InvalidRange')
    return [206, { ...headers, 'content-length': String(part.length) }, part]
  }

  function etagOf(bytes: Buffer): string {
    return `"${createHash('md5').update(bytes).digest('hex')}"`
  }

  function put(key: string, bytes: Buffer, mediaType: string): string {
    const etag = etagOf(bytes)
    objects.set(key, { bytes, mediaType, etag, modified: new Date() })
    return etag
  }

  function beginUpload(key: string): Answer {
    const id = randomBytes(9).toString('base64')
    uploads.set(id, { key, parts: new Map() })
    return [
      200,
      { 'content-type': 'application/xml' },
      `<InitiateMultipartUploadResult><Key>x</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    ]
  }

  /** Joins the parts that the request names, in its order, if they are those that came. */
  function endUpload(key: string, id: string, body: Buffer): Answer {
    const upload = uploads.get(id)
    if (upload?.key !== key) return errorAnswer(404, 'NoSuchUpload')
    const named = [
      ...body
        .toString('utf8')
        .matchAll(/<Part><PartNumber>(\d+)<\/PartNumber><ETag>&quot;([0-9a-f]+)&quot;<\/ETag><\/Part>/g),
    ]
    const parts = named.map(([, number]) => upload.parts.get(Number(number)))
    if (parts.some((part, n) => !part || etagOf(part) !== `"${named[n][2]}"`))
      return errorAnswer(400, 'InvalidPart')
    if (parts.slice(0, -1).some((part) => (part?.length ?? 0) < (options.leastPart ?? 5 * 2 ** 20)))
      return errorAnswer(400, 'EntityTooSmall')
    uploads.delete(id)
    put(key, Buffer.concat(parts as Buffer[]), '')
    return [
      200,
      { 'content-type': 'application/xml' },
      '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>',
    ]
  }

  function listing(query: URLSearchParams): Answer {
    if (query.get('list-type') !== '2') return errorAnswer(400, 'InvalidArgument')
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString('utf8')
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
      .toSorted((a, b) => (a < b ? -1 : 1))
    const page = keys.slice(0, options.pageSize ?? 1000)
    const more = keys.length > page.length
    const contents = page.map((key) => {
      const { bytes, etag } = objects.get(key) ?? { bytes: Buffer.alloc(0), etag: '' }
      return `<Contents><Key>${key.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</Key><Size>${bytes.length}</Size><ETag>${etag.replaceAll('"', '&quot;')}</ETag></Contents>`
    })
    const next = more
      ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? '').toString('base64')}</NextContinuationToken>`
      : ''
    const xml = `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`
    return [200, { 'content-type': 'application/xml' }, xml]
  }

  /** Signature Version 4, computed from the request as it arrived; the error code, or null. */
  function signatureFault(request: IncomingMessage, url: URL, body: Buffer): string | null {
    const given =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
        request.headers.authorization ?? '',
      )
    if (!given) return 'AccessDenied'
    const [, id, day, signedRegion, names, signature] = given
    if (id !== accessKeyId) return 'InvalidAccessKeyId'
    const header = (name: string) => String(request.headers[name] ?? '')
    const time = header('x-amz-date')
    const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? []
    const at = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s))
    if (!(Math.abs(at - Date.now()) < 900_000)) return 'RequestTimeTooSkewed'
    if (signedRegion !== region || !time.startsWith(day)) return 'AuthorizationHeaderMalformed'
    const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
    if (header('x-amz-content-sha256') !== sha256(body)) return 'XAmzContentSHA256Mismatch'
    const signed = names.split(';')
    for (const needed of ['host', 'x-amz-date', 'x-amz-content-sha256'])
      if (!signed.includes(needed)) return 'AccessDenied'
    const strict = (text: string) =>
      encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    const canonical = [
      request.method,
      url.pathname
        .split('/')
        .map((part) => strict(decodeURIComponent(part)))
        .join('/'),
      [...url.searchParams]
        .map(([name, value]) => `${strict(name)}=${strict(value)}`)
        .toSorted()
        .join('&'),
      ...signed.map((name) => `${name}:${header(name).trim().replace(/ +/g, ' ')}`),
      '',
      names,
      header('x-amz-content-sha256'),
    ].join('\n')
    const toSign = ['AWS4-HMAC-SHA256', time, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join(
      '\n',
    )
    let key: string | Buffer = `AWS4${secretAccessKey}`
    for (const part of [day, region, 's3', 'aws4_request'])
      key = createHmac('sha256', key).update(part).digest()
    return createHmac('sha256', key).update(toSign).digest('hex') === signature
      ? null
      : 'SignatureDoesNotMatch'
  }

  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    bucket,
    region,
    accessKeyId,
    secretAccessKey,
    objects,
    uploads,
    requests,
    refusals,
    faults,
    place: (key, text) => void put(key, Buffer.from(text), 'text/plain'),
    stop: () => close(server),
  }
}
