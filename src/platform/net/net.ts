import type { Readable } from 'node:stream'

/** Every outgoing request goes through here: time-out, retry with jitter, size limit, allowed hosts, typed failure. */
export interface Net {
  fetch(url: string, options?: NetOptions): Promise<NetResponse>
}

export interface NetOptions {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'MKCOL' | 'MOVE' | 'PROPFIND'
  headers?: Record<string, string>
  /** A function gives what is read while it is sent, anew for each attempt; say its Content-Length. */
  body?: Uint8Array | string | (() => Readable)
  /** Whole exchange with its retries, default 30,000. */
  timeoutMs?: number
  /** Default 64 MiB. */
  maxBytes?: number
  /** Default 2 for GET, HEAD and PROPFIND, 0 for everything that changes state. */
  retries?: number
  signal?: AbortSignal
  /**
   * The address came from outside (a notice, a person): private and local addresses are refused, also after a redirect
   * and whatever the name resolves to at the moment of connecting.
   */
  untrusted?: boolean
  /** When given, only these hosts: `gracedb.ligo.org`, `*.nasa.gov` (that domain and everything below it). */
  allowedHosts?: readonly string[]
  /** Statuses to be answered with besides 2xx (304, 404); others are a Problem `net.status`. */
  accept?: readonly number[]
}

export interface NetResponse {
  status: number
  /** Where it came from in the end, after redirects. */
  url: string
  headers: Headers
  bytes: Uint8Array<ArrayBuffer>
  text(): string
  json(): unknown
}
