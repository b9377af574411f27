import { formatDec, formatRa } from '#science/sky/angles.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { applied, inverted, type Affine } from './view.ts'
import type { View } from './model.ts'

/** Lines of right ascension and declination, north and east, and the scale bar of what is seen. */

type Sky = Pick<Wcs, 'pixelToSky' | 'skyToPixel' | 'skyToPixels' | 'pixelScaleDeg'>
interface Box {
  readonly width: number
  readonly height: number
}

export interface GridLine {
  readonly of: 'ra' | 'dec'
  readonly value: number
  readonly text: string
  /** On the screen; pieces where it leaves the projection. */
  readonly pieces: [number, number][][]
}

/** Steps of a grid in degrees; those of sexagesimal notation are round there. */
const steps = {
  degrees: [1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  minutes: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 36_000, 54_000].map(
    (arcsec) => arcsec / 3600,
  ),
}

function stepOver(span: number, lines: number, from: readonly number[]): number {
  return from.find((step) => span / step <= lines) ?? from.at(-1)!
}

const turned = (ra: number): number => (((ra % 360) + 540) % 360) - 180

/** What of the sky the box shows: RA about the middle's, so that it does not jump at 0. */
function extentOf(
  wcs: Sky,
  m: Affine,
  box: Box,
): { middle: number; ra: [number, number]; dec: [number, number] } | null {
  const back = inverted(m)
  const n = 12
  let middle = NaN
  const ra: [number, number] = [Infinity, -Infinity]
  const dec: [number, number] = [Infinity, -Infinity]
  const points: [number, number][] = [[box.width / 2, box.height / 2]]
  for (let i = 0; i <= n; i++)
    for (let j = 0; j <= n; j++) points.push([(box.width * i) / n, (box.height * j) / n])
  for (const [X, Y] of points) {
    const [x, y] = applied(back, X, Y)
    const [a, d] = wcs.pixelToSky(x, y)
    if (!Number.isFinite(a) || !Number.isFinite(d)) continue
    if (Number.isNaN(middle)) middle = a
    const offset = turned(a - middle)
    ra[0] = Math.min(ra[0], offset)
    ra[1] = Math.max(ra[1], offset)
    dec[0] = Math.min(dec[0], d)
    dec[1] = Math.max(dec[1], d)
  }
  if (Number.isNaN(middle)) return null
  for (const pole of [90, -90]) {
    const at = wcs.skyToPixel(0, pole)
    if (!at) continue
    const [X, Y] = applied(m, at[0], at[1])
    const beside = Math.abs(pole - (pole > 0 ? dec[1] : dec[0])) < dec[1] - dec[0]
    if (!beside || X < 0 || Y < 0 || X > box.width || Y > box.height) continue
    ra[0] = -180
    ra[1] = 180
    dec[pole > 0 ? 1 : 0] = pole
  }
  return { middle, ra, dec }
}

/** Digits after the point that tell steps apart. */
function digitsOf(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
}

/** The lines of a coordinate grid with what stands beside them. */
export function gridLines(wcs: Sky, m: Affine, box: Box, notation: 'degrees' | 'sexagesimal'): GridLine[] {
  const extent = extentOf(wcs, m, box)
  if (!extent) return []
  const { middle, ra, dec } = extent
  const count = Math.max(3, Math.min(7, box.width / 160))
  const decStep = stepOver(dec[1] - dec[0], count, notation === 'degrees' ? steps.degrees : steps.minutes)
  const raSteps = notation === 'degrees' ? steps.degrees : steps.minutes.map((step) => step * 15)
  const raStep = stepOver(ra[1] - ra[0], count, raSteps)
  const lines: GridLine[] = []
  const sampled = (of: 'ra' | 'dec', value: number): [number, number][][] => {
    const n = 96
    const [a, d] = [new Float64Array(n + 1), new Float64Array(n + 1)]
    const margin = of === 'ra' ? 0.05 * (dec[1] - dec[0]) : 0.05 * (ra[1] - ra[0])
    const [from, to] =
      of === 'ra'
        ? [Math.max(-90, dec[0] - margin), Math.min(90, dec[1] + margin)]
        : [Math.max(-180, ra[0] - margin), Math.min(180, ra[1] + margin)]
    for (let i = 0; i <= n; i++) {
      const along = from + ((to - from) * i) / n
      a[i] = of === 'ra' ? value : middle + along
      d[i] = of === 'ra' ? along : value
    }
    const { x, y } = wcs.skyToPixels(a, d)
    const pieces: [number, number][][] = []
    let piece: [number, number][] = []
    const far = 3 * (box.width + box.height)
    for (let i = 0; i <= n; i++) {
      const [X, Y] = applied(m, x[i]!, y[i]!)
      const last = piece.at(-1)
      const there = Number.isFinite(X) && Number.isFinite(Y) && Math.abs(X) < far && Math.abs(Y) < far
      if (!there || (last && Math.hypot(X - last[0], Y - last[1]) > (box.width + box.height) / 2)) {
        if (piece.length > 1) pieces.push(piece)
        piece = there ? [[X, Y]] : []
      } else piece.push([X, Y])
    }
    if (piece.length > 1) pieces.push(piece)
    return pieces
  }
  for (let k = Math.ceil((middle + ra[0]) / raStep); k * raStep <= middle + ra[1]; k++) {
    const value = (((k * raStep) % 360) + 360) % 360
    const text =
      notation === 'degrees'
        ? `${value.toFixed(digitsOf(raStep))}°`
        : formatRa(value, { digits: digitsOf(raStep * 240) })
    lines.push({ of: 'ra', value, text, pieces: sampled('ra', value) })
  }
  for (let k = Math.ceil(dec[0] / decStep); k * decStep <= dec[1]; k++) {
    const value = k * decStep
    const text =
      notation === 'degrees'
        ? `${value > 0 ? '+' : ''}${value.toFixed(digitsOf(decStep)).replace('-', '−')}°`
        : formatDec(value, { digits: digitsOf(decStep * 3600) }).replace('-', '−')
    lines.push({ of: 'dec', value, text, pieces: sampled('dec', value) })
  }
  return lines.filter(({ of, value, pieces }) => pieces.length > 0 && (of === 'ra' || Math.abs(value) < 90))
}

/** Where a line's name stands: the lowest place of an RA line in the box, the leftmost of a Dec line. */
export function labelPlace({ of, pieces }: GridLine, { width, height }: Box): [number, number] | null {
  let best: [number, number] | null = null
  for (const piece of pieces)
    for (let i = 1; i < piece.length; i++) {
      const [[px, py], [qx, qy]] = [piece[i - 1]!, piece[i]!]
      for (const t of [0, 0.5, 1]) {
        const at: [number, number] = [px + (qx - px) * t, py + (qy - py) * t]
        if (at[0] < 4 || at[1] < 4 || at[0] > width - 4 || at[1] > height - 4) continue
        if (!best || (of === 'ra' ? at[1] > best[1] : at[0] < best[0])) best = at
      }
    }
  return best
}

/** Unit directions of north and east in pixels of the image, at a place of it; null where there is no sky. */
export function compassAt(
  wcs: Sky,
  x: number,
  y: number,
): { north: [number, number]; east: [number, number] } | null {
  const [ra, dec] = wcs.pixelToSky(x, y)
  if (!Number.isFinite(ra) || !Number.isFinite(dec)) return null
  const step = Math.max(1e-7, wcs.pixelScaleDeg(x, y) / 2)
  const here = wcs.skyToPixel(ra, dec)
  // At a pole there is no way further north; the way back is as good.
  const back = dec + step > 90 ? -1 : 1
  const up = wcs.skyToPixel(ra, dec + back * step)
  const left = wcs.skyToPixel(ra + step / Math.max(1e-6, Math.cos((dec * Math.PI) / 180)), dec)
  if (!here || !up || !left) return null
  const unit = (to: readonly [number, number], sign: number): [number, number] => {
    const [u, v] = [sign * (to[0] - here[0]), sign * (to[1] - here[1])]
    const length = Math.hypot(u, v)
    return [u / length, v / length]
  }
  const [north, east] = [unit(up, back), unit(left, 1)]
  return [...north, ...east].every(Number.isFinite) ? { north, east } : null
}

/** How a view is turned so that north is up and east to the left. */
export function northUp(wcs: Sky, x: number, y: number): Pick<View, 'turn' | 'mirrored'> | null {
  const compass = compassAt(wcs, x, y)
  if (!compass) return null
  const { north, east } = compass
  const angle = Math.atan2(north[1], north[0])
  const mirrored = north[0] * east[1] - north[1] * east[0] < 0
  return { turn: mirrored ? angle - Math.PI / 2 : Math.PI / 2 - angle, mirrored }
}

const bars = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((mas): [number, string] => [mas / 3.6e6, `${mas} mas`]),
  ...[1, 2, 5, 10, 20, 30].map((arcsec): [number, string] => [arcsec / 3600, `${arcsec}″`]),
  ...[1, 2, 5, 10, 20, 30].map((arcmin): [number, string] => [arcmin / 60, `${arcmin}′`]),
  ...[1, 2, 5, 10, 20, 30, 60].map((deg): [number, string] => [deg, `${deg}°`]),
]

/** A round length that is 70 to 180 pixels of the screen; in pixels of the image where it has no sky. */
export function scaleBar(degPerPixel: number | null, zoom: number): { length: number; text: string } {
  if (degPerPixel !== null && degPerPixel > 0) {
    const found = bars.find(([deg]) => (deg / degPerPixel) * zoom >= 70)
    if (found) return { length: (found[0] / degPerPixel) * zoom, text: found[1] }
  }
  const power = 10 ** Math.ceil(Math.log10(70 / zoom))
  const pixels = [power / 5, power / 2, power].find((each) => each * zoom >= 70) ?? power
  return { length: pixels * zoom, text: `${pixels} px` }
}
