import { levelRows, rmsRows, type Background } from '#science/image/background/map.ts'
import { refineCentroids } from '#science/image/photometry/centroid.ts'
import { aperturePhotometry } from '#science/image/photometry/forced.ts'
import { optimalFlux } from '#science/image/photometry/optimal.ts'
import { sourceFlags, type Mask, type Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import { noObjects, type Objects } from './objects.ts'

export interface Apertures {
  readonly radius: number
  readonly inner: number
  readonly outer: number
}

export function apertures(config: TaskConfig, fwhm: number): Apertures {
  return {
    radius: config.rel_aper * fwhm,
    inner: config.rel_bg1 * fwhm,
    outer: Math.max(config.rel_bg2, config.rel_bg1 + 0.5) * fwhm,
  }
}

export interface MeasuringOptions extends Apertures {
  /** e⁻ per ADU. */
  readonly gain: number
  /** Instead of the noise of the background. */
  readonly noise?: Float32Array | undefined
  /** Weights pixels by the profile of a star of this width instead of summing them. */
  readonly optimal?: { readonly fwhm: number; readonly workshop: Workshop } | undefined
}

/** Fluxes of objects over a local sky, of a plane whose background has been taken away; other columns are passed on. */
export function measureApertures(
  plane: Plane,
  mask: Mask | null,
  background: Background | number,
  objects: Objects,
  { radius, inner, outer, gain, noise, optimal }: MeasuringOptions,
): Objects {
  const { x, y } = objects
  const rms = noise ?? (typeof background === 'number' ? background : noiseFunction(background))
  const found = aperturePhotometry(plane, x, y, { radius, annulus: [inner, outer], mask, noise: rms, gain })
  const level = typeof background === 'number' ? () => 0 : levelFunction(background)
  const places = {
    bg: x.map((_, i) => level(x[i]!, y[i]!)),
    bgLocal: found.sky,
  }
  if (!optimal)
    return {
      ...objects,
      ...places,
      flux: found.flux,
      fluxErr: found.fluxErr,
      flags: objects.flags.map((flags, i) => flags | found.flags[i]!),
      bgFluxErr: found.skyErr,
    }
  const best = optimalFlux(
    plane,
    x,
    y,
    { fwhm: optimal.fwhm, radius, mask, noise: rms, gain },
    optimal.workshop,
  )
  return {
    ...objects,
    ...places,
    flux: best.flux,
    fluxErr: best.fluxErr,
    flags: objects.flags.map(
      (flags, i) => flags | best.flags[i]! | (Number.isFinite(best.flux[i]!) ? 0 : sourceFlags.shapeOutlier),
    ),
    bgFluxErr: best.skyErr,
  }
}

/** A map at a place, from rows that are made as they are asked for. */
function mapFunction(
  width: number,
  height: number,
  rows: (y: number, out: Float32Array) => void,
): (x: number, y: number) => number {
  const kept = new Map<number, Float32Array>()
  return (x, y) => {
    const line = Math.min(height - 1, Math.max(0, Math.round(y)))
    let row = kept.get(line)
    if (!row) {
      if (kept.size > 64) kept.delete(kept.keys().next().value ?? -1)
      row = new Float32Array(width)
      rows(line, row)
      kept.set(line, row)
    }
    return row[Math.min(width - 1, Math.max(0, Math.round(x)))]!
  }
}

export function noiseFunction(background: Background): (x: number, y: number) => number {
  return mapFunction(background.width, background.height, (y, out) => rmsRows(background, y, y + 1, out))
}

function levelFunction(background: Background): (x: number, y: number) => number {
  return mapFunction(background.width, background.height, (y, out) => levelRows(background, y, y + 1, out))
}

/** Fluxes at places that are given, optionally moved to the centre of light, whether something is seen there or not. */
export function forcedAt(
  plane: Plane,
  mask: Mask,
  background: Background | number,
  {
    config,
    fwhm,
    gain,
    x,
    y,
    noise,
    workshop,
  }: {
    readonly config: TaskConfig
    readonly fwhm: number
    readonly gain: number
    readonly x: readonly number[]
    readonly y: readonly number[]
    readonly noise?: Float32Array
    readonly workshop: Workshop
  },
): Objects {
  const places = config.centroid_targets
    ? refineCentroids(plane, x, y, { mask, size: config.rel_aper * fwhm, iterations: 5, leash: fwhm })
    : { x: Float64Array.from(x), y: Float64Array.from(y) }
  return measureApertures(
    plane,
    mask,
    background,
    { ...noObjects(x.length), x: places.x, y: places.y },
    {
      ...apertures(config, fwhm),
      gain,
      noise,
      optimal: config.optimal_extraction ? { fwhm, workshop } : undefined,
    },
  )
}
