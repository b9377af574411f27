import { footprintAreaDeg2 } from '#science/planning/footprint.ts'
import type { Field, Footprint } from '#science/planning/model.ts'
import { nearFields, placeFields } from '#science/planning/placement.ts'
import { centreOf } from '#science/sky/healpix.ts'
import { cellAreasSr, deg2PerSr, type SkyMap } from '#science/skymap/map.ts'
import { crossingRank, rank } from '#science/skymap/rank.ts'

/** Placing each field at its best costs seconds beyond so many; where there are more, hardly anything is gained by it. */
const placedAtMost = 40
const degrees = Math.PI / 180

/**
 * At most `count` fields for a telescope without a grid. A few are each put where they catch most; many small ones are laid
 * in rows over the densest part of the region, as much of it as so many can cover.
 */
export function freeFields(
  map: SkyMap,
  footprint: Footprint,
  { count, level, overlap }: { count: number; level: number; overlap: number },
): Field[] {
  const ranking = rank(map)
  const fieldDeg2 = footprintAreaDeg2(footprint)
  const crossing = Math.min(crossingRank(ranking, level), ranking.areaSr.length - 1)
  const regionDeg2 = ranking.areaSr[crossing]! * deg2PerSr
  if (Math.min(count, (1.6 * regionDeg2) / fieldDeg2) <= placedAtMost)
    return placeFields(map, footprint, { count: Math.min(count, placedAtMost), level })
  let last = 0
  while (last < crossing && ranking.areaSr[last]! * deg2PerSr < 1.3 * count * fieldDeg2) last++
  const laid = rowsOver(map, ranking.index.subarray(0, last + 1), footprint, overlap, 20 * count)
  return nearFields(map, footprint, laid, { level })
    .slice(0, count)
    .map((i) => laid[i]!)
}

/**
 * Fields in rows of declination that touch the given cells, each found from its cell, so that the cost is that of the
 * region and not of the sky. Named by row and place in the row.
 */
function rowsOver(
  map: SkyMap,
  chosen: Uint32Array,
  footprint: Footprint,
  overlap: number,
  most: number,
): Field[] {
  const { width, height, shifted } = pitch(footprint)
  const [rowStep, columnStep] = [height * (1 - overlap), width * (1 - overlap)]
  const fields = new Map<string, Field>()
  for (const i of chosen) {
    const order = map.order[i]!
    const [ra, dec] = centreOf(order, map.ipix[i]!)
    const reach = 0.8 * Math.sqrt(cellAreasSr[order]! * deg2PerSr)
    for (let row = Math.floor((dec - reach) / rowStep); row <= Math.ceil((dec + reach) / rowStep); row++) {
      const at = row * rowStep
      if (Math.abs(at) > 90) continue
      const inRow = Math.max(1, Math.ceil((360 * Math.cos(at * degrees)) / columnStep))
      const step = 360 / inRow
      const offset = shifted && row % 2 !== 0 ? 0.5 : 0
      const span = Math.min(180, reach / Math.max(1e-6, Math.cos(at * degrees)))
      for (
        let column = Math.floor((ra - span) / step - offset);
        column <= Math.ceil((ra + span) / step - offset);
        column++
      ) {
        const number = ((column % inRow) + inRow) % inRow
        const id = `${row}/${number}`
        if (!fields.has(id)) fields.set(id, { id, ra: ((number + offset) * step) % 360, dec: at })
      }
      if (fields.size > most) return [...fields.values()]
    }
  }
  return [...fields.values()]
}

/** How far apart fields stand without a gap: their sides, or what circles in a honeycomb leave. */
function pitch(footprint: Footprint): { width: number; height: number; shifted: boolean } {
  if ('widthDeg' in footprint)
    return { width: footprint.widthDeg, height: footprint.heightDeg, shifted: false }
  if (footprint.shape === 'circle')
    return { width: Math.sqrt(3) * footprint.radiusDeg, height: 1.5 * footprint.radiusDeg, shifted: true }
  const side = Math.sqrt(footprintAreaDeg2(footprint))
  return { width: side, height: side, shifted: false }
}
