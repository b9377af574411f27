import { columnNamed, type Table } from '#science/table/table.ts'
import { readVotable } from '#science/table/votable.ts'
import { parseDeclination, parseRightAscension } from '#science/sky/angles.ts'
import { ask, type Asking } from './asking.ts'
import type { Cone, Mover } from './sources.ts'

/** Minor planets and comets in a cone at a time, from SkyBoT (Berthier et al. 2006), seen from the geocentre. @throws Problem net.* */
export async function skybot(
  asking: Asking,
  url: string,
  { ra, dec, radiusDeg }: Cone,
  mjd: number,
  signal: AbortSignal,
): Promise<Mover[]> {
  const query = new URLSearchParams({
    '-ep': (mjd + 2_400_000.5).toFixed(6),
    '-ra': ra.toFixed(6),
    '-dec': dec.toFixed(6),
    '-rd': Math.min(10, radiusDeg).toFixed(5),
    '-mime': 'votable',
    '-output': 'all',
    '-loc': '500',
    '-filter': '120',
    '-objFilter': '111',
    '-from': 'urania',
  })
  const bytes = await ask(asking, 'movers', `${url}?${query.toString()}`, { signal })
  const text = new TextDecoder().decode(bytes)
  if (!/<TABLE/i.test(text)) return []
  return moversOf(readVotable(bytes))
}

function moversOf(table: Table): Mover[] {
  const has = (...names: string[]): string | undefined =>
    names.find((name) => table.columns.some((column) => column.name.toLowerCase() === name.toLowerCase()))
  const column = (name: string | undefined) =>
    name === undefined
      ? undefined
      : columnNamed(table, table.columns.find((each) => each.name.toLowerCase() === name.toLowerCase())!.name)
          .values
  const [names, ras, decs, mags, errors] = [
    column(has('Name', 'name')),
    column(has('_raj2000', 'RA', 'ra')),
    column(has('_decj2000', 'DEC', 'dec')),
    column(has('Mv', 'magV', 'VMag', 'vmag')),
    column(has('Err', 'posErr', 'ceu')),
  ]
  if (!ras || !decs) return []
  return Array.from({ length: table.rows }, (_, i): Mover => {
    const [a, d] = [ras[i]!, decs[i]!]
    return {
      name: names ? String(names[i]).trim() : '?',
      ra: typeof a === 'string' ? parseRightAscension(a) : Number(a),
      dec: typeof d === 'string' ? parseDeclination(d) : Number(d),
      mag: mags ? finite(mags[i]) : null,
      errorArcsec: errors ? finite(errors[i]) : null,
    }
  })
}

function finite(value: unknown): number | null {
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}
