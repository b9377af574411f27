import { OpenAPIHono } from '@hono/zod-openapi'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { Problem } from '#problem.ts'
import type { BodyLimit } from './body.ts'
import { problemResponse } from './problem-response.ts'

/**
 * What a handler finds in `c.var`. Storeys above add theirs by augmentation, as with the tables of the database:
 * `declare module '#platform/http/router.ts' { interface RequestVariables { actor: Actor } }`.
 */
export interface RequestVariables {
  /** In the `X-Request-Id` header, in every log line and in every problem document. */
  requestId: string
  log: Logger
  /** Address of the client, proxies that are trusted taken into account; null where there is no socket. */
  clientAddress: string | null
  /** Origin under which the client sees this server: `https://urania.example.org`. */
  origin: string
  bodyLimit: BodyLimit
}

export interface ServerEnv {
  Variables: RequestVariables
  /** As the Node adapter gives them; absent in `app.request` unless a test says who calls. */
  /** What the server adds: the connection, and whether all of the body has come. */
  Bindings: { incoming?: { socket: { remoteAddress?: string }; complete?: boolean } }
}

export type Router = OpenAPIHono<ServerEnv>

/**
 * The router of a room. Routes are declared with `createRoute` of `@hono/zod-openapi`; input that does not fit its
 * schema is answered by a `request.invalid` problem which lists every offending path.
 */
export function createRouter(): Router {
  return new OpenAPIHono<ServerEnv>({
    defaultHook: (result, c) =>
      result.success ? undefined : problemResponse(c, invalidInput(result.target, result.error)),
  })
}

/** Where a value of a request came from, as people say it. */
const places: Record<string, string> = { json: 'body', form: 'body', param: 'path', query: 'query' }

/** `request.invalid` with one entry per offending path: `{ path: 'query.limit', message, rule }`. */
function invalidInput(target: string, error: Pick<z.ZodError, 'issues'>): Problem {
  const place = places[target] ?? target
  const errors = error.issues.map((issue) => ({
    path: [place, ...issue.path.map(String)].join('.'),
    message: issue.message,
    rule: issue.code ?? 'custom',
  }))
  const first = errors[0]
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new Problem(
    'request.invalid',
    `The request does not fit at ${first?.path ?? place}: ${first?.message ?? 'not accepted'}${more}; correct it and send it again.`,
    { errors },
  )
}
