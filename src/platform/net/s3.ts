import { createHash } from 'node:crypto'
import { Problem } from '#problem.ts'
import type { Net, NetOptions, NetResponse } from './net.ts'
import { partOf } from './part.ts'

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
  /** To the second, by the server's clock. */
  modified: Date
}

/**
 * Objects in one bucket of S3 or of a server that speaks like it (MinIO, Ceph), addressed by path, signed with
 * Signature Version 4 over the hash of the body. Failures are Problems of `Net`.
 */
export interface S3 {
  head(key: string, signal?: AbortSignal): Promise<S3Object | null>
  /** `storage.missing` where there is none. */
  get(key: string, signal?: AbortSignal, maxBytes?: number): Promise<Uint8Array<ArrayBuffer>>
  /** Bytes from `start` to `end`, which lie in the object; null where there is none. */
  slice(
    key: string,
    start: number,
    end: number,
    options?: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<Uint8Array<ArrayBuffer> | null>
  /** An upload in parts, one after another; appears whole or not at all. All parts but the last have 5 MiB at least. */
  putParts(
    key: string,
    parts: () => AsyncIterable<Uint8Array>,
    options?: { mediaType?: string; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<void>
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
  /** For this upload, instead of that of the settings. */
  timeoutMs?: number
  only?: 'absent' | { etag: string }
}

export function createS3(net: Net, settings: S3Settings): S3 {
  const { bucket, region, accessKeyId, secretAccessKey, timeoutMs } = settings
  const root = `${settings.endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`

  async function send(
    path: string,
    options: NetOptions & { body?: Uint8Array | string },
  ): Promise<NetResponse> {
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
        modified: new Date(answer.headers.get('last-modified') ?? 0),
      }
    },
    async slice(key, start, end, options = {}) {
      const answer = await send(pathOf(key), {
        headers: { range: `bytes=${start}-${end - 1}` },
        accept: [404],
        maxBytes: Infinity,
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
        signal: options.signal,
      })
      if (answer.status === 404) return null
      return partOf(answer, start, end)
    },
    async putParts(key, parts, { mediaType = 'application/octet-stream', timeoutMs, signal } = {}) {
      const { XMLParser } = await import('fast-xml-parser')
      const path = pathOf(key)
      const patience = timeoutMs === undefined ? {} : { timeoutMs }
      const begun = await send(`${path}?uploads=`, {
        method: 'POST',
        headers: { 'content-type': mediaType },
        signal,
      })
      const parser = new XMLParser({ parseTagValue: false })
      const { InitiateMultipartUploadResult: upload } = parser.parse(begun.text()) as {
        InitiateMultipartUploadResult?: { UploadId?: string }
      }
      const id = upload?.UploadId
      if (!id) throw refusedUpload(root, bucket)
      try {
        const done: string[] = []
        let number = 0
        for await (const part of parts()) {
          number++
          const answer = await send(`${path}?partNumber=${number}&uploadId=${encoded(id)}`, {
            method: 'PUT',
            body: part,
            signal,
            ...patience,
          })
          const etag = (answer.headers.get('etag') ?? '').replaceAll('"', '&quot;')
          done.push(`<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
        }
        const ended = await send(`${path}?uploadId=${encoded(id)}`, {
          method: 'POST',
          headers: { 'content-type': 'application/xml' },
          body: `<CompleteMultipartUpload>${done.join('')}</CompleteMultipartUpload>`,
          signal,
          ...patience,
        })
        // A failure while the parts are joined comes with status 200 and an error as content.
        if (!/<CompleteMultipartUploadResult[\s>]/.test(ended.text())) throw refusedUpload(root, bucket)
      } catch (error) {
        await send(`${path}?uploadId=${encoded(id)}`, { method: 'DELETE', accept: [404] }).catch(() => {})
        throw error
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
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
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
        for (const { Key, Size, ETag, LastModified } of page.Contents ?? [])
          yield { key: Key, byteLength: Number(Size), etag: ETag, modified: new Date(LastModified ?? 0) }
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

function refusedUpload(root: string, bucket: string): Problem {
  return new Problem('net.status', `${new URL(root).host} did not take an upload in parts to ${bucket}.`, {
    bucket,
  })
}

interface ListAnswer {
  ListBucketResult: {
    Contents?: { Key: string; Size: string; ETag: string; LastModified?: string }[]
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
