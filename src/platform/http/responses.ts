import { z } from '@hono/zod-openapi'

/** Problem document as the OpenAPI document describes it. */
const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable name of what is wrong: compare this'),
    detail: z.string().describe('One sentence that names the offender and the remedy'),
    instance: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string(), rule: z.string() }))
      .optional()
      .describe('Every offending value of a request, by path'),
  })
  .openapi('Problem')

/** What a status of a problem means. */
export const problemMeanings = {
  400: 'The request could not be read',
  401: 'Not signed in, or the token is not valid any more',
  403: 'Not allowed, or no account exists yet',
  404: 'There is no such thing, or it is not yours to see',
  409: 'It is not in a state that allows this',
  412: 'It has changed since it was read',
  413: 'The body is too large',
  415: 'The body is of a type that is not read here',
  416: 'The range lies outside',
  422: 'A value is not acceptable',
  429: 'Too many requests; see Retry-After',
  502: 'A server that was asked did not answer as it should',
  503: 'Not available now; see Retry-After',
  504: 'A server that was asked did not answer in time',
} as const

export type ProblemStatus = keyof typeof problemMeanings

/** Error responses for `createRoute`: `responses: { 200: json(Event, 'The event'), ...problems(404, 409) }`. 401, 403 and 422 are always among them. */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const all = [401, 403, 422, ...statuses] as (S | 401 | 403 | 422)[]
  const entry = (status: ProblemStatus) => ({
    description: problemMeanings[status],
    content: { 'application/problem+json': { schema: problemSchema } },
  })
  return Object.fromEntries(all.map((status) => [status, entry(status)])) as Record<
    S | 401 | 403 | 422,
    ReturnType<typeof entry>
  >
}

/** A JSON answer for `createRoute`. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** A required JSON body for `createRoute`. */
export function jsonBody<T extends z.ZodType>(schema: T, description?: string) {
  return { required: true, description, content: { 'application/json': { schema } } }
}

/** An answer of bytes for `createRoute`: `bytesOf('application/fits', 'The map')`. */
export function bytesOf<T extends string>(contentType: T, description: string) {
  const schema = z.string().openapi({ type: 'string', format: 'binary' })
  return { description, content: { [contentType]: { schema } } as Record<T, { schema: typeof schema }> }
}
