import { createHash } from 'node:crypto'
import { Problem } from '#problem.ts'
import type { Net, NetOptions, NetResponse } from './net.ts'

export interface S3Settings {
  /** `https://s3.eu-west-1.amazonaws.com`, `https://minio.example.org`. */
  endpoint: string
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  /** For each exchange, default 30,000. */
  timeoutMs?: number
}

export interface S3Object {
  key: string
  byteLength: number
  /** With its quotes. */
  etag: string
}

/**
 * Objects in one bucket of S3 or of a server that speaks like it (MinIO, Ceph), addressed by path, signed with
 * Signature Version 4 over the hash of the body. Failures are Problems of `Net`.
 */
export interface S3 {
  head(key: string, signal?: AbortSignal): Promise<S3Object | null>
  /** `storage.missing` where there is none. */
  get(key: string, signal?: AbortSignal, maxBytes?: number): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Appears whole or not at all.
   * @returns its ETag; null when the condition did not hold: it is there already (`absent`), or its ETag is another.
   */
  put(key: string, bytes: Uint8Array, options?: PutOptions, signal?: AbortSignal): Promise<string | null>
  remove(key: string, signal?: AbortSignal): Promise<void>
  /** Every object whose key begins so, in order of keys. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<S3Object>
}

interface PutOptions {
  mediaType?: string
  only?: 'absent' | { etag: string }
}

export function createS3(net: Net, settings: S3Settings): S3 {
  const { bucket, region, accessKeyId, secretAccessKey, timeoutMs } = settings
  const root = `${settings.endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`

  async function send(path: string, options: NetOptions): Promise<NetResponse> {
    const { AwsV4Signer } = await import('aws4fetch')
    const { method = 'GET', body = '' } = options
    const signed = await new AwsV4Signer({
      method,
      url: root + path,
      headers: {
        ...options.headers,
        'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      },
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
      // On all of them, so that a condition cannot be taken off on the way.
      allHeaders: true,
    }).sign()
    const answer = await net.fetch(signed.url.href, {
      timeoutMs,
      ...options,
      // What is repeated would carry an old time; whoever calls repeats with a new signature.
      retries: 0,
      headers: { ...Object.fromEntries(signed.headers), 'accept-encoding': 'identity' },
    })
    return answer
  }

  const pathOf = (key: string) => `/${key.split('/').map(encoded).join('/')}`

  return {
    async head(key, signal) {
      const answer = await send(pathOf(key), { method: 'HEAD', accept: [404], maxBytes: Infinity, signal })
      if (answer.status === 404) return null
      return {
        key,
        byteLength: Number(answer.headers.get('content-length')),
        etag: answer.headers.get('etag') ?? '',
      }
    },
    async get(key, signal, maxBytes) {
      const answer = await send(pathOf(key), { accept: [404], signal, maxBytes })
      if (answer.status === 404)
        throw new Problem('storage.missing', `There is no ${key} in the bucket ${bucket}.`, { key })
      return answer.bytes
    },
    async put(key, bytes, options = {}, signal) {
      const answer = await send(pathOf(key), {
        method: 'PUT',
        body: bytes,
        headers: {
          'content-type': options.mediaType ?? 'application/octet-stream',
          ...(options.only === 'absent' ? { 'if-none-match': '*' } : {}),
          ...(typeof options.only === 'object' ? { 'if-match': options.only.etag } : {}),
        },
        accept: [412],
        signal,
      })
      return answer.status === 412 ? null : (answer.headers.get('etag') ?? '')
    },
    async remove(key, signal) {
      await send(pathOf(key), { method: 'DELETE', accept: [404], signal })
    },
    async *list(prefix, signal) {
      const { XMLParser } = await import('fast-xml-parser')
      const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Contents' })
      for (let token: string | undefined = ''; token !== undefined;) {
        const more: string = token === '' ? '' : `&continuation-token=${encoded(token)}`
        const answer = await send(`?list-type=2${more}&prefix=${encoded(prefix)}`, { signal })
        const { ListBucketResult: page } = parser.parse(answer.text()) as ListAnswer
        for (const { Key, Size, ETag } of page.Contents ?? [])
          yield { key: Key, byteLength: Number(Size), etag: ETag }
        const next = page.IsTruncated === 'true' ? page.NextContinuationToken : undefined
        if (next !== undefined && next === token)
          throw new Problem(
            'net.status',
            `${new URL(root).host} lists the same page of ${bucket} again and again.`,
            { prefix },
          )
        token = next
      }
    },
  }
}

interface ListAnswer {
  ListBucketResult: {
    Contents?: { Key: string; Size: string; ETag: string }[]
    IsTruncated?: string
    NextContinuationToken?: string
  }
}

/** RFC 3986, as the signature wants it. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
