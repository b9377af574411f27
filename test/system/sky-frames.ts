import { card } from '#science/fits/header.ts'
import { writeFits } from '#science/fits/write.ts'

/** Frames of a known sky for the tests of pages. */

const radians = Math.PI / 180

/** A tangent plane of square pixels, turned; the formulas of the textbook, to be held against. */
export interface Plane {
  ra: number
  dec: number
  /** Reference pixel, 0-based. */
  x: number
  y: number
  scaleDeg: number
  turnDeg: number
}

export function skyOf({ ra, dec, x, y, scaleDeg, turnDeg }: Plane, px: number, py: number): [number, number] {
  const [c, s] = [Math.cos(turnDeg * radians), Math.sin(turnDeg * radians)]
  const u = -scaleDeg * radians * (c * (px - x) - s * (py - y))
  const v = scaleDeg * radians * (s * (px - x) + c * (py - y))
  const [d, cosD] = [Math.sin(dec * radians), Math.cos(dec * radians)]
  const across = Math.atan2(u, cosD - v * d) / radians
  const up = Math.atan2(d + v * cosD, Math.hypot(u, cosD - v * d)) / radians
  return [(ra + across + 360) % 360, up]
}

export function frameOf(
  shape: [number, number],
  value: (x: number, y: number) => number,
  plane: Plane | null,
): Uint8Array {
  const [width, height] = shape
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    value(i % width, Math.floor(i / width)),
  )
  const cards = [card('BUNIT', 'adu'), card('FILTER', 'r'), card('EXPTIME', 30)]
  if (plane) {
    const [c, s] = [Math.cos(plane.turnDeg * radians), Math.sin(plane.turnDeg * radians)]
    cards.push(
      card('CTYPE1', 'RA---TAN'),
      card('CTYPE2', 'DEC--TAN'),
      card('CRVAL1', plane.ra),
      card('CRVAL2', plane.dec),
      card('CRPIX1', plane.x + 1),
      card('CRPIX2', plane.y + 1),
      card('CD1_1', -plane.scaleDeg * c),
      card('CD1_2', plane.scaleDeg * s),
      card('CD2_1', plane.scaleDeg * s),
      card('CD2_2', plane.scaleDeg * c),
      card('RADESYS', 'ICRS'),
    )
  }
  return writeFits([{ kind: 'image', shape, data, cards }])
}

/** Distance of two directions in pixels of a plane. */
export function pixelsApart(one: [number, number], other: [number, number], scaleDeg: number): number {
  const across = (((one[0] - other[0] + 540) % 360) - 180) * Math.cos(one[1] * radians)
  return Math.hypot(across, one[1] - other[1]) / scaleDeg
}
