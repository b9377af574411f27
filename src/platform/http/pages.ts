import type { Context } from 'hono'
import { z } from 'zod'
import { Problem } from '#problem.ts'

/** Query parameters of every list. */
export function pageQuery(limits: { default?: number; max?: number } = {}) {
  const { default: fallback = 50, max = 500 } = limits
  return z.object({
    cursor: z.string().max(1000).optional().describe('`next` of the page before; absent: the first page'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(max)
      .default(fallback)
      .describe(`Rows per page, at most ${max}`),
  })
}

/** `{ items, next }`: the answer of every list. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().describe('Cursor of the next page; null on the last one'),
  })
}

/** The sort key of the last row, opaque to clients. Rights are checked in the query, so a cursor needs no signature. */
export function encodeCursor(key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** @throws Problem `request.invalid` when the text is not a cursor of that shape. */
export function decodeCursor<T extends z.ZodType>(cursor: string, key: T): z.output<T> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    value = undefined
  }
  const parsed = key.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Problem(
    'request.invalid',
    'The cursor is not one of this list; take `next` of the page before, or leave it out for the first page.',
    { errors: [{ path: 'query.cursor', message: 'not a cursor of this list', rule: 'custom' }] },
  )
}

/**
 * One page from rows that were asked for with `limit + 1`: the surplus row only says that there is more. Sets the
 * `Link` header (RFC 8288).
 */
export function pageOf<Row, Item>(
  c: Context,
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => readonly (string | number | null)[],
): { items: Item[]; next: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null
  const url = new URL(c.req.url)
  const links = []
  if (next !== null) {
    url.searchParams.set('cursor', next)
    links.push(`<${url.pathname}${url.search}>; rel="next"`)
  }
  url.searchParams.delete('cursor')
  links.push(`<${url.pathname}${url.search}>; rel="first"`)
  c.header('Link', links.join(', '))
  return { items: shown.map(toItem), next }
}
