import type { Card } from '#science/fits/card.ts'
import { card } from '#science/fits/header.ts'
import { planImage } from '#science/fits/image.ts'
import { replaceWcs } from '#science/fits/wcs/cards.ts'
import { sectionWcs } from '#science/fits/wcs/make.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { writeFits, type HduInput } from '#science/fits/write.ts'
import { leftAfter, type Adjustment } from '#science/image/candidates/adjust.ts'
import type { Plane } from '#science/image/plane.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { writeWhole } from '#platform/files/whole.ts'
import { mainHdu } from '#observatory/frames/images.ts'
import { at, type StepContext } from './context.ts'
import { shifted } from './inspect-pixels.ts'
import { openFitsFile } from './pixel-files.ts'

/** What describes the WCS and where the picture is from: all that a cut-out keeps of a header. */
const kept =
  /^(WCSAXES|CTYPE\d|CUNIT\d|CRVAL\d|CRPIX\d|CDELT\d|CROTA\d|CD\d_\d|PC\d_\d|PV\d_\d+|[AB]P?_\d_\d|[AB]P?_ORDER|LONPOLE|LATPOLE|RADESYS|EQUINOX|DATE-OBS|MJD-OBS|EXPTIME|FILTER|TELESCOP|INSTRUME|BUNIT)$/

/** A plane of the work folder; products of a region begin at its corner. */
export type CutoutPlane = readonly [extension: string, file: string, corner?: { x: number; y: number }]

/** A picture from elsewhere on the pixels of a cut-out. */
export interface BesidePlane {
  readonly name: string
  readonly cards: readonly Card[]
  readonly data: Float32Array
}

export interface CutoutExtras {
  /** The best WCS of the frame, for the pictures from elsewhere. */
  readonly wcs?: Wcs | null
  /** Pictures of the same area. */
  readonly beside?: (place: { x: number; y: number }, box: Box) => readonly BesidePlane[]
  /** What explains most of the difference: with it the difference is shown once more. */
  readonly adjustment?: Adjustment | null | undefined
}

/**
 * Writes a multi-extension cut-out around a pixel: the facts in the primary header, one extension per plane. Planes that
 * are not there are left out.
 */
export async function cutout(
  context: Pick<StepContext, 'folder' | 'config'>,
  name: string,
  place: { x: number; y: number },
  planes: readonly CutoutPlane[],
  facts: Readonly<Record<string, string | number | null>>,
  { wcs, beside, adjustment }: CutoutExtras = {},
): Promise<void> {
  const half = context.config.cutout_size
  const [x, y] = [Math.round(place.x), Math.round(place.y)]
  const parts: HduInput[] = [
    {
      kind: 'image',
      shape: [],
      cards: [
        card('X', place.x, 'pixel of the frame, from 0'),
        card('Y', place.y, 'pixel of the frame, from 0'),
        ...Object.entries(facts).flatMap(([key, value]) =>
          value === null || value === '' ? [] : [card(key, ascii(value))],
        ),
      ],
    },
  ]
  let frame: Box | undefined
  const seen = new Map<string, { plane: Plane; cards: Card[] }>()
  for (const [extension, path, corner = { x: 0, y: 0 }] of planes) {
    let file
    try {
      file = openFitsFile(at(context, path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw error
    }
    try {
      const hdu = mainHdu(file.hdus)
      if (!hdu) continue
      const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
      const [cx, cy] = [x - corner.x, y - corner.y]
      const [x0, x1] = [Math.max(0, cx - half), Math.min(width, cx + half + 1)]
      const [y0, y1] = [Math.max(0, cy - half), Math.min(height, cy + half + 1)]
      if (x1 <= x0 || y1 <= y0) continue
      const { data } = file.read(
        planImage(hdu, [
          [x0, x1],
          [y0, y1],
        ]),
      )
      const cards: Card[] = shifted(
        hdu.header.cards.filter((each) => kept.test(each.keyword)),
        { x0, y0 },
      )
      parts.push({ kind: 'image', name: extension, shape: [x1 - x0, y1 - y0], data, cards })
      frame ??= { x0: x0 + corner.x, y0: y0 + corner.y, x1: x1 + corner.x, y1: y1 + corner.y }
      if (data instanceof Float32Array)
        seen.set(extension, { plane: { width: x1 - x0, height: y1 - y0, data }, cards })
    } finally {
      file.close()
    }
  }
  const [difference, model] = [seen.get('DIFF'), seen.get('CONVOLVED')]
  if (adjustment && difference && model) {
    const { width, height } = difference.plane
    const data = leftAfter(difference.plane, model.plane, adjustment)
    parts.push({ kind: 'image', name: 'ADJUSTED', shape: [width, height], data, cards: difference.cards })
  }
  if (frame && beside) {
    const place = wcs ? replaceWcs([], sectionWcs(wcs, frame.x0, frame.y0)) : []
    for (const { name, cards, data } of beside({ x, y }, frame))
      parts.push({
        kind: 'image',
        name,
        shape: [frame.x1 - frame.x0, frame.y1 - frame.y0],
        data,
        cards: [...place, ...cards],
      })
  }
  await writeWhole(at(context, name), writeFits(parts))
}

function ascii(value: string | number): string | number {
  return typeof value === 'string' ? value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 60) : value
}
