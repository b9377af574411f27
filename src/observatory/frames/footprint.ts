import { isProblem } from '#problem.ts'
import type { Header } from '#science/fits/header.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import { polygonRanges } from '#science/sky/cover.ts'
import { pixelAreaDeg2 } from '#science/sky/healpix.ts'
import { emptyRanges, type Ranges, union } from '#science/sky/ranges.ts'
import { polygonAreaSr, separation, unitVector, directionOf } from '#science/sky/vectors.ts'
import type { Footprint, Frame, FrameImage } from './frame.ts'

/** Where on the sky an image lies, by its WCS. */

const squareDegrees = (180 / Math.PI) ** 2

/** Points along each edge of an image: distortions bend edges. */
const alongEdge = 6

/** Wider ones are no frame of a telescope, and polygons on the sphere end at a hemisphere. */
const widestDeg = 80

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

/** Outline of `width` × `height` pixels, edges of pixels included; or why there is none. */
export function footprintOfImage(
  wcs: Wcs,
  width: number,
  height: number,
): { footprint: Footprint; why?: undefined } | { footprint: null; why: string } {
  const corners: [number, number][] = [
    [-0.5, -0.5],
    [width - 0.5, -0.5],
    [width - 0.5, height - 0.5],
    [-0.5, height - 0.5],
  ]
  const polygon: [number, number][] = []
  for (const [i, [x, y]] of corners.entries()) {
    const [nextX, nextY] = corners[(i + 1) % 4]!
    for (let step = 0; step < alongEdge; step++) {
      const part = step / alongEdge
      polygon.push(wcs.pixelToSky(x + part * (nextX - x), y + part * (nextY - y)))
    }
  }
  const centre = wcs.pixelToSky((width - 1) / 2, (height - 1) / 2)
  if (![...polygon, centre].flat().every(Number.isFinite))
    return { footprint: null, why: 'Its WCS has no sky at some edge of the image.' }
  const radiusDeg = Math.max(...polygon.map(([ra, dec]) => separation(...centre, ra, dec)))
  if (radiusDeg > widestDeg)
    return {
      footprint: null,
      why: `By its WCS the image reaches ${radiusDeg.toFixed(0)}° from its centre; outlines end at ${widestDeg}°.`,
    }
  const areaDeg2 = polygonAreaSr(polygon) * squareDegrees
  const pixelScaleArcsec = 3600 * wcs.pixelScaleDeg((width - 1) / 2, (height - 1) / 2)
  if (!(areaDeg2 > 0) || !(pixelScaleArcsec > 0))
    return { footprint: null, why: 'By its WCS the image has no area.' }
  const rounded = polygon.map(([ra, dec]): [number, number] => [round(ra), round(dec)])
  return {
    footprint: {
      polygon: rounded,
      centre: [round(centre[0]), round(centre[1])],
      radiusDeg,
      areaDeg2,
      pixelScaleArcsec,
      projection: wcs.projection,
    },
  }
}

/** To 0.04 mas: shorter text in the database. */
function round(degrees: number): number {
  return Math.round(degrees * 1e8) / 1e8
}

/** Order at which a cell is smaller than a hundredth of `areaDeg2`; 3 to 20. */
function orderFor(areaDeg2: number): number {
  let order = 3
  while (order < 20 && pixelAreaDeg2(order) > areaDeg2 / 100) order++
  return order
}

/** Cells that the images touch; coarser for more of them, so that the row stays small. */
export function skyOf(images: readonly Pick<FrameImage, 'footprint'>[]): Ranges {
  const shown = images.flatMap(({ footprint }) => footprint ?? [])
  if (shown.length === 0) return emptyRanges()
  const area = shown.reduce((sum, { areaDeg2 }) => sum + areaDeg2, 0)
  for (let order = orderFor(area); ; order--) {
    const ranges = shown
      .map(({ polygon }) => polygonRanges(polygon, { order }))
      .reduce((all, each) => union(all, each), emptyRanges())
    if (ranges.length <= 1024 || order === 3) return ranges
  }
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
