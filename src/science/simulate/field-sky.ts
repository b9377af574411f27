import { card } from '#science/fits/header.ts'
import type { Card } from '#science/fits/card.ts'

/** Where a simulated camera points: a gnomonic (TAN) projection about the centre of the frame. */
export interface Pointing {
  /** ICRS degrees of the reference pixel. */
  readonly ra: number
  readonly dec: number
  /** Arcseconds per pixel. */
  readonly scale: number
  /** Position angle of the y axis, degrees from north over east. */
  readonly rotationDeg: number
  /** True where the picture is a mirror image (east to the right when north is up). */
  readonly mirrored: boolean
}

/** From sky to 0-based pixels and back, for one frame. */
export interface SimulatedWcs {
  readonly cards: Card[]
  /** Pixel of a direction in degrees; null on the far hemisphere. */
  toPixel(ra: number, dec: number): [number, number] | null
  toSky(x: number, y: number): [number, number]
}

const degree = Math.PI / 180

/**
 * The projection of a frame whose 0-based pixel (`centreX`, `centreY`) looks at the pointing.
 * Gnomonic projection as in Calabretta & Greisen (2002), §5.1.3, by direct formulas.
 */
export function simulatedWcs(pointing: Pointing, centreX: number, centreY: number): SimulatedWcs {
  const scale = pointing.scale / 3600
  const [cos, sin] = [Math.cos(pointing.rotationDeg * degree), Math.sin(pointing.rotationDeg * degree)]
  const side = pointing.mirrored ? 1 : -1
  // Intermediate coordinates: xi to the east, eta to the north.
  const cd = [scale * side * cos, scale * sin, -scale * side * sin, scale * cos]
  const det = cd[0] * cd[3] - cd[1] * cd[2]
  const [sin0, cos0] = [Math.sin(pointing.dec * degree), Math.cos(pointing.dec * degree)]
  return {
    cards: [
      card('CTYPE1', 'RA---TAN'),
      card('CTYPE2', 'DEC--TAN'),
      card('CRVAL1', pointing.ra),
      card('CRVAL2', pointing.dec),
      card('CRPIX1', centreX + 1),
      card('CRPIX2', centreY + 1),
      card('CUNIT1', 'deg'),
      card('CUNIT2', 'deg'),
      card('CD1_1', cd[0]),
      card('CD1_2', cd[1]),
      card('CD2_1', cd[2]),
      card('CD2_2', cd[3]),
      card('RADESYS', 'ICRS'),
    ],
    toPixel(ra, dec) {
      const away = (ra - pointing.ra) * degree
      const [sinD, cosD] = [Math.sin(dec * degree), Math.cos(dec * degree)]
      const depth = sin0 * sinD + cos0 * cosD * Math.cos(away)
      if (depth <= 1e-3) return null
      const xi = (cosD * Math.sin(away)) / depth / degree
      const eta = (cos0 * sinD - sin0 * cosD * Math.cos(away)) / depth / degree
      return [centreX + (cd[3] * xi - cd[1] * eta) / det, centreY + (cd[0] * eta - cd[2] * xi) / det]
    },
    toSky(x, y) {
      const [dx, dy] = [x - centreX, y - centreY]
      const xi = (cd[0] * dx + cd[1] * dy) * degree
      const eta = (cd[2] * dx + cd[3] * dy) * degree
      const east = cos0 - eta * sin0
      const ra = pointing.ra + Math.atan2(xi, east) / degree
      return [ra - 360 * Math.floor(ra / 360), Math.atan2(sin0 + eta * cos0, Math.hypot(xi, east)) / degree]
    },
  }
}
