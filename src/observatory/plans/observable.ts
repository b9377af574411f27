import type { Field, TelescopeModel } from '#science/planning/model.ts'
import { fieldWindows, visitWindows } from '#science/planning/visibility.ts'
import { centreOf, neighboursOf, pixelCount } from '#science/sky/healpix.ts'
import { cellAreasSr, scaledBy, type SkyMap } from '#science/skymap/map.ts'
import { rank } from '#science/skymap/rank.ts'

/** Pixels of 1.8°. */
const order = 5

/**
 * The map without the parts of the sky of which a telescope sees nothing for long enough, so that fields are not placed
 * there; all of it where it sees nothing at all. By pixels of 1.8° and one more all around, since fields reach over.
 */
export function observablePart(
  map: SkyMap,
  model: TelescopeModel,
  visitSeconds: number,
  { start, end, level }: { start: number; end: number; level: number },
): SkyMap {
  const wanted = pixelsOf(map, regionCells(map, level))
  const pixels = [...wanted.keys()].filter((pixel) => wanted[pixel] === 1)
  const centres = pixels.map((pixel): Field => {
    const [ra, dec] = centreOf(order, pixel)
    return { id: String(pixel), ra, dec }
  })
  const found = fieldWindows(model, centres, { start, end })
  const seen = pixels.filter((_, i) => visitWindows(found[i]!.windows, visitSeconds).length > 0)
  if (seen.length === 0 || seen.length === pixels.length) return map
  const near = new Uint8Array(pixelCount(order))
  for (const pixel of seen)
    for (const each of [pixel, ...neighboursOf(order, pixel)]) if (each >= 0) near[each] = 1
  const density = new Float64Array(map.density.length)
  let total = 0
  for (let i = 0; i < density.length; i++) {
    if (!(map.density[i]! > 0) || !pixelsUnder(map, i).some((pixel) => near[pixel] === 1)) continue
    density[i] = map.density[i]!
    total += density[i]! * cellAreasSr[map.order[i]!]!
  }
  return total > 0 ? scaledBy({ ...map, density }, 1 / total) : map
}

/** Cells that hold this much of the probability, the densest first. */
function regionCells(map: SkyMap, level: number): Uint32Array {
  const { index, probability } = rank(map)
  let count = 0
  while (count < index.length && (count === 0 || probability[count - 1]! < level)) count++
  return index.subarray(0, count)
}

function pixelsOf(map: SkyMap, chosen: Uint32Array): Uint8Array {
  const marked = new Uint8Array(pixelCount(order))
  for (const i of chosen) for (const pixel of pixelsUnder(map, i)) marked[pixel] = 1
  return marked
}

/** Pixels that a cell lies in, or that lie in it. */
function pixelsUnder(map: SkyMap, i: number): number[] {
  const at = map.order[i]!
  const ipix = map.ipix[i]!
  if (at >= order) return [Math.floor(ipix / 4 ** (at - order))]
  const count = 4 ** (order - at)
  return Array.from({ length: count }, (_, n) => ipix * count + n)
}
