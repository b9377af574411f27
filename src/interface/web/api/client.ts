/** The page's side of /api/v1: JSON in and out, problem+json as an exception, nothing else. */

/** A problem document (RFC 9457) as an exception; `status` 0 when the server did not answer at all. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  readonly code: string
  readonly title: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    code: string,
    title: string,
    detail: string,
    details: Record<string, unknown> = {},
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.title = title
    this.details = details
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>

/** `{ items, next }` of every list. */
export interface Page<T> {
  items: T[]
  next: string | null
}

/** `/api/v1` + path + query; undefined, null and empty values are left out. */
export function address(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  const text = params.toString()
  return `${path.startsWith('/api/') ? path : `/api/v1${path}`}${text ? `?${text}` : ''}`
}

/** GET as JSON. @throws ApiProblem */
export function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return request<T>(address(path, query), { signal })
}

/** POST, PATCH, PUT or DELETE with a JSON body. @throws ApiProblem */
export function send<T>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  return request<T>(address(path), {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
}

/** POST of bytes as they are: a notice dropped on the page, a file of rules. @throws ApiProblem */
export function sendBytes<T>(
  path: string,
  query: Query,
  bytes: Blob,
  type = 'application/octet-stream',
): Promise<T> {
  return request<T>(address(path, query), {
    method: 'POST',
    headers: { 'Content-Type': type },
    body: bytes,
  })
}

async function request<T>(
  url: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> },
): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, {
      credentials: 'same-origin',
      ...init,
      headers: { Accept: 'application/json', ...init.headers },
    })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ApiProblem(0, 'network.unreachable', 'No answer', 'The server did not answer; is it running?')
  }
  if (!response.ok) throw await problemOf(response)
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

async function problemOf(response: Response): Promise<ApiProblem> {
  let body: Record<string, unknown> = {}
  try {
    body = (await response.json()) as Record<string, unknown>
  } catch {
    // Not JSON: a proxy's page, or nothing. The status says enough.
  }
  const text = (key: string, fallback: string) => (typeof body[key] === 'string' ? body[key] : fallback)
  return new ApiProblem(
    response.status,
    text('code', `http.${response.status}`),
    text('title', response.statusText || 'Problem'),
    text('detail', text('message', `The server answered ${response.status} ${response.statusText}.`)),
    body,
  )
}
