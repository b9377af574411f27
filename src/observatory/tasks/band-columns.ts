/** Magnitudes of a band, their errors and colours, from a catalogue's table whatever it calls its columns. */
import { filterOf } from '#science/image/calibration/filters.ts'
import type { FilterName } from '#science/image/calibration/filters.ts'
import type { Column, Table } from '#science/table/table.ts'
import { isProblem, Problem } from '#problem.ts'
import { unitlessFluxes } from './catalogue-columns.ts'
import { bandsOfCatalogue, sdssOfPanStarrs } from './reference-catalogues.ts'
import type { DerivedBand, NativeBand, ReferenceCatalogue } from './reference-catalogues.ts'

export interface BandColumns {
  readonly band: FilterName
  /** mag in the band's own system; NaN where the catalogue has none. */
  readonly magnitude: Float64Array
  readonly error: Float64Array
  /** First minus second band of `colourBands`, mag; NaN for all where the table has no two bands. */
  readonly colour: Float64Array
  readonly colourError: Float64Array
  readonly colourBands: readonly [FilterName, FilterName] | null
  /** 1 where magnitude and error are there and the colours are those of stars. */
  readonly good: Uint8Array
  /** What the numbers are of: `Pan-STARRS`, `SDSS`, … */
  readonly photometricSystem: string
  readonly warnings: readonly string[]
}

export interface BandOptions {
  /** g r i z on the SDSS system instead of Pan-STARRS's. */
  readonly sloan?: 'Pan-STARRS' | 'SDSS'
}

interface Values {
  readonly magnitude: Float64Array
  readonly error: Float64Array
}

const magnitudePerRelative = 2.5 / Math.LN10

function findColumn(table: Table, names: readonly string[], exactCase: boolean): Column | undefined {
  for (const name of names) {
    const exact = table.columns.find((each) => each.name === name)
    if (exact) return exact
  }
  if (exactCase) return undefined
  for (const name of names) {
    const alike = table.columns.filter((each) => each.name.toLowerCase() === name.toLowerCase())
    if (alike.length === 1) return alike[0]
  }
  return undefined
}

/** A column's numbers, NaN where there is none. Throws `table.invalid` where it does not hold numbers. */
export function numbersOf(column: Column): Float64Array {
  const { values, nulls } = column
  if (Array.isArray(values))
    throw new Problem('table.invalid', `Column "${column.name}" holds text where numbers are needed.`, {
      column: column.name,
    })
  const out = new Float64Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = nulls?.[i] === 1 ? NaN : Number(values[i])
  return out
}

// Surveys write −999, −9.99, 99 or 0 where they have no magnitude or error.
const asMagnitude = (value: number): number => (value > -5 && value < 50 && value !== 0 ? value : NaN)
const asError = (value: number): number => (value >= 0 && value < 10 ? value : NaN)

function errorsOf(table: Table, band: NativeBand, exactCase: boolean): Float64Array | undefined {
  if (band.light) return lightErrors(table, band.light)
  const direct = findColumn(table, band.error, exactCase)
  if (direct) return numbersOf(direct).map(asError)
  for (const [flux, error] of band.flux ?? []) {
    const fluxes = findColumn(table, [flux], exactCase)
    const errors = findColumn(table, [error], exactCase)
    if (!fluxes || !errors) continue
    const sigma = numbersOf(errors)
    return numbersOf(fluxes).map((each, i) =>
      each > 0 ? asError((magnitudePerRelative * sigma[i]) / each) : NaN,
    )
  }
  const ratio = findColumn(table, band.fluxOverError ?? [], exactCase)
  return ratio && numbersOf(ratio).map((each) => (each > 0 ? asError(magnitudePerRelative / each) : NaN))
}

type Light = NonNullable<NativeBand['light']>

function lightErrors(table: Table, { column, error, inverseVariance }: Light): Float64Array | undefined {
  const flux = numbersOf(findColumn(table, [column], true)!)
  const said = error === undefined ? undefined : findColumn(table, [error], true)
  const inverse = inverseVariance === undefined ? undefined : findColumn(table, [inverseVariance], true)
  if (!said && !inverse) return undefined
  const sigma = said ? numbersOf(said) : numbersOf(inverse!).map((each) => (each > 0 ? each ** -0.5 : NaN))
  return flux.map((each, i) => (each > 0 ? asError((magnitudePerRelative * sigma[i]) / each) : NaN))
}

/** Magnitudes of a native band; undefined where the table has no such column. */
function magnitudesOf(table: Table, band: NativeBand, exactCase: boolean): Float64Array | undefined {
  if (band.light) {
    const { column, zero } = band.light
    const flux = findColumn(table, [column], true)
    return (
      flux && numbersOf(flux).map((each) => (each > 0 ? asMagnitude(zero - 2.5 * Math.log10(each)) : NaN))
    )
  }
  const column = findColumn(table, band.magnitude, exactCase)
  return column && numbersOf(column).map((each) => asMagnitude(each) + (band.offset ?? 0))
}

/** Native bands of a table, each read once. */
function nativeReader(
  table: Table,
  catalogue: ReferenceCatalogue,
  warnings: string[],
): (band: FilterName) => Values {
  const read = new Map<FilterName, Values>()
  const exactCase = catalogue.exactCase ?? false
  return (band) => {
    const known = read.get(band)
    if (known) return known
    const source = catalogue.native[band]
    const magnitude = source && magnitudesOf(table, source, exactCase)
    if (!source || !magnitude)
      throw new Problem(
        'photometry.no_band',
        `The table of ${catalogue.title} has no column of ${band} magnitudes (${source?.magnitude.join(', ') ?? 'none known'}); it has ${table.columns.map(({ name }) => name).join(', ')}.`,
        { catalogue: catalogue.key, band },
      )
    const errors = errorsOf(table, source, exactCase)
    if (!errors)
      warnings.push(`${catalogue.title} has no errors of its ${band} magnitudes here; they count as exact.`)
    const values = {
      magnitude,
      error: errors ?? new Float64Array(table.rows),
    }
    read.set(band, values)
    return values
  }
}

/** Value of a polynomial, highest power first, and of its derivative. */
function polynomialAt(coefficients: readonly number[], x: number): [value: number, slope: number] {
  let value = 0
  let slope = 0
  for (const coefficient of coefficients) {
    slope = slope * x + value
    value = value * x + coefficient
  }
  return [value, slope]
}

/**
 * base + Σ polynomials, with the error of every magnitude that goes in: what the base has in common with the colours is
 * added before it is squared.
 */
function combined(native: (band: FilterName) => Values, { base, polynomials, between }: DerivedBand): Values {
  const bands = [...new Set([base, ...polynomials.flatMap(({ pair }) => pair)])]
  const inputs = bands.map((band) => native(band))
  const at = (band: FilterName) => bands.indexOf(band)
  const rows = inputs[0].magnitude.length
  const out = { magnitude: new Float64Array(rows), error: new Float64Array(rows) }
  const slopes = new Float64Array(bands.length)
  for (let i = 0; i < rows; i++) {
    slopes.fill(0)
    slopes[at(base)] = 1
    let magnitude = inputs[at(base)].magnitude[i]
    for (const { pair, coefficients } of polynomials) {
      const first = at(pair[0])
      const second = at(pair[1])
      const colour = inputs[first].magnitude[i] - inputs[second].magnitude[i]
      const known = !between || (colour >= between[0] && colour <= between[1])
      const [value, slope] = polynomialAt(coefficients, known ? colour : NaN)
      magnitude += value
      slopes[first] += slope
      slopes[second] -= slope
    }
    let variance = 0
    for (let k = 0; k < bands.length; k++) variance += (slopes[k] * inputs[k].error[i]) ** 2
    out.magnitude[i] = magnitude
    out.error[i] = Math.sqrt(variance)
  }
  return out
}

function bandValues(
  native: (band: FilterName) => Values,
  catalogue: ReferenceCatalogue,
  band: FilterName,
  sloan: 'Pan-STARRS' | 'SDSS',
): Values {
  const toSdss = sdssOfPanStarrs[band]
  if (sloan === 'SDSS' && toSdss && catalogue.native[band]) {
    if (catalogue.sloan === 'SDSS') return native(band)
    if (catalogue.sloan === 'Pan-STARRS')
      return combined(native, { base: band, polynomials: [{ pair: ['g', 'r'], coefficients: toSdss }] })
  }
  const derived = catalogue.derived[band]
  return derived ? combined(native, derived) : native(band)
}

function noBands(table: Table, { key, title }: ReferenceCatalogue): Problem {
  const fluxes = unitlessFluxes(table)
  const remedy =
    fluxes.length > 0
      ? `${fluxes.join(', ')} hold fluxes without a unit: say Jy, mJy, uJy, nJy or nanomaggy (VOTable, ECSV and FITS have units), or give magnitudes.`
      : 'Name the column by its band: rmag and e_rmag, or r and r_err.'
  return new Problem(
    'photometry.no_band',
    `No column of ${title} is known to hold magnitudes; it has ${table.columns.map(({ name }) => name).join(', ')}. ${remedy}`,
    { catalogue: key },
  )
}

/** Colours that serve where the band's own is not there, by how well they tell the colours of stars. */
const otherColours: readonly (readonly [FilterName, FilterName])[] = [
  ['g', 'r'],
  ['g', 'i'],
  ['BP', 'RP'],
  ['B', 'V'],
  ['V', 'R'],
  ['V', 'I'],
  ['r', 'i'],
  ['V', 'r'],
  ['J', 'Ks'],
  ['J', 'H'],
]

/** The colour by which a band is calibrated: its own, else another that the table has, else none, with a sentence. */
function colourOf(
  values: (band: FilterName) => Values,
  band: FilterName,
  warnings: string[],
): { bands: readonly [FilterName, FilterName] | null; first: Values | null; second: Values | null } {
  const own = filterOf(band).colour
  for (const bands of [own, ...otherColours]) {
    try {
      const [first, second] = [values(bands[0]), values(bands[1])]
      if (!first.magnitude.some((each, i) => Number.isFinite(each - second.magnitude[i]))) continue
      if (bands !== own)
        warnings.push(
          `The catalogue has no ${own[0]} − ${own[1]} here; the colour term is in ${bands[0]} − ${bands[1]}.`,
        )
      return { bands, first, second }
    } catch (error) {
      if (!isProblem(error) || error.code !== 'photometry.no_band') throw error
    }
  }
  warnings.push(
    `The catalogue has no two bands here, so that no colour term is fitted: magnitudes are those of the instrument's own band, and stars of unusual colour scatter.`,
  )
  return { bands: null, first: null, second: null }
}

/**
 * Columns that calibrate a frame of `band` with a catalogue: magnitudes, errors and colours in the band's own system.
 * Rows are kept in their order; what a row lacks is NaN. Throws `photometry.no_band` where the catalogue or the table
 * does not have the band.
 */
export function bandColumns(
  table: Table,
  catalogue: ReferenceCatalogue,
  band: FilterName,
  { sloan = 'Pan-STARRS' }: BandOptions = {},
): BandColumns {
  const has = bandsOfCatalogue(catalogue)
  if (has.length === 0) throw noBands(table, catalogue)
  if (!has.includes(band))
    throw new Problem(
      'photometry.no_band',
      `${catalogue.title} has no ${band} band; it has ${has.join(', ')}. Choose another catalogue or filter.`,
      { catalogue: catalogue.key, band },
    )
  const warnings: string[] = []
  const native = nativeReader(table, catalogue, warnings)
  const { magnitude, error } = bandValues(native, catalogue, band, sloan)
  const nothing = new Float64Array(table.rows).fill(NaN)
  const {
    bands: colourBands,
    first,
    second,
  } = colourOf((each) => bandValues(native, catalogue, each, sloan), band, warnings)
  const good = new Uint8Array(table.rows)
  for (let i = 0; i < table.rows; i++) {
    if (!Number.isFinite(magnitude[i] + error[i])) continue
    good[i] = 1
    for (const [a, b, low, high] of catalogue.colourLimits) {
      const colour = native(a).magnitude[i] - native(b).magnitude[i]
      // A colour that is not known is no reason to leave a star out, unless the band rests on it.
      if (colour <= low || colour >= high) good[i] = 0
    }
  }
  const isSloan = sdssOfPanStarrs[band] !== undefined
  return {
    band,
    magnitude,
    error,
    colour: first && second ? first.magnitude.map((each, i) => each - second.magnitude[i]) : nothing,
    colourError: first && second ? first.error.map((each, i) => Math.hypot(each, second.error[i])) : nothing,
    colourBands,
    good,
    photometricSystem: catalogue.ownSystem
      ? `of ${catalogue.title}`
      : (catalogue.derived[band]?.system ?? (isSloan ? sloan : filterOf(band).photometricSystem)),
    warnings: [...new Set(warnings)],
  }
}

/**
 * Magnitudes of a band just as the catalogue has them, without its colour: enough to compare brightness. NaN where a row
 * has none, everywhere where the table has no such column.
 */
export function nativeMagnitudes(
  table: Table,
  catalogue: ReferenceCatalogue,
  band: FilterName,
): Float64Array {
  const source = catalogue.native[band]
  const found = source && magnitudesOf(table, source, catalogue.exactCase ?? false)
  return found ?? new Float64Array(table.rows).fill(NaN)
}
