import { Problem } from '#problem.ts'
import { parseAngle, parseDeclination } from '#science/sky/angles.ts'
import { columnNamed, type Table } from '#science/table/table.ts'
import { readVotable } from '#science/table/votable.ts'
import { ask, type Asking } from './asking.ts'
import type { Cone, Mover } from './sources.ts'

/** The service answers for no wider cone. */
const mostRadiusDeg = 10

/**
 * Minor planets, comets and planets in a cone at a time, from SkyBoT (Berthier et al. 2006), seen from the geocentre.
 * @throws Problem `net.*`; `catalogue.invalid` with what SkyBoT said instead
 */
export async function skybot(
  asking: Asking,
  url: string,
  { ra, dec, radiusDeg }: Cone,
  mjd: number,
  signal: AbortSignal,
): Promise<Mover[]> {
  if (radiusDeg > mostRadiusDeg)
    throw new Problem(
      'catalogue.invalid',
      `SkyBoT answers for cones of ${mostRadiusDeg}° at most, and the frame's is ${radiusDeg.toFixed(1)}°; crop the frame.`,
    )
  const query = new URLSearchParams({
    '-ep': (mjd + 2_400_000.5).toFixed(6),
    '-ra': ra.toFixed(6),
    '-dec': dec.toFixed(6),
    '-rd': radiusDeg.toFixed(5),
    '-mime': 'votable',
    '-output': 'all',
    '-loc': '500',
    '-filter': '120',
    '-objFilter': '111',
    '-refsys': 'EQJ2000',
    '-from': 'urania',
  })
  const bytes = await ask(asking, 'movers', `${url}?${query.toString()}`, {
    signal,
    check: (answer) => void tableIn(answer),
  })
  const table = tableIn(bytes)
  return table ? moversOf(table) : []
}

/** Null where SkyBoT says that nothing is there. Its tags carry a prefix (`vot:TABLE`). */
function tableIn(bytes: Uint8Array): Table | null {
  const text = new TextDecoder().decode(bytes)
  if (/No solar system object/i.test(text)) return null
  const failed = /QUERY_STATUS"\s+value="ERROR"[^>]*>([^<]*)/i.exec(text)
  if (!failed && /<(?:\w+:)?TABLE[\s>]/.test(text)) return readVotable(bytes)
  const said = (failed?.[1] ?? text)
    .replaceAll(/<[^>]*>?/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  throw new Problem(
    'catalogue.invalid',
    `SkyBoT did not answer with a table${said === '' ? '' : ` ("${said.slice(0, 150)}")`}.`,
  )
}

function moversOf(table: Table): Mover[] {
  const column = (...names: string[]) => {
    const found = names.flatMap(
      (name) => table.columns.find((each) => each.name.toLowerCase() === name) ?? [],
    )[0]
    return found && columnNamed(table, found.name).values
  }
  const [names, ras, decs] = [column('name'), column('_raj2000', 'ra'), column('_decj2000', 'dec', 'de')]
  const [mags, errors] = [column('mv', 'magv', 'vmag'), column('errpos', 'err', 'ceu')]
  if (!ras || !decs)
    throw new Problem('catalogue.invalid', 'The table of SkyBoT has no positions; its form has changed.')
  return Array.from({ length: table.rows }, (_, i): Mover => {
    const [a, d] = [ras[i]!, decs[i]!]
    return {
      name: names ? String(names[i]).trim() : '?',
      ra: typeof a === 'string' ? parseAngle(a, 'hours') : Number(a),
      dec: typeof d === 'string' ? parseDeclination(d) : Number(d),
      mag: finite(mags?.[i]),
      errorArcsec: finite(errors?.[i]),
    }
  })
}

function finite(value: unknown): number | null {
  const number = Number(value ?? Number.NaN)
  return Number.isFinite(number) ? number : null
}
