/** Every outgoing request goes through here: time-out, retry with jitter, size limit, allowed hosts, typed failure. */
export interface Net {
  fetch(url: string, options?: NetOptions): Promise<NetResponse>
}

export interface NetOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  body?: Uint8Array | string
  /** Whole exchange, default 30,000. */
  timeoutMs?: number
  /** Default 64 MiB. */
  maxBytes?: number
  /** Default 2 for GET, 0 for everything that changes state. */
  retries?: number
  signal?: AbortSignal
}

export interface NetResponse {
  status: number
  headers: Headers
  bytes: Uint8Array<ArrayBuffer>
  text(): string
  json(): unknown
}
