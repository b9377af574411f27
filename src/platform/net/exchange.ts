import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { pipeline } from 'node:stream'
import type { Readable, Transform } from 'node:stream'
import zlib from 'node:zlib'
import { Problem, isProblem } from '#problem.ts'
import { publicLookup, shownUrl } from './hosts.ts'

export interface Agents {
  'http:': http.Agent
  'https:': https.Agent
}

export interface Exchange {
  url: URL
  method: string
  headers: Record<string, string>
  body: Uint8Array | string | (() => Readable) | undefined
  maxBytes: number
  untrusted: boolean
  agents: Agents
  signal: AbortSignal
}

export interface Answer {
  status: number
  headers: Headers
  bytes: Uint8Array<ArrayBuffer>
}

/** One request and its whole answer, decompressed. Failures are Problems `net.unreachable`, `net.too_large`, or the signal's reason. */
export async function exchange(order: Exchange): Promise<Answer> {
  const { url, signal, maxBytes } = order
  try {
    const response = await send(order)
    try {
      const length = Number(response.headers['content-length'])
      if (length > maxBytes) throw tooLarge(url, maxBytes)
      return {
        status: response.statusCode ?? 0,
        headers: headersOf(response),
        bytes: await readAll(decoded(response), url, maxBytes),
      }
    } finally {
      response.destroy()
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (isProblem(error)) throw error
    // With several addresses Node gives all their failures; a refusal of ours may be among them.
    const errors = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
    const refusal = errors.find((each) => isProblem(each))
    if (refusal) throw refusal
    const [first] = errors
    const why =
      first instanceof Error ? ('code' in first && String(first.code)) || first.message : String(first)
    throw new Problem(
      'net.unreachable',
      `${url.host} cannot be reached: ${why}.`,
      { url: shownUrl(url), why },
      error,
    )
  }
}

function send(order: Exchange): Promise<http.IncomingMessage> {
  const { url, method, headers, body, untrusted, agents, signal } = order
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions & { lookup?: LookupFunction } = {
      method,
      headers,
      signal,
      agent: agents[url.protocol as keyof Agents],
      ...(untrusted ? { lookup: publicLookup } : {}),
    }
    const request = (url.protocol === 'https:' ? https : http).request(url, options, resolve)
    request.on('error', reject)
    if (typeof body === 'function') {
      const source = body()
      source.on('error', (error) => request.destroy(error))
      // A server may answer, and close, before all is sent.
      request.on('close', () => source.destroy())
      source.pipe(request)
    } else request.end(body)
  })
}

function decoded(response: http.IncomingMessage): Readable {
  const decoders: Record<string, (() => Transform) | undefined> = {
    gzip: () => zlib.createGunzip(),
    'x-gzip': () => zlib.createGunzip(),
    deflate: () => zlib.createInflate(),
    br: () => zlib.createBrotliDecompress(),
    zstd: () => zlib.createZstdDecompress(),
  }
  const decoder = decoders[(response.headers['content-encoding'] ?? '').toLowerCase()]
  // Errors come out of the last stream, whose reader handles them.
  return decoder && response.statusCode !== 304 ? pipeline(response, decoder(), () => {}) : response
}

async function readAll(stream: Readable, url: URL, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > maxBytes) throw tooLarge(url, maxBytes)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

function headersOf(response: http.IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(response.headersDistinct))
    for (const value of values) headers.append(name, value)
  return headers
}

function tooLarge(url: URL, limit: number): Problem {
  return new Problem('net.too_large', `${shownUrl(url)} is larger than the ${limit} bytes allowed for it.`, {
    url: shownUrl(url),
    limit,
  })
}
