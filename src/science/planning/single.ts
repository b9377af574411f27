/** One pointing for a localization that fits into a single field. */
import { directionOf } from '#science/sky/vectors.ts'
import type { Vector } from '#science/sky/vectors.ts'
import { deg2PerSr, cellAreasSr } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { faceOfPixel } from '#science/sky/healpix.ts'
import { writePoint } from './cell-shape.ts'
import { climb } from './climb.ts'
import { footprintAreaDeg2, footprintRadiusDeg } from './footprint.ts'
import { hullOf } from './hull.ts'
import type { Field, Footprint } from './model.ts'
import { createGain, regionCounts } from './region-cells.ts'

export interface SingleOptions {
  /** Credible region that must fit, default 0.9. */
  readonly level?: number
  /** Name of the field, default `centre`. */
  readonly name?: string
}

/** Part of the region's probability that may lie outside of a field it fits: cells on its edge. */
const SPILL = 1e-4

/**
 * The field that holds the whole credible region and, under that condition, the most probability; null where no place
 * holds it. Where nothing is gained by another place the region lies in the middle. Gaps between detectors do not keep
 * a region from fitting, but count when probability is weighed.
 */
export function singlePointing(
  map: SkyMap,
  footprint: Footprint,
  { level = 0.9, name = 'centre' }: SingleOptions = {},
): Field | null {
  const region = regionCounts(map, level)
  const cells: number[] = []
  let area = 0
  let weight = 0
  for (let i = 0; i < map.order.length; i++) {
    if (region[i] === region[i + 1]) continue
    cells.push(i)
    area += cellAreasSr[map.order[i]]
    weight += map.density[i] * cellAreasSr[map.order[i]]
  }
  const outline = footprint.shape === 'mosaic' ? hullOf(footprint).footprint : footprint
  const radius = footprintRadiusDeg(outline)
  if (area * deg2PerSr > footprintAreaDeg2({ shape: 'circle', radiusDeg: Math.min(180, radius) })) return null
  const [ra, dec] = middleOf(map, cells)
  const start = { id: name, ra, dec }
  const inRegion = createGain(map, outline, region)
  const nearly = createGain(map, outline, region, true)
  const fits = (field: Field): boolean => inRegion(field) >= weight * (1 - SPILL)
  const step = radius / 4
  const fitted = climb(start, (field) => nearly(field), { step, least: step / 64 })
  if (!fits(fitted.field)) return null
  const caught = createGain(map, footprint, undefined, true)
  const settled = climb(
    fitted.field,
    (field) => (nearly(field) < fitted.value - weight * SPILL ? -1 : caught(field)),
    { step, least: step / 64 },
  )
  return fits(settled.field) ? settled.field : fitted.field
}

/** Centre of the smallest cap about the cells' centres, nearly (Bădoiu & Clarkson 2003). */
function middleOf(map: SkyMap, cells: readonly number[]): [number, number] {
  // Of millions of cells every so many will do for a start.
  const stride = Math.ceil(cells.length / 20_000)
  const count = Math.ceil(cells.length / stride)
  const xyz = new Float64Array(3 * count)
  for (let n = 0; n < count; n++) {
    const i = cells[n * stride]
    const { f, x, y } = faceOfPixel(map.order[i], map.ipix[i])
    writePoint(f, x + 0.5, y + 0.5, 2 ** map.order[i], xyz, 3 * n)
  }
  let c: Vector = [xyz[0], xyz[1], xyz[2]]
  for (let round = 1; round <= 100; round++) {
    let far = 0
    let most = -1
    for (let n = 0; n < count; n++) {
      const d = (xyz[3 * n] - c[0]) ** 2 + (xyz[3 * n + 1] - c[1]) ** 2 + (xyz[3 * n + 2] - c[2]) ** 2
      if (d > most) {
        most = d
        far = n
      }
    }
    const t = 1 / (round + 1)
    c = [
      c[0] + t * (xyz[3 * far] - c[0]),
      c[1] + t * (xyz[3 * far + 1] - c[1]),
      c[2] + t * (xyz[3 * far + 2] - c[2]),
    ]
  }
  return directionOf(c)
}
