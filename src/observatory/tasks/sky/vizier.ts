import { Problem } from '#problem.ts'
import { readVotable } from '#science/table/votable.ts'
import type { Table } from '#science/table/table.ts'
import { ask, type Asking } from './asking.ts'
import type { Cone } from './sources.ts'

/** Rows at most: more of them in one frame calibrate nothing better. */
const mostRows = 500_000

/**
 * Rows of a VizieR catalogue in a cone, all columns, as VOTable.
 * @throws Problem net.*; `catalogue.invalid` with what VizieR said instead
 */
export async function vizierStars(
  asking: Asking,
  url: string,
  source: string,
  { ra, dec, radiusDeg }: Cone,
  depth: { column: string; limit: number } | null,
  signal: AbortSignal,
): Promise<Table> {
  const query = new URLSearchParams({
    '-source': source,
    '-c': `${ra.toFixed(6)} ${dec < 0 ? '' : '+'}${dec.toFixed(6)}`,
    '-c.eq': 'J2000',
    '-c.rd': radiusDeg.toFixed(5),
    '-out.max': String(mostRows),
    '-out.all': '1',
  })
  if (depth) query.set(depth.column, `<${depth.limit}`)
  const bytes = await ask(asking, 'stars', `${url}?${query.toString()}`, {
    signal,
    check: (answer) => {
      const text = new TextDecoder().decode(answer.subarray(0, 4_000))
      if (!/<VOTABLE/i.test(text))
        throw new Problem(
          'catalogue.invalid',
          `VizieR did not answer with a table for ${source}: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`,
        )
      const error = /<INFO[^>]*(?:ID="Errors?"|name="QUERY_STATUS"[^>]*value="ERROR")[^>]*>([^<]*)/i.exec(
        text,
      )
      if (error)
        throw new Problem(
          'catalogue.invalid',
          `VizieR refused the question to ${source}: ${(error[1] ?? '').trim().slice(0, 200)}`,
        )
    },
  })
  try {
    return readVotable(bytes)
  } catch (error) {
    // A cone without stars is a document without a table.
    if (/<TABLE/i.test(new TextDecoder().decode(bytes))) throw error
    return { rows: 0, columns: [] }
  }
}
