/** Parts of the sky that a catalogue is asked for: as ranges of pixels to read, and as an exact condition of SQL. */
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { coneRanges, coneRangesForIndex, zoneRanges } from '#science/sky/cover.ts'
import { allSky, degrade, type Ranges } from '#science/sky/ranges.ts'
import { radiansPerDegree } from '#science/sky/vectors.ts'
import { hpxColumn } from './catalogue.ts'

export type Region =
  | { readonly shape: 'cone'; readonly ra: number; readonly dec: number; readonly radiusDeg: number }
  /** East from `raMin` to `raMax`, over RA 0 where `raMax` is smaller. */
  | {
      readonly shape: 'box'
      readonly raMin: number
      readonly raMax: number
      readonly decMin: number
      readonly decMax: number
    }
  | { readonly shape: 'moc'; readonly ranges: Ranges }
  | { readonly shape: 'all' }

/** Ranges that one condition of SQL names; others are joined. */
const mostRanges = 24

const finite = (text: string): number[] =>
  text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))

export const ConeText = z.string().max(200).describe('RA, Dec, radius in degrees: `197.45,-23.38,0.5`')
export const BoxText = z
  .string()
  .max(200)
  .describe(
    'RA from, RA to, Dec from, Dec to in degrees; over RA 0 where the second is smaller: `350,10,-5,5`',
  )

/** @throws Problem catalogue.invalid */
export function coneOf(text: string): Region {
  const [ra, dec, radiusDeg, ...more] = finite(text)
  if (
    more.length > 0 ||
    !Number.isFinite(ra) ||
    !(dec! >= -90 && dec! <= 90) ||
    !(radiusDeg! >= 0 && radiusDeg! <= 180)
  )
    throw new Problem(
      'catalogue.invalid',
      `A cone is RA, Dec and radius in degrees, as 197.45,-23.38,0.5, and not "${text}".`,
    )
  return { shape: 'cone', ra: ra!, dec: dec!, radiusDeg: radiusDeg! }
}

/** @throws Problem catalogue.invalid */
export function boxOf(text: string): Region {
  const [raMin, raMax, decMin, decMax, ...more] = finite(text)
  const good = more.length === 0 && [raMin, raMax].every((ra) => ra! >= 0 && ra! <= 360)
  if (!good || !(decMin! >= -90 && decMax! <= 90 && decMin! <= decMax!))
    throw new Problem(
      'catalogue.invalid',
      `A box is RA from, RA to (0 to 360), Dec from, Dec to in degrees, as 350,10,-5,5, and not "${text}".`,
    )
  return { shape: 'box', raMin: raMin!, raMax: raMax!, decMin: decMin!, decMax: decMax! }
}

/** What holds the region, coarse enough to be cheap: which files are read. */
export function rangesOf(region: Region): Ranges {
  switch (region.shape) {
    case 'all':
      return allSky()
    case 'moc':
      return region.ranges
    case 'cone':
      // One beyond 90° takes whole faces, which the index function would cut in vain.
      if (region.radiusDeg > 60) return coneRanges(region.ra, region.dec, region.radiusDeg, { order: 3 })
      return coneRangesForIndex(
        region.ra,
        region.dec,
        Math.max(region.radiusDeg * (1 + 1e-9), 1e-8),
        mostRanges,
      )
    case 'box': {
      const { raMin, raMax, decMin, decMax } = region
      const width = raMax >= raMin ? raMax - raMin : raMax + 360 - raMin
      const smaller = Math.min(width, decMax - decMin)
      const order = Math.min(10, Math.max(3, Math.ceil(Math.log2(60 / Math.max(smaller, 1e-3)))))
      return zoneRanges(
        raMin - 1e-9,
        Math.max(-90, decMin - 1e-9),
        raMin + width + 1e-9,
        Math.min(90, decMax + 1e-9),
        {
          order: smaller * 200 < Math.max(width, decMax - decMin) ? Math.min(order, 6) : order,
        },
      )
    }
  }
}

/** Fewer ranges that hold the same and more. */
function fewer(ranges: Ranges): Ranges {
  let order = 12
  let best = ranges
  while (best.length / 2 > mostRanges && order >= 0) best = degrade(ranges, order--)
  return best
}

/** Rows of the index that the region may hold: what lets the reader skip. */
export function scanSql(region: Region): string {
  if (region.shape === 'all') return 'true'
  const ranges = fewer(rangesOf(region))
  const each: string[] = []
  for (let i = 0; i < ranges.length; i += 2)
    each.push(`(${hpxColumn} >= ${ranges[i]} and ${hpxColumn} < ${ranges[i + 1]})`)
  return each.length > 0 ? `(${each.join(' or ')})` : 'false'
}

/** Whether a row lies in the region, exactly; a MOC of many ranges is joined instead, see `joinSql`. */
export function exactSql(region: Region): string {
  if (region.shape === 'cone') {
    const lat = region.dec * radiansPerDegree
    const [sin, cos] = [Math.sin(lat), Math.cos(lat)]
    // The separation of science/sky/vectors.ts, operation by operation.
    const turn = `radians(ra - ${literal(region.ra)})`
    const u = `(cos(radians(dec)) * sin(${turn}))`
    const v = `(${literal(cos)} * sin(radians(dec)) - ${literal(sin)} * cos(radians(dec)) * cos(${turn}))`
    const w = `(${literal(sin)} * sin(radians(dec)) + ${literal(cos)} * cos(radians(dec)) * cos(${turn}))`
    return `degrees(atan2(sqrt(${u} * ${u} + ${v} * ${v}), ${w})) <= ${literal(region.radiusDeg)}`
  }
  if (region.shape === 'box') {
    const { raMin, raMax, decMin, decMax } = region
    const ra =
      raMax >= raMin
        ? `ra between ${literal(raMin)} and ${literal(raMax)}`
        : `(ra >= ${literal(raMin)} or ra <= ${literal(raMax)})`
    return `(dec between ${literal(decMin)} and ${literal(decMax)} and ${ra})`
  }
  return 'true'
}

/** Joins rows of `c` to the range of a MOC that holds them; empty for other regions. */
export function joinSql(region: Region): string {
  if (region.shape !== 'moc' || region.ranges.length === 0) return ''
  const starts: string[] = []
  const ends: string[] = []
  for (let i = 0; i < region.ranges.length; i += 2) {
    starts.push(String(region.ranges[i]))
    ends.push(String(region.ranges[i + 1]))
  }
  const list = (values: string[]): string => `unnest([${values.join(',')}]::bigint[])`
  return `asof join (select ${list(starts)} as range_start, ${list(ends)} as range_end) r on c.${hpxColumn} >= r.range_start`
}

export function literal(value: number): string {
  return `${String(value)}::double`
}
