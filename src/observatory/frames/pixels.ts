import { Problem } from '#problem.ts'
import { hduLabel, type Hdu } from '#science/fits/hdu.ts'
import { readImageFrom, type Image, type Section } from '#science/fits/image.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { imageHdus } from './images.ts'
import type { PixelScale } from './frame.ts'

/** Pixels of a frame as numbers that mean flux, whatever the file stores. */

/** A rectangle of pixels, from 0, ends not included. */
export interface Box {
  readonly x0: number
  readonly x1: number
  readonly y0: number
  readonly y1: number
}

/** Pixels that one reading holds at most: 1 GiB of float32. */
export const mostPixels = 2 ** 28

/** How many planes an image has beyond its first two axes: 1 for a picture. */
export function planesOf({ shape }: Pick<Hdu, 'shape'>): number {
  return shape.slice(2).reduce((product, length) => product * length, 1)
}

/** The image at `index` of the file. @throws Problem fits.not_found where there is none, frame.section where it has no such plane */
export function imageAt(hdus: readonly Hdu[], index: number, plane = 0): Hdu {
  const hdu = hdus[index]
  if (!hdu || hdu.kind !== 'image' || hdu.shape.length < 2 || hdu.shape.includes(0)) {
    const images = imageHdus(hdus)
    throw new Problem(
      'fits.not_found',
      `HDU ${index} is no image; images of this file are ${images.map((each) => hduLabel(each.index, each.name)).join(', ') || 'none'}.`,
      { hdu: index },
    )
  }
  const planes = planesOf(hdu)
  if (plane >= 0 && plane < planes) return hdu
  throw new Problem(
    'frame.section',
    `${hduLabel(hdu.index, hdu.name)} has ${planes} ${planes === 1 ? 'plane' : 'planes'}, from 0; there is no plane ${plane}.`,
    { plane, planes },
  )
}

/** The box as a section of the image's axes, at one plane of a cube. */
export function sectionFor({ shape }: Pick<Hdu, 'shape'>, { x0, x1, y0, y1 }: Box, plane: number): Section {
  let rest = plane
  const others = shape.slice(2).map((length): [number, number] => {
    const at = rest % length
    rest = Math.floor(rest / length)
    return [at, at + 1]
  })
  return [[x0, x1], [y0, y1], ...others]
}

/** Stored values of a box as they are. @throws Problem frame.section where it is empty or does not lie in the image */
export async function readBox(source: ByteSource, hdu: Hdu, box: Box, plane = 0): Promise<Image> {
  const [width = 0, height = 0] = hdu.shape
  const { x0, x1, y0, y1 } = box
  const whole = [x0, x1, y0, y1].every(Number.isInteger)
  if (!whole || x0 < 0 || y0 < 0 || x1 > width || y1 > height || x0 >= x1 || y0 >= y1)
    throw new Problem(
      'frame.section',
      `The section ${x0}:${x1},${y0}:${y1} does not lie in the ${width} × ${height} pixels of ${hduLabel(hdu.index, hdu.name)}; pixels count from 0, ends are not included.`,
      { width, height },
    )
  if ((x1 - x0) * (y1 - y0) > mostPixels)
    throw new Problem(
      'frame.section',
      `The section has ${(x1 - x0) * (y1 - y0)} pixels; at most ${mostPixels} are read at once.`,
      { most: mostPixels },
    )
  return readImageFrom(source, hdu, sectionFor(hdu, box, plane))
}

/** Physical values as float32: blanks are NaN, and an asinh compression is undone. */
export function linearised({ data, blank }: Image, scale: PixelScale): Float32Array<ArrayBuffer> {
  const out = new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) out[i] = data[i] === blank ? NaN : Number(data[i])
  if (scale.form === 'asinh') {
    // Pan-STARRS: v = a·asinh((f − offset)/(2·softening)) with a = 2.5·log10(e).
    const perUnit = Math.LN10 / 2.5
    for (let i = 0; i < out.length; i++)
      out[i] = scale.offset + 2 * scale.softening * Math.sinh(out[i]! * perUnit)
  }
  return out
}

/** A box as float32 of flux. @throws Problem frame.section, fits.* */
export async function readFlux(
  source: ByteSource,
  hdu: Hdu,
  box: Box,
  { plane = 0, scale = { form: 'linear' } as PixelScale } = {},
): Promise<Float32Array<ArrayBuffer>> {
  return linearised(await readBox(source, hdu, box, plane), scale)
}
