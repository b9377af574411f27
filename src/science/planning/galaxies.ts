/**
 * Galaxies as places to look at: which of a catalogue fit a map, and how much each weighs. Two families of weights:
 * probability per volume (dP/dV; Singer et al. 2016, ApJL 829, L15), alone or times luminosity or stellar mass, and the
 * grades of GRANDMA (Antier et al. 2020, MNRAS 492, 3904; Ducoin et al. 2020, MNRAS 492, 4768).
 */
import { Problem } from '#problem.ts'
import { cellAreasSr, cellAt } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { momentsOf } from '#science/skymap/moments.ts'
import { normalDensity } from '#science/skymap/normal.ts'
import { rank } from '#science/skymap/rank.ts'
import { rankPlaces } from '#science/skymap/volume.ts'

/** Columns of galaxies; NaN is a value that the catalogue does not have. */
export interface Galaxies {
  /** Degrees, ICRS. */
  readonly ra: ArrayLike<number>
  readonly dec: ArrayLike<number>
  /** Luminosity distance, Mpc. */
  readonly distanceMpc: ArrayLike<number>
  /** Apparent magnitude, band B. */
  readonly magB?: ArrayLike<number>
  /** Stellar mass, solar masses. */
  readonly massSun?: ArrayLike<number>
}

/**
 * `density`: dP/dV. `luminosity`, `mass`: times L_B, times stellar mass. `Sloc`, `S`, `Smass`: the grades of GRANDMA.
 * Galaxies without the magnitude that `luminosity` and `S` need, or the mass that `mass` needs, are left out;
 * `Smass` grades those without a mass by their place alone.
 */
export const galaxyWeights = ['density', 'luminosity', 'mass', 'Sloc', 'S', 'Smass'] as const
export type GalaxyWeight = (typeof galaxyWeights)[number]

export interface GalaxyOptions {
  /** Default `density`. */
  readonly weight?: GalaxyWeight
  /**
   * Credible level that bounds the choice, default 0.9: of the volume for `density`, `luminosity` and `mass` on a map with
   * distances, else of the area.
   */
  readonly level?: number
  /** Best galaxies kept, default 2,000. */
  readonly count?: number
  /** Exponents of the grades: of the probability on the sky and of that of the distance, default 1. */
  readonly powerlaw?: number
  readonly distancePowerlaw?: number
  /** Apparent magnitude that an exposure reaches, for S_det, default 22. */
  readonly limitingMagnitude?: number
  /** Absolute magnitudes of a kilonova, brightest and faintest, for S_det, default −17 and −12. */
  readonly kilonova?: readonly [brightest: number, faintest: number]
  /** Weight of the mass in `Smass`, default 1: as much as the place, on average. */
  readonly beta?: number
}

export interface RankedGalaxy {
  /** Row among those given. */
  readonly index: number
  /** Σ over all that are kept is 1. */
  readonly weight: number
  /** dP/dV, Mpc⁻³; on a map without distances dP/dΩ, sr⁻¹. */
  readonly density: number
  /** Credible level of the volume (on a map without distances of the area) at which the galaxy comes in. */
  readonly level: number
  /** Not normalised; NaN where the catalogue lacks what they need. */
  readonly grades: { readonly sloc: number; readonly s: number; readonly smass: number }
}

export interface GalaxyRanking {
  /** Best first; empty where no galaxy fits the map: use tiling then. */
  readonly galaxies: readonly RankedGalaxy[]
  /** Why the others are not among them. */
  readonly left: {
    /** On the sky or in distance outside of what the map allows. */
    readonly outside: number
    /** Without a distance, where the map has distances. */
    readonly withoutDistance: number
    /** Without magnitude or mass, where the weight needs it. */
    readonly withoutProperty: number
    /** Beyond `count`. */
    readonly beyond: number
  }
}

/** Absolute magnitude of the Sun, band B as GRANDMA has it, and the magnitude step of a factor. */
const SUN = 4.83
const STEP = 2.512

/** Solar luminosities of an absolute magnitude. */
function luminosity(absolute: number): number {
  return STEP ** (SUN - absolute)
}

/** Absolute magnitude of an apparent one at a luminosity distance, Mpc. */
function absoluteOf(apparent: number, distanceMpc: number): number {
  return apparent - 5 * Math.log10(distanceMpc) - 25
}

/** B luminosity, solar units, of an apparent magnitude at a luminosity distance (Mpc); NaN where one is unknown. */
export function luminosityB(magB: number, distanceMpc: number): number {
  return distanceMpc > 0 ? luminosity(absoluteOf(magB, distanceMpc)) : Number.NaN
}

/** Part of a kilonova's range of luminosities that is seen at a distance, between 0.01 and 1. */
function detectability(
  distanceMpc: number,
  { limitingMagnitude = 22, kilonova: [brightest, faintest] = [-17, -12] }: GalaxyOptions,
): number {
  const [most, least] = [luminosity(brightest), luminosity(faintest)]
  const seen = (most - luminosity(absoluteOf(limitingMagnitude, distanceMpc))) / (most - least)
  return Math.min(1, Math.max(0.01, seen))
}

/** Level of each cell: probability of every cell at least as dense. */
function cellLevels(map: SkyMap): Float64Array {
  const ranking = rank(map)
  const levels = new Float64Array(map.order.length)
  ranking.index.forEach((cell, n) => void (levels[cell] = Math.min(1, ranking.probability[n])))
  return levels
}

/** One galaxy that lies where the map allows it. */
interface Fit {
  index: number
  cell: number
  density: number
  level: number
}

/**
 * Galaxies that fit a map, best first, with weights that sum to one. O(galaxies · log cells), and on a map with distances
 * one pass over its volume.
 * @throws Problem planning.invalid
 */
export function rankGalaxies(map: SkyMap, galaxies: Galaxies, options: GalaxyOptions = {}): GalaxyRanking {
  const { weight = 'density', level = 0.9, count = 2000 } = options
  if (!(level > 0 && level <= 1))
    throw new Problem('planning.invalid', `Galaxies are chosen in a level between 0 and 1, not ${level}.`)
  const byGrade = weight === 'Sloc' || weight === 'S' || weight === 'Smass'
  const levels = cellLevels(map)
  const total = galaxies.ra.length
  const fits: Fit[] = []
  let withoutDistance = 0
  for (let i = 0; i < total; i++) {
    if (map.distance && !(galaxies.distanceMpc[i] > 0)) {
      withoutDistance++
      continue
    }
    const cell = cellAt(map, galaxies.ra[i], galaxies.dec[i])
    const onSky =
      map.density[cell] > 0 && levels[cell] - map.density[cell] * cellAreasSr[map.order[cell]] < level
    // A volume reaches beyond the area of its level, but no farther than where the map has a distance at all.
    const kept =
      byGrade || !map.distance
        ? onSky && inDistance(map, cell, galaxies.distanceMpc[i])
        : map.density[cell] > 0
    if (kept) fits.push({ index: i, cell, density: map.density[cell], level: levels[cell] })
  }
  const inside = map.distance ? inVolume(map, galaxies, fits, byGrade ? 1 : level) : fits
  const graded = gradesOf(map, galaxies, inside, options)
  const weights = inside.map((fit, n) => weightOf(weight, fit, galaxies, graded[n]))
  const known = [...inside.keys()].filter((n) => Number.isFinite(weights[n]))
  const heavy = known
    .filter((n) => weights[n] > 0)
    .sort((a, b) => weights[b] - weights[a] || inside[a].index - inside[b].index)
  const best = heavy.slice(0, count)
  let sum = 0
  for (const n of best) sum += weights[n]
  return {
    galaxies: best.map((n) => ({
      index: inside[n].index,
      weight: weights[n] / sum,
      density: inside[n].density,
      level: inside[n].level,
      grades: graded[n],
    })),
    left: {
      outside: total - withoutDistance - inside.length + (known.length - heavy.length),
      withoutDistance,
      withoutProperty: inside.length - known.length,
      beyond: heavy.length - best.length,
    },
  }
}

/** Within three standard deviations of the mean distance in a cell; the moments, not the parameters μ and σ. */
function inDistance(map: SkyMap, cell: number, distanceMpc: number): boolean {
  if (!map.distance) return true
  const { mu, sigma, norm } = map.distance
  const moments = momentsOf({ mu: mu[cell], sigma: sigma[cell], norm: norm[cell] })
  return moments !== undefined && Math.abs(distanceMpc - moments.mean) <= 3 * moments.std
}

/** dP/dV and level of the volume for each; those beyond `level` fall away. */
function inVolume(map: SkyMap, galaxies: Galaxies, fits: readonly Fit[], level: number): Fit[] {
  const places = fits.map(({ index }) => ({
    ra: galaxies.ra[index],
    dec: galaxies.dec[index],
    distanceMpc: galaxies.distanceMpc[index],
  }))
  const ranked = places.length > 0 ? rankPlaces(map, places) : []
  return ranked
    .filter((place) => place.densityPerMpc3 > 0 && place.level <= level)
    .map((place) => ({ ...fits[place.index], density: place.densityPerMpc3, level: place.level }))
}

/**
 * S_loc = (dP/dΩ)ⁿ · [N φ((r − μ)/σ)/σ]ᵉ; with n = 1 that is p/area of a pixel of any size. S = S_loc · S_lum · S_det and
 * S_mass = S_loc · (1 + α β m) with m = M/ΣM and α = Σ S_loc / Σ (S_loc m) over those with a mass.
 */
function gradesOf(
  map: SkyMap,
  galaxies: Galaxies,
  fits: readonly Fit[],
  options: GalaxyOptions,
): RankedGalaxy['grades'][] {
  const { powerlaw = 1, distancePowerlaw = 1, beta = 1 } = options
  const { magB, massSun, distanceMpc } = galaxies
  const sloc = fits.map(({ index, cell }) => {
    const onSky = map.density[cell] ** powerlaw
    if (!map.distance) return onSky
    if (!inDistance(map, cell, distanceMpc[index])) return 0
    const { mu, sigma, norm } = map.distance
    const radial = (norm[cell] * normalDensity((distanceMpc[index] - mu[cell]) / sigma[cell])) / sigma[cell]
    return onSky * radial ** distancePowerlaw
  })
  const light = fits.map(({ index }) => (magB ? luminosityB(magB[index], distanceMpc[index]) : Number.NaN))
  const mass = fits.map(({ index }) => (massSun && massSun[index] > 0 ? massSun[index] : Number.NaN))
  const allLight = sumOf(light)
  const allMass = sumOf(mass)
  let placed = 0
  let weighed = 0
  for (let n = 0; n < fits.length; n++) {
    if (Number.isNaN(mass[n])) continue
    placed += sloc[n]
    weighed += (sloc[n] * mass[n]) / allMass
  }
  const alpha = weighed > 0 ? placed / weighed : 0
  return fits.map(({ index }, n) => {
    const seen = distanceMpc[index] > 0 ? detectability(distanceMpc[index], options) : 1
    const part = Number.isNaN(mass[n]) ? 0 : mass[n] / allMass
    return {
      sloc: sloc[n],
      s: sloc[n] * (light[n] / allLight) * seen,
      smass: sloc[n] * (1 + alpha * beta * part),
    }
  })
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0)
}

function weightOf(
  weight: GalaxyWeight,
  { density, index }: Fit,
  { magB, massSun, distanceMpc }: Galaxies,
  grades: RankedGalaxy['grades'],
): number {
  if (weight === 'density') return density
  if (weight === 'luminosity') return density * luminosityB(magB?.[index] ?? Number.NaN, distanceMpc[index])
  if (weight === 'mass') return density * (massSun?.[index] ?? Number.NaN)
  return weight === 'Sloc' ? grades.sloc : weight === 'S' ? grades.s : grades.smass
}
