/** Places on the Earth: geodetic coordinates (WGS84), their Cartesian form, and well-known observatories by name. */
import { Problem } from '#problem.ts'
import { radiansPerDegree } from './vectors.ts'
import type { Vector } from './vectors.ts'

export interface Site {
  readonly name: string
  /** Geodetic, degrees, east positive. */
  readonly longitudeDeg: number
  /** Geodetic, degrees. */
  readonly latitudeDeg: number
  /** Above the WGS84 ellipsoid (observatories publish height above the sea, up to 100 m less; 20 mas at most). */
  readonly heightM: number
}

/** Slug, name, longitude east, latitude, height, other names; positions as the observatories publish them. */
const observatories: readonly (readonly [string, string, number, number, number, ...string[]])[] = [
  ['apache-point', 'Apache Point Observatory', -105.82, 32.78, 2798, 'apo', 'sdss'],
  ['calar-alto', 'Calar Alto Observatory', -2.5461, 37.2236, 2168, 'caha'],
  [
    'cerro-pachon',
    'Cerro Pachón (Gemini South, SOAR)',
    -70.7366833,
    -30.2407417,
    2750,
    'gemini south',
    'soar',
  ],
  [
    'cerro-tololo',
    'Cerro Tololo Inter-American Observatory',
    -70.815,
    -30.1652778,
    2215,
    'ctio',
    'decam',
    'blanco',
  ],
  ['concordia', 'Concordia Station, Dome C', 123.3326, -75.0999, 3233, 'dome c'],
  ['ekar', 'Asiago Observatory, Cima Ekar', 11.5811333, 45.8485889, 1413, 'asiago'],
  ['el-sauce', 'El Sauce Observatory', -70.7631, -30.4725, 1570, '7dt'],
  ['greenwich', 'Royal Observatory Greenwich', -0.001475, 51.477811, 46],
  ['haleakala', 'Haleakalā Observatories', -156.169, 20.71552, 3048, 'pan-starrs', 'ps1', 'atlas-hko'],
  ['hanle', 'Indian Astronomical Observatory, Hanle', 78.9642, 32.7794, 4500, 'iao', 'growth-india'],
  ['haute-provence', 'Observatoire de Haute-Provence', 5.7133, 43.9308, 650, 'ohp'],
  ['kitt-peak', 'Kitt Peak National Observatory', -111.6, 31.9633333, 2120, 'kpno', 'desi'],
  [
    'la-palma',
    'Roque de los Muchachos Observatory',
    -17.88,
    28.7583333,
    2327,
    'orm',
    'roque de los muchachos',
    'gtc',
    'not',
    'goto',
  ],
  ['la-silla', 'La Silla Observatory', -70.73, -29.2566667, 2347, 'lso', 'blackgem'],
  ['las-campanas', 'Las Campanas Observatory', -70.7016667, -29.0033333, 2282, 'lco', 'magellan'],
  ['lick', 'Lick Observatory', -121.6366667, 37.3433333, 1290, 'kait'],
  ['lulin', 'Lulin Observatory', 120.8736, 23.4686, 2862],
  ['maidanak', 'Maidanak Observatory', 66.8964, 38.6733, 2593],
  [
    'maunakea',
    'Maunakea Observatories',
    -155.4690468,
    19.8238014,
    4213,
    'mauna kea',
    'gemini north',
    'keck',
    'cfht',
    'subaru',
  ],
  ['mcdonald', 'McDonald Observatory', -104.0216667, 30.6716667, 2075, 'het'],
  ['palomar', 'Palomar Observatory', -116.863, 33.356, 1706, 'ztf', 'p48', 'winter'],
  ['paranal', 'Paranal Observatory', -70.4049869, -24.6274394, 2669, 'vlt', 'eso', 'vista'],
  ['pic-du-midi', 'Pic du Midi Observatory', 0.1428, 42.9364, 2877],
  ['rubin', 'Vera C. Rubin Observatory', -70.749417, -30.244639, 2663, 'lsst', 'simonyi'],
  ['siding-spring', 'Siding Spring Observatory', 149.0611944, -31.2733611, 1149, 'sso', 'skymapper'],
  [
    'sutherland',
    'South African Astronomical Observatory, Sutherland',
    20.8107,
    -32.3795,
    1798,
    'saao',
    'salt',
    'meerlicht',
  ],
  ['teide', 'Teide Observatory', -16.5097, 28.3, 2390, 'izana', 'tenerife'],
  [
    'whipple',
    'Whipple Observatory, Mount Hopkins',
    -110.8775,
    31.6809444,
    2320,
    'flwo',
    'mmt',
    'mount hopkins',
  ],
  ['xinglong', 'Xinglong Observatory', 117.575, 40.3933333, 950, 'bao', 'tnt'],
]

export interface Observatory extends Site {
  readonly slug: string
  readonly aliases: readonly string[]
}

/** The built-in observatories, by slug. */
export const sites: readonly Observatory[] = observatories.map(
  ([slug, name, longitudeDeg, latitudeDeg, heightM, ...aliases]) => ({
    slug,
    name,
    longitudeDeg,
    latitudeDeg,
    heightM,
    aliases,
  }),
)

/** Lower case, without accents, blanks and punctuation. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
}

/**
 * A built-in observatory by slug, name or alias; case, accents and punctuation do not matter.
 *
 * @throws Problem site.unknown with the nearest names
 */
export function findSite(name: string): Observatory {
  const wanted = plain(name)
  const names = (site: Observatory) => [site.slug, site.name, ...site.aliases].map(plain)
  const found = sites.find((site) => names(site).includes(wanted))
  if (found) return found
  const ranked = sites
    .map((site) => ({
      slug: site.slug,
      cost: Math.min(...names(site).map((known) => likeness(wanted, known))),
    }))
    .sort((a, b) => a.cost - b.cost)
  const near = ranked.filter(({ cost }) => cost <= Math.max(2, wanted.length / 2)).slice(0, 3)
  const suggestions = near.map(({ slug }) => slug)
  throw new Problem(
    'site.unknown',
    suggestions.length > 0
      ? `There is no site "${name}"; did you mean ${suggestions.join(' or ')}?`
      : `There is no site "${name}"; known are ${sites.map(({ slug }) => slug).join(', ')}.`,
    { name, suggestions },
  )
}

/** Edits between two names (Levenshtein); a name that contains the other costs one. */
function likeness(a: string, b: string): number {
  if (a.length >= 4 && (b.includes(a) || a.includes(b))) return 1
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]
}

/** @throws Problem site.invalid where a coordinate is missing or out of range */
export function checkSite({ name, longitudeDeg, latitudeDeg, heightM }: Site): void {
  const wrong = (what: string) => new Problem('site.invalid', `The site "${name}" has ${what}.`, { name })
  if (!(Math.abs(latitudeDeg) <= 90)) throw wrong(`the latitude ${latitudeDeg}, outside −90 to +90 degrees`)
  if (!(Math.abs(longitudeDeg) <= 360))
    throw wrong(`the longitude ${longitudeDeg}, outside −360 to +360 degrees east`)
  if (!(heightM > -12_000 && heightM < 100_000))
    throw wrong(`the height ${heightM} m, which is not on the Earth`)
}

const equatorialRadiusM = 6_378_137
const flattening = 1 / 298.257223563

/** Geocentric Cartesian coordinates (ITRS, metres) of geodetic ones on WGS84. */
export function geocentricOf({ longitudeDeg, latitudeDeg, heightM }: Site): Vector {
  const sinLat = Math.sin(latitudeDeg * radiansPerDegree)
  const cosLat = Math.cos(latitudeDeg * radiansPerDegree)
  const squared = (1 - flattening) ** 2
  const normal = equatorialRadiusM / Math.sqrt(cosLat * cosLat + squared * sinLat * sinLat)
  const across = (normal + heightM) * cosLat
  return [
    across * Math.cos(longitudeDeg * radiansPerDegree),
    across * Math.sin(longitudeDeg * radiansPerDegree),
    (normal * squared + heightM) * sinLat,
  ]
}
