/** From detections to candidates: what catalogues, blends of their stars and moving objects explain is taken away. */
import { filterOf } from '#science/image/calibration/filters.ts'
import type { FilterName } from '#science/image/calibration/filters.ts'
import { sourceFlags } from '#science/image/plane.ts'
import { clustersSky, matchSky, nearestSky, pairsSky } from '#science/sources/match.ts'
import { referenceCatalogueNamed } from './reference-catalogues.ts'
import type { ReferenceCatalogue } from './reference-catalogues.ts'

type Numbers = ArrayLike<number>

export interface Detected {
  /** ICRS degrees. */
  readonly ra: Numbers
  readonly dec: Numbers
  /** Calibrated, in the frame's filter. */
  readonly magnitude: Numbers
}

export interface Stars {
  readonly ra: Numbers
  readonly dec: Numbers
  /** In `band`; NaN where there is none. */
  readonly magnitude: Numbers
  readonly band: FilterName
}

/**
 * Flags with which a detection is no candidate; odd shapes only where they were looked for. Masked pixels at the rim of its
 * aperture are no reason to lose it, those of its core are.
 */
export function unwantedFlags(shapes: boolean): number {
  const wanted =
    sourceFlags.deblended |
    sourceFlags.maskedInFootprint |
    sourceFlags.maskedInAperture |
    (shapes ? 0 : sourceFlags.shapeOutlier)
  return 0x7fff & ~wanted
}

const flagNames: readonly [number, string][] = [
  [sourceFlags.neighbours, 'neighbours'],
  [sourceFlags.saturated, 'saturated'],
  [sourceFlags.truncated, 'cut by the edge'],
  [sourceFlags.apertureIncomplete, 'aperture cut by the edge'],
  [sourceFlags.isophotalIncomplete, 'footprint incomplete'],
  [sourceFlags.badSky, 'no sky around'],
  [sourceFlags.shapeOutlier, 'odd shape'],
  [sourceFlags.badPsfFit, 'bad fit'],
  [sourceFlags.largePsfShift, 'fit went astray'],
  [sourceFlags.maskedCore, 'masked core'],
]

/** Which of the unwanted flags the rows have, and how many rows each: "odd shape 0x800: 3, masked core 0x4000: 1". */
export function flagCounts(flags: Numbers, unwanted: number): string {
  return flagNames
    .map(([bit, name]) => {
      let rows = 0
      for (let i = 0; i < flags.length; i++) if ((flags[i]! & unwanted & bit) !== 0) rows++
      return rows === 0 ? '' : `${name} 0x${bit.toString(16)}: ${rows}`
    })
    .filter((each) => each !== '')
    .join(', ')
}

/** Catalogues that candidates are compared with, by declination: those that cover it. */
export function rejectionCatalogues(dec: number): ReferenceCatalogue[] {
  const keys = ['gaiaedr3']
  if (dec > -30) keys.push('ps1')
  if (dec < 0) keys.push('skymapper', 'des')
  return keys.map((key) => referenceCatalogueNamed(key))
}

/** The band of a catalogue that says most about brightness in a filter: itself, or the nearest in wavelength. */
export function comparisonBand(catalogue: ReferenceCatalogue, filter: FilterName): FilterName {
  const names = Object.keys(catalogue.native) as FilterName[]
  if (names.includes(filter)) return filter
  const { wavelength } = filterOf(filter)
  const distance = (name: FilterName) => Math.abs(filterOf(name).wavelength - wavelength)
  return names.reduce((best, each) => (distance(each) < distance(best) ? each : best))
}

export interface Rejection {
  /** 1 where something known explains the detection. */
  readonly rejected: Uint8Array
  /** Place of what explains it (or is nearest) in the list, −1 where nothing is within the radius. */
  readonly match: Int32Array
  /** Arcsec; NaN without a match. */
  readonly separation: Float64Array
  /** Detection minus catalogue, AB, less what all have in common; NaN where a magnitude is missing. */
  readonly difference: Float64Array
}

export interface RejectionOptions {
  readonly filter: FilterName
  readonly radiusArcsec: number
  /**
   * A detection that is brighter than the catalogue by at least as much stays, mag; 0 leaves none with a match. A star
   * without a magnitude explains any detection.
   */
  readonly brighterBy: number
}

/** Differences that all have in common are removed when there are more than so many. */
const enoughForMedian = 10

const toAb = (magnitude: number, band: FilterName): number => magnitude + filterOf(band).vegaToAb

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Rejects detections that a catalogue knows. Both sides are compared in AB; the inputs stay as they are. Of several stars
 * within the radius the brightest is compared, because it explains most.
 */
export function rejectKnown(detected: Detected, stars: Stars, options: RejectionOptions): Rejection {
  const n = detected.ra.length
  const pairs = pairsSky(detected.ra, detected.dec, stars.ra, stars.dec, options.radiusArcsec)
  const out: Rejection = {
    rejected: new Uint8Array(n),
    match: new Int32Array(n).fill(-1),
    separation: new Float64Array(n).fill(NaN),
    difference: new Float64Array(n).fill(NaN),
  }
  for (let k = 0; k < pairs.first.length; k++) {
    const i = pairs.first[k]!
    const j = pairs.second[k]!
    const brighter = toAb(detected.magnitude[i]!, options.filter) - toAb(stars.magnitude[j]!, stars.band)
    const known = out.difference[i]!
    const first = out.match[i] === -1
    // Without a magnitude a star explains what is there whatever its brightness.
    if (!first && (Number.isNaN(known) || brighter <= known)) continue
    out.match[i] = j
    out.separation[i] = pairs.separation[k]!
    out.difference[i] = brighter
  }
  judge(out, options.brighterBy)
  return out
}

/** Takes the common difference away and says which detections are explained. */
function judge({ rejected, match, difference }: Rejection, brighterBy: number): void {
  const finite = Array.from(difference).filter((each) => Number.isFinite(each))
  const common = finite.length > enoughForMedian ? medianOf(finite) : 0
  for (let i = 0; i < rejected.length; i++) {
    difference[i] = difference[i]! - common
    if (match[i]! < 0) continue
    const brighter = Number.isFinite(difference[i]) && brighterBy > 0 && difference[i]! <= -brighterBy
    if (!brighter) rejected[i] = 1
  }
}

export interface BlendOptions extends RejectionOptions {
  /** Stars within so much of a detection are seen as one, arcsec: twice the FWHM. */
  readonly blendArcsec: number
}

/**
 * Rejects detections that are stars seen as one: those within `blendArcsec` are put together, with their light in the
 * middle of it, and compared like a single star.
 */
export function rejectBlends(detected: Detected, stars: Stars, options: BlendOptions): Rejection {
  const near = pairsSky(detected.ra, detected.dec, stars.ra, stars.dec, options.blendArcsec)
  const members = new Map<number, number[]>()
  for (let k = 0; k < near.first.length; k++) {
    const list = members.get(near.first[k]!)
    if (list) list.push(near.second[k]!)
    else members.set(near.first[k]!, [near.second[k]!])
  }
  const n = detected.ra.length
  const out: Rejection = {
    rejected: new Uint8Array(n),
    match: new Int32Array(n).fill(-1),
    separation: new Float64Array(n).fill(NaN),
    difference: new Float64Array(n).fill(NaN),
  }
  for (const [i, list] of members) {
    const ra = list.map((j) => stars.ra[j]!)
    const dec = list.map((j) => stars.dec[j]!)
    const groups = clustersSky(ra, dec, options.blendArcsec)
    for (let group = 0; group < groups.size.length; group++) {
      if (groups.size[group]! < 2) continue
      const merged = merge(
        stars,
        list.filter((_, k) => groups.group[k] === group),
      )
      const one = matchSky(
        [detected.ra[i]!],
        [detected.dec[i]!],
        [merged.ra],
        [merged.dec],
        options.radiusArcsec,
      )
      if (one.first.length === 0) continue
      out.match[i] = merged.brightest
      out.separation[i] = one.separation[0]!
      out.difference[i] = toAb(detected.magnitude[i]!, options.filter) - toAb(merged.magnitude, stars.band)
    }
  }
  judge(out, options.brighterBy)
  return out
}

/** Centre of light and summed light of stars; those without a magnitude weigh as the faintest that has one. */
function merge(
  stars: Stars,
  list: readonly number[],
): { ra: number; dec: number; magnitude: number; brightest: number } {
  const finite = list.filter((j) => Number.isFinite(stars.magnitude[j]))
  const faintest = finite.reduce((most, j) => Math.max(most, stars.magnitude[j]!), -Infinity)
  const brightness = (j: number) =>
    finite.length === 0
      ? 1
      : 10 ** (-0.4 * (Number.isFinite(stars.magnitude[j]) ? stars.magnitude[j]! : faintest))
  const [ra0, dec0] = [stars.ra[list[0]!]!, stars.dec[list[0]!]!]
  let light = 0
  let east = 0
  let north = 0
  for (const j of list) {
    const weight = brightness(j)
    // Small angles: differences in right ascension are all on one parallel, and turned to the short way round.
    const difference = ((((stars.ra[j]! - ra0 + 180) % 360) + 360) % 360) - 180
    light += weight
    east += weight * difference
    north += weight * (stars.dec[j]! - dec0)
  }
  const total = finite.reduce((sum, j) => sum + brightness(j), 0)
  return {
    ra: ra0 + east / light,
    dec: dec0 + north / light,
    magnitude: finite.length === 0 ? NaN : -2.5 * Math.log10(total),
    brightest: list.reduce((best, j) => (brightness(j) > brightness(best) ? j : best)),
  }
}

export interface Movers {
  readonly ra: Numbers
  readonly dec: Numbers
  readonly name: readonly string[]
}

export interface MoverMatch {
  /** Name of the minor planet within the radius, null where none is. */
  readonly name: string | null
  readonly separationArcsec: number | null
}

/** Minor planets at the epoch of the frame (SkyBoT's answer) beside each detection. */
export function matchMovers(
  detected: Pick<Detected, 'ra' | 'dec'>,
  movers: Movers,
  radiusArcsec = 10,
): MoverMatch[] {
  const { index, separation } = nearestSky(detected.ra, detected.dec, movers.ra, movers.dec, radiusArcsec)
  return Array.from(index, (j, i) =>
    j < 0
      ? { name: null, separationArcsec: null }
      : { name: movers.name[j]!, separationArcsec: separation[i]! },
  )
}

/**
 * Places of the detections to keep where tiles overlap: of each group within the radius the one of highest S/N (the first
 * of equals), in their order.
 */
export function mergeDuplicates(
  detected: Pick<Detected, 'ra' | 'dec'> & { readonly snr: Numbers },
  radiusArcsec: number,
): number[] {
  const { group, size } = clustersSky(detected.ra, detected.dec, radiusArcsec)
  const best = new Int32Array(size.length).fill(-1)
  const loose: number[] = []
  for (let i = 0; i < group.length; i++) {
    const own = group[i]!
    if (own < 0) loose.push(i)
    else if (best[own]! < 0 || detected.snr[i]! > detected.snr[best[own]!]!) best[own] = i
  }
  // What has no position cannot be a double.
  return [...best, ...loose].sort((a, b) => a - b)
}

/** Places of the brightest detections among those wanted, brightest first. */
export function brightest(magnitude: Numbers, wanted: (i: number) => boolean, most = 100): number[] {
  return Array.from({ length: magnitude.length }, (_, i) => i)
    .filter((i) => wanted(i) && Number.isFinite(magnitude[i]))
    .sort((a, b) => magnitude[a]! - magnitude[b]! || a - b)
    .slice(0, most)
}
