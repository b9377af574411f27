/**
 * Units as VOUnits strings: read (with the spellings of FITS 4.0, CDS and daily life), checked, written, converted.
 * Standard: IVOA Units in the VO 1.1.
 */
import { Problem } from '#problem.ts'
import { binaryPrefixes, decimalPrefixes, unitSpellings, unitSymbols } from './unit-symbols.ts'
import type { Dimensions } from './unit-symbols.ts'

interface Term {
  /** Prefix and symbol as VOUnits writes them; a unit nobody knows keeps its quotes. */
  readonly symbol: string
  readonly power: number
}

export interface Unit {
  /** Number in front; 1 where there is none. */
  readonly scale: number
  readonly terms: readonly Term[]
  /** The unit is a function of the one described, as in log(solMass). */
  readonly of?: 'log' | 'ln' | 'exp'
  /** Value of one such unit in its base units. */
  readonly factor: number
  readonly dimensions: Dimensions
}

export interface UnitOptions {
  /** Take VOUnits 1.1 alone, none of the other spellings. */
  strict?: boolean
}

/** Longer than any unit in use; keeps hostile headers cheap. */
const lengthLimit = 200

function unreadable(text: string, why: string, at?: number): Problem {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  const where = at === undefined ? '' : ` (column ${at + 1})`
  return new Problem('unit.unreadable', `"${shown}" is no unit: ${why}${where}.`, {
    unit: shown,
    ...(at === undefined ? {} : { column: at + 1 }),
  })
}

interface Known {
  symbol: string
  factor: number
  dimensions: Dimensions
}

function knownSymbol(name: string, strict: boolean): Known | undefined {
  if (Object.hasOwn(unitSymbols, name)) return { symbol: name, ...unitSymbols[name] }
  for (const length of [1, 2]) {
    const prefix = name.slice(0, length)
    const rest = name.slice(length)
    if (!Object.hasOwn(unitSymbols, rest)) continue
    const { prefixes, factor, dimensions } = unitSymbols[rest]
    const table =
      prefixes && Object.hasOwn(decimalPrefixes, prefix)
        ? decimalPrefixes
        : prefixes === 'binary' && Object.hasOwn(binaryPrefixes, prefix)
          ? binaryPrefixes
          : undefined
    if (table) return { symbol: name, factor: table[prefix] * factor, dimensions }
  }
  if (strict) return undefined
  const micro = /^[µμ]/.test(name) ? `u${name.slice(1)}` : name
  const other = Object.hasOwn(unitSpellings, micro) ? unitSpellings[micro] : micro
  if (other !== name) return knownSymbol(other, true)
  // A spelling behind a prefix: kcounts, Mparsec.
  const [prefix, rest] = [name.slice(0, 1), name.slice(1)]
  return Object.hasOwn(decimalPrefixes, prefix) && Object.hasOwn(unitSpellings, rest)
    ? knownSymbol(prefix + unitSpellings[rest], true)
    : undefined
}

function times(left: Dimensions, right: Dimensions, power: number): Dimensions {
  const out: Record<string, number> = { ...left }
  for (const [name, each] of Object.entries(right)) {
    const sum = (out[name] ?? 0) + each * power
    if (Math.abs(sum) < 1e-12) delete out[name]
    else out[name] = sum
  }
  return out
}

interface Parsed {
  scale: number
  terms: Term[]
  factor: number
  dimensions: Dimensions
}

/** Reads one unit expression: product ('.', and in files '*' or a blank), quotient ('/'), power ('**'). */
function createReader(text: string, strict: boolean) {
  let at = 0
  let depth = 0
  const rest = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) at = pattern.lastIndex
    return found?.[0]
  }

  function power(): number {
    const before = at
    const mark = rest(strict ? /\*\*/y : /\s*(\*\*|\^)\s*/y)
    const plainPower = mark === undefined && !strict ? rest(/[+-]?\d+(?!\d*[A-Za-z(])/y) : undefined
    if (plainPower !== undefined) return Number(plainPower)
    if (mark === undefined) return 1
    const bare = rest(/[+-]?\d+(\.\d+)?/y)
    if (bare !== undefined) return Number(bare)
    const inside = rest(/\(\s*[+-]?\d+(\.\d+)?\s*(\/\s*\d+\s*)?\)/y)
    if (inside === undefined) throw unreadable(text, 'a number must follow the power sign', before)
    const [top, bottom] = inside.slice(1, -1).split('/').map(Number)
    if (bottom === 0) throw unreadable(text, 'a power cannot be divided by zero', before)
    return bottom === undefined ? top : top / bottom
  }

  function factorPart(): Parsed {
    const start = at
    if (rest(/\(\s*/y) !== undefined) {
      if (++depth > 20) throw unreadable(text, 'too many parentheses', start)
      const inner = product()
      if (rest(/\s*\)/y) === undefined) throw unreadable(text, 'a parenthesis is not closed', start)
      depth--
      return raised(inner, power())
    }
    if (!strict && rest(/sqrt\(\s*/y) !== undefined) {
      if (++depth > 20) throw unreadable(text, 'too many parentheses', start)
      const inner = product()
      if (rest(/\s*\)/y) === undefined) throw unreadable(text, 'a parenthesis is not closed', start)
      depth--
      return raised(inner, 0.5)
    }
    const quoted = rest(/'[A-Za-z]+'/y)
    if (quoted !== undefined) {
      const p = power()
      return {
        scale: 1,
        terms: [{ symbol: quoted, power: p }],
        factor: 1,
        dimensions: times({}, { [quoted]: 1 }, p),
      }
    }
    const name = rest(strict ? /%|[A-Za-z]+/y : /%|"|°|e-|M_sun|L_sun|R_sun|[A-Za-zµμÅ\u212bΩ]+/y)
    if (name === undefined) {
      throw unreadable(text, at < text.length ? `"${text[at]}" is out of place` : 'it ends too early', at)
    }
    const known = knownSymbol(name, strict)
    if (!known) throw unreadable(text, `VOUnits has no unit "${name}"`, start)
    // mag(AB) and its kin name a zero point, which belongs in the description of a column.
    if (!strict && known.symbol === 'mag') rest(/\((AB|Vega|ST|vega|ab)\)/y)
    const p = power()
    return {
      scale: 1,
      terms: [{ symbol: known.symbol, power: p }],
      factor: known.factor ** p,
      dimensions: times({}, known.dimensions, p),
    }
  }

  function product(): Parsed {
    let out =
      (strict ? undefined : rest(/\s*1?\s*\/\s*/y)) === undefined ? factorPart() : raised(factorPart(), -1)
    for (;;) {
      const mark = rest(strict ? /[./]/y : /\s*(?:[./·×]|\*(?!\*))\s*|\s+(?=[A-Za-z("'%µμÅ\u212bΩ°/])/y)
      if (mark === undefined) return out
      const next = factorPart()
      const sign = mark.trim() === '/' ? -1 : 1
      const other = raised(next, sign)
      out = {
        scale: 1,
        terms: [...out.terms, ...other.terms],
        factor: out.factor * other.factor,
        dimensions: times(out.dimensions, other.dimensions, 1),
      }
    }
  }

  function raised(inner: Parsed, p: number): Parsed {
    return {
      scale: 1,
      terms: inner.terms.map((each) => ({ symbol: each.symbol, power: each.power * p })),
      factor: inner.factor ** p,
      dimensions: times({}, inner.dimensions, p),
    }
  }

  function scaleInFront(): number {
    const ten = rest(
      strict ? /10\*\*[+-]?\d+|10(?=[+-]\d)[+-]?\d+/y : /10(\*\*|\^)\(?[+-]?\d+\)?|10(?=[+-]\d)[+-]?\d+/y,
    )
    if (ten !== undefined) {
      const scale = Number(`1e${ten.slice(2).replace(/[*^()]/g, '')}`)
      rest(/\s*[.*×]?\s*/y)
      return scale
    }
    const number = rest(/[+-]?\d+(\.\d+)?([eE][+-]?\d+)?(?=\s*[A-Za-z("'%µμÅ\u212bΩ°*×]|$)/y)
    if (number === undefined) return 1
    const power10 = strict ? undefined : rest(/\s*[x×*]\s*10\^?\(?[+-]?\d+\)?/y)
    rest(/\s*[.*×]?\s*/y)
    return Number(number) * (power10 ? Number(`1e${power10.replace(/^\s*[x×*]\s*10|[\^()]/g, '')}`) : 1)
  }

  return {
    whole(): Unit {
      const func = rest(/(log|ln|exp)\(\s*/y) ?? (strict ? undefined : rest(/\[\s*/y))
      const scale = scaleInFront()
      if (!(scale > 0 && Number.isFinite(scale)))
        throw unreadable(text, 'its scale must be a positive number', 0)
      const empty = at === text.length && func === undefined
      const read = empty ? { terms: [], factor: 1, dimensions: {} } : product()
      if (func !== undefined && rest(func.startsWith('[') ? /\s*\]/y : /\s*\)/y) === undefined)
        throw unreadable(text, `"${func.trim()}" is not closed`, 0)
      if (at < text.length) throw unreadable(text, `"${text[at]}" is out of place`, at)
      const of = func === undefined ? {} : { of: func.startsWith('[') ? 'log' : func.replace(/\(\s*/, '') }
      return {
        scale,
        terms: read.terms,
        ...(of as { of?: Unit['of'] }),
        factor: read.factor * scale,
        dimensions: read.dimensions,
      }
    },
  }
}

/**
 * Reads a unit; the empty text, and the `-`, `---` of CDS, say that there is none (dimensionless).
 * Throws `unit.unreadable` naming the column. Numbers in front, log(…), and 'quoted' units of one's own are units too.
 */
export function parseUnit(text: string, { strict = false }: UnitOptions = {}): Unit {
  const trimmed = strict ? text : text.trim()
  if (trimmed.length > lengthLimit) throw unreadable(trimmed, `it is longer than ${lengthLimit} characters`)
  if (trimmed === '' || (!strict && /^(-+|1|dimensionless|none)$/i.test(trimmed)))
    return { scale: 1, terms: [], factor: 1, dimensions: {} }
  return createReader(trimmed, strict).whole()
}

/** Whether a text is a unit of VOUnits 1.1 as it stands. */
export function isVoUnit(text: string): boolean {
  return readable(text, { strict: true }) !== undefined
}

function readable(text: string, options?: UnitOptions): Unit | undefined {
  try {
    return parseUnit(text, options)
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function formatPower(power: number): string {
  if (Number.isInteger(power)) return `**${power}`
  for (const bottom of [2, 3, 4, 5, 6]) {
    const top = power * bottom
    if (Math.abs(top - Math.round(top)) < 1e-9) return `**(${Math.round(top)}/${bottom})`
  }
  return `**${power}`
}

/** Writes a unit as VOUnits does: `km/s`, `erg.s**-1.cm**-2`, `10**-3.Jy`. */
export function formatUnit(unit: Unit): string {
  const { scale, terms, of } = unit
  const exponent = Math.log10(scale)
  const front = scale === 1 ? '' : scale === Number(`1e${exponent}`) ? `10**${exponent}` : String(scale)
  const over = terms.filter((each) => each.power < 0)
  // One divisor reads best as a/b; with more, a second slash would be ambiguous.
  const slash = over.length === 1 && terms.length > 1 && terms[0].power > 0 ? over[0] : undefined
  const one = ({ symbol, power }: Term) => symbol + (power === 1 ? '' : formatPower(power))
  const product = terms
    .filter((each) => each !== slash)
    .map(one)
    .join('.')
  const below = slash ? `/${one({ symbol: slash.symbol, power: -slash.power })}` : ''
  const inside = `${front}${front && product && /^\d+$|^10\*\*/.test(front) && front.startsWith('10**') ? '.' : ''}${product}${below}`
  return of ? `${of}(${inside})` : inside
}

/** A unit as VOUnits spells it, or the text as it came where it is no unit: what readers keep and writers write. */
export function voUnitOf(text: string): string {
  if (isVoUnit(text)) return text
  const unit = readable(text)
  return unit ? formatUnit(unit) : text.trim()
}

/** Whether values in one unit can be turned into the other by a factor. */
export function compatible(a: Unit, b: Unit): boolean {
  if (a.of || b.of)
    return a.of === b.of && a.factor === b.factor && sameDimensions(a.dimensions, b.dimensions)
  return sameDimensions(a.dimensions, b.dimensions)
}

function sameDimensions(a: Dimensions, b: Dimensions): boolean {
  return Object.keys(times(a, b, -1)).length === 0
}

/** Multiply a value in `from` by this to have it in `to`. Throws `unit.incompatible`, `unit.unreadable`. */
export function conversionFactor(from: string, to: string): number {
  if (from === to) return 1
  const [a, b] = [parseUnit(from), parseUnit(to)]
  if (!compatible(a, b)) {
    throw new Problem('unit.incompatible', `A value in "${from}" cannot be given in "${to}".`, { from, to })
  }
  if (a.of) return 1
  // Decimal prefixes divide exactly the way they are written: 1000, not 999.9999999999999.
  const factor = a.factor / b.factor
  const rounded = Number(factor.toPrecision(15))
  return Math.abs(rounded - factor) <= 4 * Number.EPSILON * factor ? rounded : factor
}
