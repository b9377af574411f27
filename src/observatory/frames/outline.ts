import type { DrawnRegion, RegionFile } from '#science/image/display/regions.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { mocFromRanges } from '#science/sky/moc.ts'
import { mocToAscii, mocToJson } from '#science/sky/moc-formats.ts'
import { mocToFits } from '#science/sky/moc-fits.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import { offsetBy } from '#science/sky/vectors.ts'
import { wcsOfHeader } from './footprint.ts'
import type { Frame } from './frame.ts'

/** Footprints in the formats of others, and drawings of others on the pixels of a frame. */

export function footprintMoc(
  sky: Ranges,
  format: 'fits' | 'text' | 'json',
): { bytes: Uint8Array<ArrayBuffer>; contentType: string; ending: string } {
  const moc = mocFromRanges(sky)
  const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
  if (format === 'text')
    return { bytes: encode(`${mocToAscii(moc)}\n`), contentType: 'text/plain', ending: 'txt' }
  if (format === 'json')
    return { bytes: encode(mocToJson(moc)), contentType: 'application/json', ending: 'json' }
  return { bytes: new Uint8Array(mocToFits(moc)), contentType: 'application/fits', ending: 'fits' }
}

export function footprintRegions({ images, name }: Pick<Frame, 'images' | 'name'>): DrawnRegion[] {
  return images.flatMap(({ footprint, hdu, name: extension }) =>
    footprint === null || footprint.polygon.length === 0
      ? []
      : [
          {
            on: 'sky' as const,
            shape: 'polygon' as const,
            points: footprint.polygon,
            sizes: [],
            angleDeg: 0,
            excluded: false,
            text: images.length > 1 ? `${name} ${extension || hdu}` : name,
          },
        ],
  )
}

type PixelRegion = Omit<DrawnRegion, 'on' | 'points' | 'sizes' | 'tags'> & {
  points: [number, number][]
  sizes: number[]
  tags?: string[]
}

/** Shapes on pixels from 0. Those on the sky need a WCS, and what lies off the image's sky is skipped and told. */
export function onPixels(
  { regions, skipped }: RegionFile,
  hdu: Hdu,
): { items: PixelRegion[]; skipped: RegionFile['skipped'] } {
  const { wcs, why } = wcsOfHeader(hdu.header)
  const items: PixelRegion[] = []
  const left = [...skipped]
  for (const region of regions) {
    const { on, points, sizes, tags, ...rest } = region
    const kept = { ...rest, ...(tags === undefined ? {} : { tags: [...tags] }) }
    if (on === 'image') {
      items.push({ ...kept, points: points.map(([x, y]): [number, number] => [x, y]), sizes: [...sizes] })
      continue
    }
    const text = `${region.shape} at ${points[0]?.map((each) => each.toFixed(5)).join(', ')}`
    if (!wcs) {
      left.push({ line: 0, text, why })
      continue
    }
    const placed = points.map(([ra, dec]) => wcs.skyToPixel(ra, dec))
    if (placed.some((point) => point === null || !point.every(Number.isFinite))) {
      left.push({ line: 0, text, why: 'It lies where this image has no sky.' })
      continue
    }
    const scale = wcs.pixelScaleDeg(...placed[0]!)
    items.push({
      ...kept,
      points: placed as [number, number][],
      sizes: sizes.map((size) => size / scale),
      angleDeg: turned(region.points[0]!, placed[0]!, region.angleDeg),
    })
  }
  return { items, skipped: left }

  /** An angle of the sky as DS9 means it (from the direction west of north, 90° before north) on the pixels. */
  function turned(
    [ra, dec]: readonly [number, number],
    [x, y]: readonly [number, number],
    angleDeg: number,
  ): number {
    const [ra2, dec2] = offsetBy(ra, dec, angleDeg - 90, 1 / 3600)
    const other = wcs!.skyToPixel(ra2, dec2)
    return other === null ? angleDeg : (Math.atan2(other[1] - y, other[0] - x) * 180) / Math.PI
  }
}
