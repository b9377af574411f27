/** What the columns of anybody's table of stars mean, told by their names, units and UCDs. */
import type { FilterName } from '#science/image/calibration/filters.ts'
import { parseDeclination, parseRightAscension } from '#science/sky/angles.ts'
import type { Column, Table } from '#science/table/table.ts'
import { isProblem, Problem } from '#problem.ts'
import type { NativeBand } from './reference-catalogues.ts'

type Kind = 'magnitude' | 'error' | 'flux' | 'fluxError' | 'inverseVariance'

const ornaments = new Set(
  'psf mean aper ap auto model cmodel sloan sdss johnson cousins bessell ps1 sm apass wavg stack cal calib calibrated ab vega mag magnitude phot'.split(
    ' ',
  ),
)
const errorWords = new Set([
  'e',
  'err',
  'error',
  'sigma',
  'sig',
  'unc',
  'uncertainty',
  'rms',
  'std',
  'magerr',
])
const bandOf: Readonly<Record<string, FilterName>> = {
  ...Object.fromEntries(
    (['U', 'B', 'V', 'R', 'I', 'u', 'g', 'r', 'i', 'z', 'y', 'G', 'J', 'H'] as const).map((b) => [b, b]),
  ),
  BP: 'BP',
  bp: 'BP',
  RP: 'RP',
  rp: 'RP',
  K: 'Ks',
  Ks: 'Ks',
  ks: 'Ks',
  Rc: 'R',
  Ic: 'I',
  "u'": 'u',
  "g'": 'g',
  "r'": 'r',
  "i'": 'i',
  "z'": 'z',
}

/** The letters of a band and what the column says of it; null where the name is of something else. */
function meaningOf(name: string): { letters: string; kind: Kind } | null {
  // rMeanPSFMag, psfMag_r, e_rmag, Sloan_r, MAG_AUTO_R, flux_ivar_r: words that stand together are parted first.
  const words = name
    .replaceAll(/\(.*?\)|\[.*?\]/g, ' ')
    .split(/[^A-Za-z0-9']+/)
    .flatMap(
      (word) =>
        word.match(/^[a-z](?=[A-Z]{2,}|[A-Z][a-z])|[A-Z]{2,}(?![a-z])|[A-Z]?[a-z']+\d*|[A-Z]'?|\d+/g) ?? [],
    )
  let letters: string | null = null
  let error = false
  let flux = false
  let inverse = false
  for (const word of words) {
    const small = word.toLowerCase()
    if (errorWords.has(small)) error = true
    else if (small === 'flux') flux = true
    else if (small === 'fluxerr') error = flux = true
    else if (small === 'ivar') inverse = true
    else if (!ornaments.has(small)) {
      const inner = /^(?:(?<first>.+?)(?<suffix>mag|err)|(?<prefix>mag)(?<last>.+))$/.exec(word)?.groups
      const part = bandOf[word] ? word : (inner?.['first'] ?? inner?.['last'])
      if (letters !== null || part === undefined || !bandOf[part]) return null
      letters = part
      if (part !== word && inner?.['suffix'] === 'err') error = true
    }
  }
  if (letters === null) return null
  if (inverse) return flux ? { letters, kind: 'inverseVariance' } : null
  return { letters, kind: flux ? (error ? 'fluxError' : 'flux') : error ? 'error' : 'magnitude' }
}

/** AB magnitude of a flux of one, by unit. */
const fluxUnits: Readonly<Record<string, number>> = {
  jy: 8.9,
  mjy: 16.4,
  ujy: 23.9,
  µjy: 23.9,
  μjy: 23.9,
  njy: 31.4,
  maggy: 0,
  maggies: 0,
  mgy: 0,
  nanomaggy: 22.5,
  nanomaggies: 22.5,
  nmgy: 22.5,
}

/**
 * Bands of a table that is none of the known catalogues. Fluxes count where their unit is said, or where an inverse variance
 * stands beside them (then they are the nanomaggies of the Legacy Survey).
 */
export function bandsNamed(table: Table): Partial<Record<FilterName, NativeBand>> {
  const found = new Map<string, Partial<Record<Kind, Column>>>()
  const has = (name: string): boolean => table.columns.some((column) => column.name.toLowerCase() === name)
  for (const column of table.columns) {
    // Pixels, not bands.
    if (/^[xyz]$/i.test(column.name) && has('x')) continue
    const meaning = meaningOf(column.name)
    if (!meaning) continue
    const kinds = found.get(meaning.letters) ?? {}
    kinds[meaning.kind] ??= column
    found.set(meaning.letters, kinds)
  }
  const shouted = sloanInCapitals([...found].map(([letters, kinds]) => [letters, Object.values(kinds)]))
  const bands: Partial<Record<FilterName, NativeBand>> = {}
  for (const [letters, kinds] of found) {
    const band = bandOf[shouted ? letters.toLowerCase() : letters]
    const { magnitude, error, flux, fluxError, inverseVariance } = kinds
    if (!band) continue
    if (magnitude) bands[band] ??= { magnitude: [magnitude.name], error: error ? [error.name] : [] }
    else if (flux) {
      const zero =
        fluxUnits[(flux.unit ?? '').replaceAll(/\s/g, '').toLowerCase()] ??
        (inverseVariance ? 22.5 : undefined)
      if (zero !== undefined)
        bands[band] ??= {
          magnitude: [],
          error: [],
          light: {
            column: flux.name,
            zero,
            ...(fluxError ? { error: fluxError.name } : {}),
            ...(inverseVariance ? { inverseVariance: inverseVariance.name } : {}),
          },
        }
    }
  }
  return bands
}

/** True where G, R, Z of columns in capitals (MAG_AUTO_G, FLUX_R) are g, r, z: Z and Y are no Johnson bands, G is no friend of R. */
function sloanInCapitals(found: readonly [letters: string, columns: Column[]][]): boolean {
  const long = found.filter(([, columns]) =>
    columns.some(({ name }) => name.length > 2 && name === name.toUpperCase()),
  )
  const letters = new Set(long.map(([each]) => each))
  if (letters.size === 0 || long.length < found.length) return false
  const only = [...letters].every((each) => 'UGRIZY'.includes(each))
  return only && letters.has('G') && (letters.has('R') || letters.has('I') || letters.has('Z'))
}

/** Fluxes that cannot be used for want of a unit: what a person can do about it. */
export function unitlessFluxes(table: Table): string[] {
  return table.columns
    .filter(
      ({ name, unit }) =>
        meaningOf(name)?.kind === 'flux' && fluxUnits[(unit ?? '').toLowerCase()] === undefined,
    )
    .map(({ name }) => name)
}

const bare = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

const positionNames = {
  ra: 'ra raicrs raj2000 radeg raepoch2000 alphaj2000 alpha radegrees radegj2000 ra2000 rightascension rastack ramean coordra xworld',
  dec: 'dec deicrs decicrs dej2000 decj2000 decdeg dedeg decepoch2000 deltaj2000 delta decdegrees decdegj2000 dec2000 declination decstack decmean coorddec yworld de',
} as const

function positionColumn(table: Table, axis: 'ra' | 'dec'): Column | undefined {
  for (const wanted of positionNames[axis].split(' ')) {
    const alike = table.columns.filter(({ name }) => bare(name) === wanted)
    const exact = alike.find(({ name }) => !name.startsWith('_')) ?? alike[0]
    if (exact) return exact
  }
  const ucd = new RegExp(`^pos[.]eq[.]${axis}\\b`)
  const meant = table.columns.filter((column) => ucd.test(column.ucd ?? ''))
  return meant.find((column) => column.ucd!.includes('meta.main')) ?? meant[0]
}

function degreesOf(column: Column, axis: 'ra' | 'dec'): Float64Array {
  const { name, values, nulls, unit = '' } = column
  if (Array.isArray(values)) {
    // In tables colons mean hours, unless one of them cannot be.
    const hours =
      axis === 'ra' && values.every((text) => !/^\s*\d+[\s:]/.test(text) || Number.parseFloat(text) < 24)
    const parse = (text: string): number =>
      axis === 'dec'
        ? parseDeclination(text)
        : parseRightAscension(
            text.trim().replace(/^(\d+)[\s:]+(\d+)[\s:]+([\d.]+)$/, hours ? '$1h$2m$3s' : '$1d$2m$3s'),
          )
    return Float64Array.from(values, (text, row) => {
      if (text.trim() === '' || nulls?.[row] === 1) return Number.NaN
      try {
        return parse(text)
      } catch (error) {
        if (!isProblem(error)) throw error
        throw new Problem(
          'table.invalid',
          `Row ${row + 1} of column "${name}" is no position: ${error.message}`,
          { column: name },
        )
      }
    })
  }
  const factor = /^rad(ian)?s?$/i.test(unit)
    ? 180 / Math.PI
    : axis === 'ra' && /^(h|hr|hours?|hourangle)$/i.test(unit)
      ? 15
      : 1
  return Float64Array.from(values as ArrayLike<number>, (value, row) =>
    nulls?.[row] === 1 ? Number.NaN : factor * Number(value),
  )
}

/**
 * Positions of a catalogue's rows, ICRS degrees, as columns say them: degrees, hours or radians by their unit, sexagesimal
 * text. Throws `table.no_column` and `table.invalid`.
 */
export function positionColumns(table: Table): { ra: Float64Array; dec: Float64Array } {
  const { ra, dec } = positionPair(table)
  return { ra: degreesOf(ra, 'ra'), dec: degreesOf(dec, 'dec') }
}

function positionPair(table: Table): { ra: Column; dec: Column } {
  const ra = positionColumn(table, 'ra')
  const dec = positionColumn(table, 'dec')
  if (!ra || !dec)
    throw new Problem(
      'table.no_column',
      `The table has no position that is known by its name (ra and dec, RAJ2000 and DEJ2000, ALPHA_J2000 …) or UCD (pos.eq.ra); it has ${table.columns.map(({ name }) => name).join(', ')}.`,
    )
  return { ra, dec }
}

/** mas/yr in one of a unit. */
const motionUnits: Readonly<Record<string, number>> = {
  '': 1,
  'mas/yr': 1,
  'mas.yr-1': 1,
  'mas.yr**-1': 1,
  'masyr-1': 1,
  'mas/year': 1,
  'arcsec/yr': 1_000,
  'arcsec.yr-1': 1_000,
  'arcsec.yr**-1': 1_000,
  'deg/yr': 3_600_000,
}

const daysPerYear = 365.25

/**
 * Positions at a time: of the epoch of the table, moved by its proper motions (mas/yr, that in right ascension with cos δ)
 * where it has them and says their epoch: a column ref_epoch, J2000 in the column's name, or Gaia's own names (2016). `note`
 * says what was done, null where there was nothing to do.
 */
export function positionsAt(
  table: Table,
  mjd: number | null,
): { ra: Float64Array; dec: Float64Array; note: string | null } {
  const pair = positionPair(table)
  const ra = degreesOf(pair.ra, 'ra')
  const dec = degreesOf(pair.dec, 'dec')
  const named = (...names: string[]): Column | undefined =>
    table.columns.find(({ name }) => names.includes(bare(name)))
  const across = named('pmra', 'pmracosdec', 'pmrastar')
  const up = named('pmdec', 'pmde')
  if (!across || !up || Array.isArray(across.values) || Array.isArray(up.values))
    return { ra, dec, note: null }
  const factor = motionUnits[(across.unit ?? '').replaceAll(/\s/g, '')]
  const epochs = epochOf(table, pair.ra.name, named('refepoch', 'epoch', 'rarefepoch'))
  if (mjd === null || factor === undefined || epochs === null) {
    const why =
      mjd === null
        ? 'the time of the frame is not known'
        : factor === undefined
          ? `their unit ${across.unit} is not known`
          : 'their epoch is not said (ref_epoch)'
    return { ra, dec, note: `The proper motions of the table are not used: ${why}.` }
  }
  const year = 2000 + (mjd - 51_544.5) / daysPerYear
  let largest = 0
  for (let i = 0; i < ra.length; i++) {
    const years = year - epochs(i)
    const east = Number(across.values[i]) * factor * years
    const north = Number(up.values[i]) * factor * years
    if (!Number.isFinite(east + north) || across.nulls?.[i] === 1 || up.nulls?.[i] === 1) continue
    largest = Math.max(largest, Math.hypot(east, north))
    ra[i]! += east / 3.6e6 / Math.max(1e-6, Math.cos((dec[i]! * Math.PI) / 180))
    dec[i]! += north / 3.6e6
  }
  return {
    ra,
    dec,
    note: `Stars are moved by their proper motions from ${epochs(0).toFixed(1)} to ${year.toFixed(1)} (by ${(largest / 1_000).toFixed(2)}″ at most).`,
  }
}

function epochOf(table: Table, raName: string, column: Column | undefined): ((row: number) => number) | null {
  if (column && !Array.isArray(column.values)) {
    const { values } = column
    const sane = Array.from(values as ArrayLike<number>).every((each) => each > 1850 && each < 2150)
    if (sane) return (row) => Number(values[row])
  }
  if (/2000/.test(raName)) return () => 2000
  const said = /^J?(\d{4}(?:\.\d+)?)$/.exec(table.coosys?.[0]?.epoch ?? '')?.[1]
  if (said !== undefined) return () => Number(said)
  const gaia = table.columns.some(({ name }) => /^(phot_g_mean_mag|Gmag|source_id|Source)$/.test(name))
  return gaia ? () => 2016 : null
}
