import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { isProblem, Problem } from '#problem.ts'
import type { ProblemCode } from '#problem.ts'
import type { ServerEnv } from './router.ts'

/** Problem document of RFC 9457; `code` is the stable name that programs compare. */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  code: ProblemCode
  detail: string
  instance: string
  errors?: unknown
  [fact: string]: unknown
}

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Not acceptable input',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available',
}

/** Members of the document itself, which details of a Problem must not overwrite. */
const own = new Set(['type', 'title', 'status', 'code', 'detail', 'instance'])

function problemDocument(problem: Problem, requestId: string): ProblemDocument {
  const facts = Object.entries(problem.details).filter(([key]) => !own.has(key))
  return {
    ...Object.fromEntries(facts),
    type: `urn:urania:problem:${problem.code}`,
    title: titles[problem.status] ?? 'Problem',
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    instance: `urn:urania:request:${requestId}`,
  }
}

export function problemResponse(c: Context<ServerEnv>, problem: Problem): Response {
  const id = c.get('requestId') ?? 'none'
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  }
  const { retryAfter } = problem.details
  if (typeof retryAfter === 'number') headers['Retry-After'] = String(Math.ceil(retryAfter))
  if (problem.code === 'access.unauthenticated') headers['WWW-Authenticate'] = challenge(c)
  return c.body(JSON.stringify(problemDocument(problem, id)), problem.status as ContentfulStatusCode, headers)
}

/** Basic is offered to programs only: a browser would open its own password dialogue over the page. */
function challenge(c: Context): string {
  const browser = c.req.header('sec-fetch-mode') !== undefined
  return browser ? 'Bearer realm="urania"' : 'Bearer realm="urania", Basic realm="urania", charset="UTF-8"'
}

/** The one place where something thrown becomes a response: problems as they are, anything else as a 500 with an id. */
export function errorResponse(error: unknown, c: Context<ServerEnv>): Response {
  const problem = problemOf(error, c)
  if (problem.status >= 500) {
    c.get('log')?.error({ err: error, code: problem.code, requestId: c.get('requestId') }, problem.message)
  }
  return problemResponse(c, problem)
}

function problemOf(error: unknown, c: Context<ServerEnv>): Problem {
  // The JSON reader of the router hides what went wrong while it read the body.
  if (c.get('bodyLimit')?.exceeded) return tooLarge(c.get('bodyLimit').max)
  if (isProblem(error)) return error
  if (error instanceof HTTPException) return ofHttpException(error)
  if (isUnstorableText(error)) {
    return new Problem(
      'request.invalid',
      'The request holds a character that no text can have (U+0000, or half of a surrogate pair); take it out.',
    )
  }
  // What Node says of a request whose sender went away in the middle of the body; nobody hears the answer.
  if (
    error instanceof Error &&
    error.message === 'aborted' &&
    'code' in error &&
    error.code === 'ECONNRESET'
  ) {
    return new Problem('request.malformed', 'The connection ended before the body was whole; send it again.')
  }
  // unique_violation: two asked for the same at once, and the check before the insert saw neither.
  if (databaseCode(error) === '23505') {
    c.get('log')?.warn({ err: error }, 'a unique value was given twice')
    return new Problem('request.conflict', 'Somebody made the same a moment ago; load it again.')
  }
  if (isLostDatabase(error)) {
    return new Problem(
      'database.unavailable',
      'The database is not there for a moment; send the request again.',
      { retryAfter: 1 },
      error,
    )
  }
  const id = c.get('requestId') ?? 'none'
  return new Problem(
    'internal.error',
    `Something went wrong inside the server; the log has the reason under request ${id}.`,
    { requestId: id },
  )
}

/**
 * PostgreSQL's `character_not_in_repertoire` and `untranslatable_character`, and what it says of half a surrogate pair in
 * the JSON that we write.
 */
function isUnstorableText(error: unknown): boolean {
  const code = databaseCode(error)
  if (code === '22P02') return error instanceof Error && error.message.endsWith('for type json')
  return ['22021', '22P05'].includes(code)
}

/**
 * The server ended, starts, recovers or has no room for another connection, as PostgreSQL (classes 08 and 57P, 53300),
 * the system or the driver say it.
 */
function isLostDatabase(error: unknown): boolean {
  if (/^(08...|57P0[123]|53300)$/.test(databaseCode(error))) return true
  if (!(error instanceof Error)) return false
  const system = 'syscall' in error && ['connect', 'read', 'write'].includes(String(error.syscall))
  if (system && /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE)$/.test(databaseCode(error))) return true
  return /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
    error.message,
  )
}

/** SQLSTATE of an error of the database driver. */
function databaseCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

function ofHttpException(error: HTTPException): Problem {
  if (error.status === 415) {
    return new Problem(
      'request.unsupported_type',
      'The Content-Type of the body is not one that this route reads; see the OpenAPI document for those that it does.',
    )
  }
  if (error.status === 404) return new Problem('resource.not_found', 'There is nothing at this address.')
  return new Problem(
    'request.malformed',
    `The body could not be read: ${error.message || 'it is not well formed'}; correct it and send it again.`,
  )
}

export function tooLarge(maxBytes: number): Problem {
  return new Problem(
    'request.too_large',
    `The body is larger than the ${maxBytes} bytes that this route accepts; send less.`,
    { maxBytes },
  )
}
