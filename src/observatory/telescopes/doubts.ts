import { separation } from '#science/sky/vectors.ts'
import { likePlace, siteNamed, sitesIn } from './places.ts'
import type { DefinitionProblem, Doubt, Telescope, TelescopeDefinition } from './telescope.ts'
import type { KeyPath } from './toml-lines.ts'

/** What a definition is compared with. */
export type Neighbour = Pick<
  Telescope,
  'slug' | 'name' | 'site' | 'ground' | 'footprint' | 'fieldAreaDeg2' | 'alternativeTo' | 'origin' | 'doubts'
>

/**
 * A circle of twice the radius that a shipped telescope of this name, or the same instrument at the same place, has: the
 * diameter was written. What the shipped one says is known better.
 */
export function diameterProblem(
  telescope: TelescopeDefinition,
  shipped: Iterable<TelescopeDefinition>,
  lineOf: (path: KeyPath) => number,
): DefinitionProblem | null {
  const { footprint } = telescope
  if (footprint.shape !== 'circle') return null
  for (const known of shipped) {
    if (known.footprint.shape !== 'circle') continue
    if (Math.abs(footprint.radiusDeg / known.footprint.radiusDeg / 2 - 1) > 0.02) continue
    const near =
      apart(
        [telescope.site.longitude, telescope.site.latitude],
        [known.site.longitude, known.site.latitude],
      ) < 0.05
    const instrument = telescope.instrument?.toLowerCase()
    const same =
      known.slug === telescope.slug ||
      known.name.toLowerCase() === telescope.name.toLowerCase() ||
      (near && instrument !== undefined && instrument === known.instrument?.toLowerCase())
    if (same)
      return {
        line: lineOf(['footprint', 'radius_deg']),
        key: 'footprint.radius_deg',
        text: `is ${footprint.radiusDeg}, and the radius of ${known.name} is ${known.footprint.radiusDeg}: that is the diameter`,
      }
  }
  return null
}

/** Kilometres of one degree of a great circle on the ground. */
const kmPerDegree = 111.195
const farKm = 20
const highM = 500

/**
 * What may well be wrong though it could be true: those written in the definition, then those found here. A telescope is
 * compared with its neighbours, which the caller picks so that of a pair one is doubted.
 * @param alone what `doubtsAlone` says, where the caller knows it already
 */
export function doubtsOf(
  telescope: TelescopeDefinition,
  neighbours: readonly Neighbour[],
  alone: readonly Doubt[] = doubtsAlone(telescope),
): Doubt[] {
  const stated = telescope.doubts.filter((doubt) => doubt.stated)
  const compared = [...opticsDoubts(telescope, neighbours), ...pointingDoubts(telescope)].map(foundDoubt)
  return [...stated, ...alone, ...compared]
}

/** Those that need no other telescope and do not change with its grid. */
export function doubtsAlone(telescope: TelescopeDefinition): Doubt[] {
  return [
    ...placeDoubts(telescope),
    ...limitDoubts(telescope),
    ...fieldDoubts(telescope),
    ...timingDoubts(telescope),
    ...filterDoubts(telescope),
  ].map(foundDoubt)
}

function foundDoubt([key, text]: Found): Doubt {
  return { key, text, stated: false }
}

/** [longitude, latitude] in degrees, on the Earth taken as a sphere. */
function apart(a: readonly [number, number], b: readonly [number, number]): number {
  return separation(a[0], a[1], b[0], b[1])
}

type Found = readonly [key: string, text: string]

function placeDoubts({ ground, site, observatory, name, slug, timeZone }: TelescopeDefinition): Found[] {
  if (!ground) return []
  const found: Found[] = []
  // Named in so many words, or called as one that stands there.
  const named = [observatory, name, slug].flatMap((word) => (word === null ? [] : sitesIn(word)))
  for (const listed of new Set(named)) {
    const km = kmPerDegree * apart([site.longitude, site.latitude], [listed.longitudeDeg, listed.latitudeDeg])
    if (km <= farKm) {
      if (Math.abs(site.elevationM - listed.heightM) > highM)
        found.push([
          'site.elevation_m',
          `is ${site.elevationM} m, and ${listed.name} is at ${Math.round(listed.heightM)} m`,
        ])
      continue
    }
    const mirrored =
      kmPerDegree *
      Math.min(
        ...[
          [site.longitude, -site.latitude],
          [-site.longitude, site.latitude],
          [site.latitude, site.longitude],
        ].map(([a, b]) =>
          Math.abs(b!) > 90 ? Infinity : apart([a!, b!], [listed.longitudeDeg, listed.latitudeDeg]),
        ),
      )
    const hint = mirrored <= farKm ? '; a sign is wrong, or latitude and longitude are exchanged' : ''
    found.push([
      'site',
      `stands ${Math.round(km).toLocaleString('en')} km from ${listed.name} (${listed.latitudeDeg}, ${listed.longitudeDeg})${hint}`,
    ])
  }
  if (observatory !== null && siteNamed(observatory) === undefined) {
    const near = likePlace(observatory)
    if (near !== undefined)
      found.push([
        'site.observatory',
        `${JSON.stringify(observatory)} is not in the list of observatories; ${near} is`,
      ])
  }
  if (timeZone !== null) {
    const hours = offsetHours(timeZone)
    const sun = site.longitude / 15
    const off = Math.abs(((hours - sun + 36) % 24) - 12)
    if (off > 4)
      found.push([
        'time_zone',
        `${timeZone} is ${hours >= 0 ? '+' : '−'}${Math.abs(hours)} h, and at longitude ${site.longitude} the Sun keeps ${sun >= 0 ? '+' : '−'}${Math.abs(sun).toFixed(1)} h; is the sign of the longitude right?`,
      ])
  }
  if (Math.abs(site.latitude) < 0.01 && Math.abs(site.longitude) < 0.01)
    found.push(['site', 'stands at latitude 0, longitude 0, in the sea: was it filled in?'])
  return found
}

/** Of a zone in January. */
function offsetHours(timeZone: string): number {
  const january = new Date(Date.UTC(2026, 0, 15))
  const text = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(january)
    .find((part) => part.type === 'timeZoneName')?.value
  const m = /GMT([+-])(\d\d):(\d\d)/.exec(text ?? '')
  if (!m) return 0
  return (m[1] === '-' ? -1 : 1) * (Number(m[2]) + Number(m[3]) / 60)
}

/** Declination limits that would suit the other hemisphere better. */
function limitDoubts({ ground, site, limits }: TelescopeDefinition): Found[] {
  if (!ground || (limits.decMinDeg === undefined && limits.decMaxDeg === undefined)) return []
  const [low, high] = [limits.decMinDeg ?? -90, limits.decMaxDeg ?? 90]
  const zenithAngle = 90 - limits.altitudeMinDeg
  const reach = (latitude: number): number =>
    Math.max(0, Math.min(high, 90, latitude + zenithAngle) - Math.max(low, -90, latitude - zenithAngle))
  if (reach(-site.latitude) <= reach(site.latitude) + 10) return []
  return [
    [
      'site.latitude',
      `is ${site.latitude}, and the declination limits ${low} to ${high} suit ${-site.latitude} better: is the sign right?`,
    ],
  ]
}

function opticsDoubts(telescope: TelescopeDefinition, neighbours: readonly Neighbour[]): Found[] {
  const found: Found[] = []
  for (const other of neighbours) {
    if (other.slug === telescope.slug || !telescope.ground || !other.ground) continue
    const alternatives =
      telescope.alternativeTo === other.slug ||
      other.alternativeTo === telescope.slug ||
      (telescope.alternativeTo !== null && telescope.alternativeTo === other.alternativeTo)
    // One that says itself that it may stand in the wrong place proves nothing.
    if (alternatives || other.doubts.some((doubt) => doubt.stated && doubt.key === 'site')) continue
    const km =
      kmPerDegree *
      apart([telescope.site.longitude, telescope.site.latitude], [other.site.longitude, other.site.latitude])
    if (km > 0.1) continue
    const earlier = other.origin === 'shipped' || other.slug < telescope.slug
    if (earlier && sameOptics(telescope, other))
      found.push([
        'footprint',
        `is that of ${other.name} (${other.slug}) at the same position: are they one telescope?`,
      ])
    // Who describes a known circle again with twice its radius has most likely written the diameter.
    const [a, b] = [telescope.footprint, other.footprint]
    if (
      earlier &&
      a.shape === 'circle' &&
      b.shape === 'circle' &&
      Math.abs(a.radiusDeg / b.radiusDeg / 2 - 1) < 0.02
    )
      found.push([
        'footprint.radius_deg',
        `is twice that of ${other.name} (${other.slug}) at the same position: is it the diameter?`,
      ])
  }
  return found
}

function fieldDoubts({ footprint, ground }: TelescopeDefinition): Found[] {
  if (!ground || footprint.shape !== 'circle' || footprint.radiusDeg <= 15) return []
  return [
    [
      'footprint.radius_deg',
      `is ${footprint.radiusDeg}°, a field as hardly a telescope on the ground has: is it in degrees?`,
    ],
  ]
}

function sameOptics(
  a: Pick<Telescope, 'footprint' | 'fieldAreaDeg2'>,
  b: Pick<Telescope, 'footprint' | 'fieldAreaDeg2'>,
): boolean {
  return a.footprint.shape === b.footprint.shape && Math.abs(a.fieldAreaDeg2 / b.fieldAreaDeg2 - 1) < 0.01
}

function timingDoubts({ slew, maxExposureS, filters }: TelescopeDefinition): Found[] {
  const found: Found[] = []
  const axes =
    slew.mount === 'direct'
      ? [slew.axis]
      : slew.mount === 'equatorial'
        ? [slew.hourAngle, slew.declination]
        : [slew.azimuth, slew.altitude]
  for (const { rateDegPerS } of axes) {
    if (rateDegPerS === 0)
      found.push(['slew', `has a rate of 0: it is taken as unknown, and planned with ${unknownRate} deg/s`])
    else if (rateDegPerS > 60) found.push(['slew', `has a rate of ${rateDegPerS} deg/s, as no mount moves`])
    else if (rateDegPerS < 0.02)
      found.push([
        'slew',
        `has a rate of ${rateDegPerS} deg/s, hours for a turn: is it in degrees per second?`,
      ])
  }
  const longest = filters.find((filter) => maxExposureS !== null && filter.exposureS > maxExposureS)
  if (longest)
    found.push([
      'timing.max_exposure_s',
      `is ${maxExposureS}, and the depth in ${longest.name} is stated for ${longest.exposureS} s: it takes several exposures`,
    ])
  return found
}

/** Planned with where nobody knows, deg/s. */
export const unknownRate = 1

function filterDoubts({ filters }: TelescopeDefinition): Found[] {
  const found: Found[] = []
  const without = filters.filter((filter) => filter.depthMag === null).map((filter) => filter.name)
  if (without.length > 0) found.push(['filter', `has no depth for ${without.join(', ')}`])
  for (const { name, depthMag } of filters) {
    if (depthMag !== null && (depthMag < 8 || depthMag > 29))
      found.push(['filter', `has a depth of ${depthMag} mag in ${name}, where surveys reach 8 to 29`])
  }
  return found
}

function pointingDoubts({ pointing, footprint, fieldAreaDeg2 }: TelescopeDefinition): Found[] {
  if (pointing.how === 'free')
    return pointing.wants === undefined
      ? []
      : [
          [
            'pointing',
            `asks for the grid ${JSON.stringify(pointing.wants)}, which has not been uploaded: fields are laid freely`,
          ],
        ]
  const covered = pointing.fields * fieldAreaDeg2
  const hint = footprint.shape === 'mosaic' ? '' : ': do grid and footprint belong together?'
  return pointing.rule?.kind === 'rows' && covered < 0.8 * 41_253
    ? [
        [
          'pointing',
          `leaves gaps: ${pointing.fields.toLocaleString('en')} fields of ${fieldAreaDeg2.toFixed(2)} deg2 cover less than the sky${hint}`,
        ],
      ]
    : []
}
