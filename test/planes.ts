import { readFileSync } from 'node:fs'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import type { Plane } from '#science/image/plane.ts'

/** The first HDU of a FITS file, as Float32. */
export function planeOf(path: string): Plane {
  const file = openFits(readFileSync(path))
  const { shape, data } = readImage(file.bytes, file.hdus[0])
  return { width: shape[0], height: shape[1], data: Float32Array.from(data as Float32Array) }
}
