import { isProblem, Problem } from '#problem.ts'
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
  let read: Table | undefined
  const bytes = await ask(asking, 'stars', `${url}?${query.toString()}`, {
    signal,
    check: (answer) => {
      read = tableIn(answer, source)
    },
  })
  return read ?? tableIn(bytes, source)
}

/** The table of an answer; without rows where it is a document without a table. @throws Problem `catalogue.invalid` */
function tableIn(bytes: Uint8Array, source: string): Table {
  const text = (part: Uint8Array): string => new TextDecoder().decode(part)
  const [start, end] = [text(bytes.subarray(0, 4_000)), text(bytes.subarray(-2_000))]
  const invalid = (sentence: string): Problem => new Problem('catalogue.invalid', sentence)
  if (!/<VOTABLE/i.test(start)) {
    const said = start
      .replaceAll(/<[^>]*>?/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim()
      .slice(0, 200)
    throw invalid(
      `VizieR did not answer with a table for ${source}${said === '' ? '' : ` ("${said}")`}; try again later.`,
    )
  }
  const error = /<INFO[^>]*(?:ID="Errors?"|name="QUERY_STATUS"[^>]*value="ERROR")[^>]*>([^<]*)/i.exec(start)
  if (error)
    throw invalid(`VizieR refused the question to ${source}: ${(error[1] ?? '').trim().slice(0, 200)}`)
  if (/<INFO[^>]*value="OVERFLOW"|truncated result/i.test(start + end))
    throw invalid(
      `${source} has more than ${mostRows.toLocaleString('en-US')} rows in this field, and VizieR gives no more; set a brighter cat_limit, or import the catalogue.`,
    )
  if (!/<\/VOTABLE>\s*$/i.test(end))
    throw invalid(`VizieR's answer for ${source} ends in the middle; try again later.`)
  // A cone without stars is a document without a table.
  if (!/<TABLE[\s>]/i.test(text(bytes.subarray(0, 100_000)))) return { rows: 0, columns: [] }
  try {
    return readVotable(bytes)
  } catch (reason) {
    if (!isProblem(reason)) throw reason
    throw invalid(`VizieR's table for ${source} cannot be read (${reason.message}); try again later.`)
  }
}
