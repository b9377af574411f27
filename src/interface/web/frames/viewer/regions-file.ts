import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { formatDs9, parseDs9, type DrawnRegion, type PhysicalPixels } from '#science/image/display/regions.ts'
import { offsetBy } from '#science/sky/vectors.ts'
import { markOnPixels } from './marks.ts'
import type { Mark, MarkShape, Overlay } from './model.ts'

/** Region files of DS9 as overlays, and overlays as region files. */

const shapes: Record<DrawnRegion['shape'], MarkShape> = {
  circle: 'circle',
  ellipse: 'ellipse',
  box: 'box',
  polygon: 'polygon',
  annulus: 'annulus',
  line: 'line',
  vector: 'line',
  point: 'plus',
  text: 'text',
}

/** What a region file draws on an image with this WCS, and how many of its lines are not drawn. */
export function overlayFromRegions(
  name: string,
  content: string,
  wcs: Wcs | null,
  physical?: PhysicalPixels,
): { overlay: Overlay; skipped: string[] } {
  const { regions, skipped } = parseDs9(content, physical)
  const left = skipped.map(({ line, why }) => `line ${line}: ${why}`)
  const marks: Mark[] = []
  for (const region of regions) {
    const { on, shape, points, sizes, angleDeg, text, colour } = region
    if (on === 'sky' && !wcs) {
      left.push(`${shape} on the sky: this image has no WCS`)
      continue
    }
    const sky = on === 'sky'
    const angle = sky ? pixelAngle(points[0]!, angleDeg, wcs!) : angleDeg
    const first = points[0]!
    const ends =
      shape === 'vector'
        ? [
            first,
            sky
              ? offsetBy(first[0], first[1], angleDeg - 90, sizes[0] ?? 0)
              : ([
                  first[0] + (sizes[0] ?? 0) * Math.cos((angleDeg * Math.PI) / 180),
                  first[1] + (sizes[0] ?? 0) * Math.sin((angleDeg * Math.PI) / 180),
                ] as const),
          ]
        : points
    marks.push({
      on: sky ? 'sky' : 'pixel',
      shape: shapes[shape],
      points: ends.map(([a, b]): [number, number] => [a, b]),
      sizes: shape === 'vector' ? [] : sizes,
      angleDeg: angle,
      ...(text === undefined ? {} : { label: text }),
      ...(colour === undefined ? {} : { colour }),
    })
  }
  const colour = marks[0]?.colour
  return {
    overlay: {
      id: `regions ${name}`,
      name,
      marks,
      ...(colour !== undefined && marks.every((mark) => mark.colour === colour) ? { colour } : {}),
    },
    skipped: left,
  }
}

/** An angle of the sky as DS9 means it, from the direction west of north, as one of pixels. */
function pixelAngle([ra, dec]: readonly [number, number], angleDeg: number, wcs: Wcs): number {
  const [ra2, dec2] = offsetBy(ra, dec, angleDeg - 90, 1 / 3600)
  const [here, there] = [wcs.skyToPixel(ra, dec), wcs.skyToPixel(ra2, dec2)]
  return here && there ? (Math.atan2(there[1] - here[1], there[0] - here[0]) * 180) / Math.PI : angleDeg
}

const names: Partial<Record<MarkShape, DrawnRegion['shape']>> = {
  dot: 'point',
  cross: 'point',
  plus: 'point',
  circle: 'circle',
  ellipse: 'ellipse',
  box: 'box',
  annulus: 'annulus',
  polygon: 'polygon',
  line: 'line',
  text: 'text',
}

/** Overlays as one region file. What has an angle goes by pixels, where it is the angle drawn. */
export function regionsFrom(overlays: readonly Overlay[], wcs: Wcs | null): string {
  const regions: DrawnRegion[] = []
  for (const overlay of overlays)
    for (const mark of overlay.marks) {
      const byPixel = mark.on === 'sky' && (mark.shape === 'ellipse' || mark.shape === 'box')
      const on = byPixel ? markOnPixels(mark, wcs) : { points: mark.points, sizes: mark.sizes ?? [] }
      if (!on) continue
      regions.push({
        on: mark.on === 'sky' && !byPixel ? 'sky' : 'image',
        shape: names[mark.shape]!,
        points: on.points,
        sizes: on.sizes,
        angleDeg: mark.angleDeg ?? 0,
        excluded: false,
        ...(mark.label === undefined ? {} : { text: mark.label }),
        ...(mark.colour === undefined ? {} : { colour: mark.colour }),
        tags: [overlay.name],
      })
    }
  return formatDs9(regions)
}
