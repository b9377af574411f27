import { isProblem } from '#problem.ts'
import type { Header } from '#science/fits/header.ts'
import { footprintMoc, footprintOf } from '#science/fits/wcs/footprint.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import { polygonRanges } from '#science/sky/cover.ts'
import { pixelAreaDeg2 } from '#science/sky/healpix.ts'
import { degrade, depthOf, emptyRanges, unionOf, type Ranges } from '#science/sky/ranges.ts'
import { directionOf, separation, unitVector } from '#science/sky/vectors.ts'
import type { Footprint, Frame, FrameImage } from './frame.ts'

/** Where on the sky an image lies, by its WCS. */

/** An image's WCS, or why there is none to be used. */
export function wcsOfHeader(header: Header): { wcs: Wcs; why?: undefined } | { wcs: null; why: string } {
  try {
    const wcs = readWcs(header)
    return wcs ? { wcs } : { wcs: null, why: 'The header has no celestial WCS.' }
  } catch (error) {
    if (!isProblem(error)) throw error
    return { wcs: null, why: error.message }
  }
}

/** An image on the sky: what is said of it, and the cells that it touches. */
export type Placed =
  | { readonly footprint: Footprint; readonly sky: Ranges; readonly why: null }
  | { readonly footprint: null; readonly sky: Ranges; readonly why: string }

/** Where `width` × `height` pixels lie, edges of pixels included; or why they lie nowhere. */
export function placeImage(wcs: Wcs, width: number, height: number): Placed {
  const nowhere = (why: string): Placed => ({ footprint: null, sky: emptyRanges(), why })
  const { polygon, centre, radiusDeg, areaDeg2 } = footprintOf(wcs, width, height)
  const pixelScaleArcsec = 3600 * wcs.pixelScaleDeg((width - 1) / 2, (height - 1) / 2)
  if (!(areaDeg2 > 0)) return nowhere('By its WCS the image has no sky.')
  if (!(pixelScaleArcsec > 0) && polygon.length > 0) return nowhere('By its WCS the image has no area.')
  const scale = pixelScaleArcsec > 0 ? pixelScaleArcsec : 3600 * wcs.pixelScaleDeg()
  return {
    footprint: {
      polygon: polygon.map(([ra, dec]) => [round(ra), round(dec)]),
      centre: [round(centre[0]), round(centre[1])],
      radiusDeg,
      areaDeg2,
      pixelScaleArcsec: scale,
      projection: wcs.projection,
    },
    sky: cellsOf(),
    why: null,
  }

  /** Of outlines every fourth point: edges between them are straight to far less than a cell. */
  function cellsOf(): Ranges {
    const order = orderFor(areaDeg2)
    if (polygon.length === 0) return footprintMoc(wcs, width, height, order).ranges
    return polygonRanges(
      polygon.filter((_, i) => i % 4 === 0),
      { order },
    )
  }
}

/** To 0.04 mas: shorter text in the database. */
function round(degrees: number): number {
  return Math.round(degrees * 1e8) / 1e8
}

/** Order at which a cell is smaller than a 4000th of `areaDeg2`; 3 to 20. */
function orderFor(areaDeg2: number): number {
  let order = 3
  while (order < 20 && pixelAreaDeg2(order) > areaDeg2 / 4000) order++
  return order
}

/** Ranges that one row holds. */
const mostRanges = 512

/** Cells of all images together; coarser where they are many. */
export function skyOf(placed: readonly Pick<Placed, 'sky'>[]): Ranges {
  let sky = unionOf(placed.map((each) => each.sky))
  for (let order = depthOf(sky) - 1; sky.length > 2 * mostRanges && order >= 3; order--)
    sky = degrade(sky, order)
  return sky
}

/** One circle and one area for all images of a file. Overlaps are counted once, by the cells of `sky`. */
export function togetherOf(
  images: readonly Pick<FrameImage, 'footprint'>[],
  skyAreaDeg2: number,
): Frame['footprint'] {
  const shown = images.flatMap(({ footprint }) => footprint ?? [])
  const [first] = shown
  if (!first) return null
  if (shown.length === 1) {
    const { centre, radiusDeg, areaDeg2, pixelScaleArcsec } = first
    return { centre, radiusDeg, areaDeg2, pixelScaleArcsec }
  }
  const sum = [0, 0, 0]
  for (const { centre } of shown) for (const [i, part] of unitVector(...centre).entries()) sum[i]! += part
  const length = Math.hypot(...sum)
  const centre: [number, number] =
    length < 1e-6 ? first.centre : directionOf([sum[0]! / length, sum[1]! / length, sum[2]! / length])
  const radiusDeg = Math.max(...shown.map((each) => separation(...centre, ...each.centre) + each.radiusDeg))
  const areaDeg2 = Math.min(
    shown.reduce((total, each) => total + each.areaDeg2, 0),
    skyAreaDeg2,
  )
  return { centre, radiusDeg, areaDeg2, pixelScaleArcsec: first.pixelScaleArcsec }
}
