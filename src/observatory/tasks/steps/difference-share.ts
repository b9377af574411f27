import type { Mask, Plane } from '#science/image/plane.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import type { Kernel } from '#science/image/subtract/decorrelate.ts'
import type { Difference, SubtractInput } from '#science/image/subtract/options.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { apertures, forcedAt } from './aperture-fluxes.ts'
import type { Objects } from './objects.ts'
import type { SubtractWork } from './subtract-region.ts'

/**
 * Aperture flux of a star on the difference over that on the frame: a difference has the stars of the blurrier picture, and the zero
 * point is that of apertures on the frame.
 */
export interface TileShare {
  /** Pixels of the frame. */
  readonly core: Box
  readonly share: number
}

interface Positions {
  readonly x: Float64Array
  readonly y: Float64Array
}

/** Brightest stars that are measured. */
const mostStars = 60

type Measuring = Pick<SubtractWork, 'config' | 'fwhm'>

/** The frame as the difference would be if the template were empty; before it is whitened. On the arena. */
export function frameAlone(
  first: SubtractInput,
  second: SubtractInput,
  { difference, direction, fluxScale }: Pick<Difference, 'difference' | 'direction' | 'fluxScale'>,
  { arena }: Workshop,
): Plane {
  const { width, height } = first.plane
  const data = arena.float32(width * height)
  if (direction === 'template') data.set(first.plane.data)
  else for (let i = 0; i < data.length; i++) data[i] = difference.data[i]! + fluxScale * second.plane.data[i]!
  return { width, height, data }
}

/** By the brightest stars of a tile, in both planes at the same places; 1 where none can be measured. `stars` begin with the brightest. */
export function shareOfStars(
  frame: Plane,
  alone: Plane,
  mask: Mask,
  stars: Positions,
  input: Measuring,
  workshop: Workshop,
): number {
  const places = { x: [...stars.x.subarray(0, mostStars)], y: [...stars.y.subarray(0, mostStars)] }
  const [before, after] = [frame, alone].map((plane) => fluxesAt(plane, mask, places, input, workshop))
  const shares = [...before!.flux.keys()]
    .filter((i) => before!.flags[i] === 0 && after!.flags[i] === 0 && before!.flux[i]! > 0)
    .map((i) => after!.flux[i]! / before!.flux[i]!)
    .filter((share) => share > 0)
    .toSorted((a, b) => a - b)
  return shares.length === 0 ? 1 : (shares[(shares.length - 1) >> 1]! + shares[shares.length >> 1]!) / 2
}

/** By the point spreads of frame and difference, each with unit sum. */
export function shareOfPoints(
  frame: Kernel,
  difference: Kernel,
  input: Measuring,
  workshop: Workshop,
): number {
  const reach = Math.ceil(apertures(input.config, input.fwhm).outer) + 2
  const half = Math.max(reach, (frame.size - 1) / 2, (difference.size - 1) / 2)
  const size = 2 * half + 1
  const mask: Mask = { width: size, height: size, data: new Uint8Array(size * size) }
  const fluxOf = (points: Kernel): number => {
    const plane: Plane = { width: size, height: size, data: new Float32Array(size * size) }
    const corner = half - (points.size - 1) / 2
    for (let y = 0; y < points.size; y++)
      for (let x = 0; x < points.size; x++)
        plane.data[(corner + y) * size + corner + x] = points.data[y * points.size + x]!
    return fluxesAt(plane, mask, { x: [half], y: [half] }, input, workshop).flux[0]!
  }
  const share = fluxOf(difference) / fluxOf(frame)
  return share > 0 && share < Infinity ? share : 1
}

function fluxesAt(
  plane: Plane,
  mask: Mask,
  places: { readonly x: readonly number[]; readonly y: readonly number[] },
  { config, fwhm }: Measuring,
  workshop: Workshop,
): Objects {
  const noise = new Float32Array(plane.data.length).fill(1)
  const held = { ...config, centroid_targets: false }
  return forcedAt(plane, mask, 0, { ...places, config: held, fwhm, gain: 0, noise, workshop })
}

/** Fluxes of the difference, in pixels of the frame, as apertures on the frame would measure them. */
export function asOnFrame(objects: Objects, shares: readonly TileShare[]): Objects {
  const factors = objects.x.map((x, i) => 1 / shareAt(shares, x, objects.y[i]!))
  const scaled = (values: Float64Array): Float64Array => values.map((value, i) => value * factors[i]!)
  return {
    ...objects,
    flux: scaled(objects.flux),
    fluxErr: scaled(objects.fluxErr),
    bgFluxErr: scaled(objects.bgFluxErr),
  }
}

function shareAt(shares: readonly TileShare[], x: number, y: number): number {
  const [column, row] = [Math.round(x), Math.round(y)]
  const within = shares.find(
    ({ core }) => column >= core.x0 && column < core.x1 && row >= core.y0 && row < core.y1,
  )
  return within?.share ?? 1
}
