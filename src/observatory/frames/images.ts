import { numberOf, textOf } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { FrameImage } from './frame.ts'

/** Which parts of a FITS file are images, and which of them is meant where nobody says. */

/** Images with at least one row and column; cubes count. */
export function imageHdus(hdus: readonly Hdu[]): Hdu[] {
  return hdus.filter(
    ({ kind, shape }) => kind === 'image' && shape.length >= 2 && shape.every((length) => length > 0),
  )
}

/** One row or column of pixels, or a name that says so, is no picture of the sky. */
export function roleOf(hdu: Hdu): FrameImage['role'] {
  const name = hdu.name.toUpperCase()
  const words = `${textOf(hdu.header, 'DATATYPE') ?? ''} ${textOf(hdu.header, 'OBSTYPE') ?? ''}`.toUpperCase()
  if (/^(DQ|MASK|BPM|FLAGS?|BADPIX|OBJMASK)\b/.test(name) || /\b(BPM|MASK)\b/.test(words)) return 'mask'
  if (/^(VAR|VARIANCE|ERR|ERROR|NOISE|UNCERT|SIGMA|RMS)\b/.test(name)) return 'noise'
  if (/^(WHT|WEIGHT|WGT|CONTEXT|EXPMAP)/.test(name)) return 'weight'
  if (hdu.shape[0] === 1 || hdu.shape[1] === 1) return 'spectrum'
  return 'image'
}

/** The image that a file is taken for where none is named: the first that shows the sky; undefined where none is there. */
export function mainHdu(hdus: readonly Hdu[]): Hdu | undefined {
  const images = imageHdus(hdus)
  return images.find((hdu) => roleOf(hdu) === 'image') ?? images[0]
}

/** Rows that are decoded together whenever one of them is read: 1 where the image is not compressed. */
export function tileRows({ stored, shape }: Hdu): number {
  const rows = stored === undefined ? 1 : (numberOf(stored.header, 'ZTILE2') ?? 1)
  return Math.max(1, Math.min(rows, shape[1] ?? 1))
}

/** Algorithm of a tile-compressed image, null for one that is none. */
export function compressionOf({ stored }: Hdu): string | null {
  return stored ? (textOf(stored.header, 'ZCMPTYPE') ?? 'unknown') : null
}
