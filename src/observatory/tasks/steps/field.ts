import { footprintMoc, footprintOf } from '#science/fits/wcs/footprint.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { mocToAscii } from '#science/sky/moc-formats.ts'
import type { Field } from '#observatory/tasks/findings.ts'

/** Coarsest scale at which a WCS is believed, arcsec per pixel. */
const coarsest = 100

/** Where a frame of this size lies; null, with the reason, where its WCS cannot be used. */
export function fieldOf(
  wcs: Wcs | null,
  width: number,
  height: number,
): { field: Field | null; why: string | null } {
  if (!wcs) return { field: null, why: 'The header has no celestial WCS.' }
  const scale = wcs.pixelScaleDeg((width - 1) / 2, (height - 1) / 2) * 3_600
  if (!(scale > 0 && scale <= coarsest))
    return { field: null, why: `The WCS gives ${scale.toPrecision(3)}″ per pixel, which no frame has.` }
  const { polygon, centre, radiusDeg, areaDeg2 } = footprintOf(wcs, width, height)
  if (polygon.length === 0)
    return { field: null, why: `The WCS (${wcs.projection}) has no sky in parts of the frame.` }
  const [ra, dec] = centre
  const every = Math.ceil(polygon.length / 16)
  return {
    field: {
      ra,
      dec,
      radiusDeg,
      areaDeg2,
      pixelScaleArcsec: scale,
      projection: wcs.projection,
      polygon: polygon.filter((_, i) => i % every === 0),
    },
    why: null,
  }
}

/** Footprint as MOC text, in cells of less than a hundredth of its area, orders 3 to 11. */
export function mocOf(wcs: Wcs, width: number, height: number, areaDeg2: number): string {
  const cell = (order: number): number => 41_252.96 / (12 * 4 ** order)
  let order = 3
  while (order < 11 && cell(order) > areaDeg2 / 100) order++
  return mocToAscii(footprintMoc(wcs, width, height, order))
}
