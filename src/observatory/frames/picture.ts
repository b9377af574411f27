import { paletteOf, type ColourMapName } from '#science/image/display/colour-maps.ts'
import { indexedPng } from '#science/image/display/png.ts'
import {
  intervalOf,
  sampleOf,
  shadesOf,
  type IntervalRule,
  type StretchName,
} from '#science/image/display/stretch.ts'

/** A picture of pixels: how it is coloured. */
export interface Look {
  readonly stretch: StretchName
  readonly interval: IntervalRule
  readonly map: ColourMapName
  readonly inverted: boolean
}

export const usualLook: Look = {
  stretch: 'asinh',
  interval: { by: 'percentile', low: 0.5, high: 99.5 },
  map: 'grey',
  inverted: false,
}

/** The same in a few characters: name of a variant, and part of an entity tag. */
export function lookText({ stretch, interval, map, inverted }: Look): string {
  return [stretch, ...Object.values(interval), map, inverted ? 'inverted' : ''].filter(Boolean).join('-')
}

/** Pixels at `width` × `height`: means of those that fall on one, or the same one several times where there are fewer. */
export function fitted(
  data: Float32Array,
  from: { width: number; height: number },
  to: { width: number; height: number },
): Float32Array {
  if (from.width === to.width && from.height === to.height) return data
  const out = new Float32Array(to.width * to.height)
  for (let y = 0; y < to.height; y++) {
    const top = Math.floor((y * from.height) / to.height)
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * from.height) / to.height))
    for (let x = 0; x < to.width; x++) {
      const left = Math.floor((x * from.width) / to.width)
      const right = Math.max(left + 1, Math.floor(((x + 1) * from.width) / to.width))
      let sum = 0
      let count = 0
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) {
          const value = data[row * from.width + column]!
          if (!Number.isFinite(value)) continue
          sum += value
          count++
        }
      out[y * to.width + x] = count > 0 ? sum / count : NaN
    }
  }
  return out
}

/** PNG of pixels, the first row at the bottom, as FITS has it. */
export function pictureOf(
  data: Float32Array,
  width: number,
  height: number,
  { stretch, interval, map, inverted }: Look,
): Uint8Array<ArrayBuffer> {
  const sample = sampleOf(data)
  const shades = shadesOf(data, intervalOf(sample, interval), stretch, { sample })
  const values = new Uint8Array(shades.length)
  for (let y = 0; y < height; y++)
    values.set(shades.subarray((height - 1 - y) * width, (height - y) * width), y * width)
  return indexedPng({ width, height, values, palette: paletteOf(map, { inverted }) })
}

/** Size of a picture of an image in a square of `side` pixels: no less than one pixel high. */
export function sizeWithin(side: number, width: number, height: number): { width: number; height: number } {
  const factor = side / Math.max(width, height)
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) }
}
