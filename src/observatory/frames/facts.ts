import { findFilter } from '#science/image/calibration/filters.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { findSite } from '#science/sky/sites.ts'
import { cardsOf, type Cards } from './cards.ts'
import type { Dialect, Source } from './dialect.ts'
import { dialects, fallback } from './dialects/registry.ts'
import { timeOf } from './fact-time.ts'
import {
  combined,
  isNothing,
  pairOf,
  secondsOf,
  sectionOf,
  siteOf,
  textOf,
  type Read,
} from './fact-values.ts'
import type { FactName, Facts, FrameKind, FrameSite } from './frame.ts'
import { mainHdu } from './images.ts'

/**
 * What a FITS file says of one of its images, read by the dialects that its header is written in. Pure: the command line
 * uses it without a database.
 */

function recognised(cards: Cards): Dialect[] {
  const found = dialects.filter(({ recognise }) =>
    recognise.some((rule) =>
      Object.entries(rule).every(([keyword, words]) => {
        const value = cards.value(keyword)
        return value !== undefined && words.test(String(value).trim())
      }),
    ),
  )
  return found.toSorted((a, b) => Number(b.product ?? false) - Number(a.product ?? false))
}

/** What one dialect says of a fact, with every reason why one of its keywords was not believed. */
interface Said<T> {
  value: T | null
  from: string
  why: string[]
  doubts: string[]
}

function said<T>(dialect: Dialect, name: FactName, read: (source: Source) => Read<T>): Said<T> {
  const why: string[] = []
  for (const source of dialect.facts[name] ?? []) {
    const got = read(source)
    if (got.value !== undefined)
      return { value: got.value, from: got.from ?? source.keyword, why, doubts: got.doubts ?? [] }
    if (got.why !== undefined && !why.includes(got.why)) why.push(got.why)
  }
  return { value: null, from: '', why, doubts: [] }
}

const labels: Readonly<Record<FactName, string>> = {
  telescope: 'telescope',
  instrument: 'instrument',
  site: 'site',
  filter: 'filter',
  kind: 'kind of frame',
  object: 'object',
  time: 'time',
  exposure: 'exposure time',
  gain: 'gain',
  saturation: 'saturation level',
  readNoise: 'read noise',
  airmass: 'airmass',
  pointing: 'pointing',
  binning: 'binning',
  dataSection: 'data section',
  unit: 'unit',
}

/** One header being read: what was found so far. */
interface Reading {
  readonly cards: Cards
  readonly dialects: readonly Dialect[]
  readonly from: Partial<Record<FactName, string>>
  readonly missing: Partial<Record<FactName, string>>
  readonly doubts: string[]
}

/**
 * A fact from the dialects that were recognised: products before cameras, and where those of equal standing say different
 * things, none is believed. Only where none of them names the fact, common keywords are looked at.
 */
function fact<T>(
  reading: Reading,
  name: FactName,
  read: (source: Source, dialect: Dialect) => Read<T>,
  always?: (dialect: Dialect) => T | undefined,
): T | null {
  const { cards, from, missing, doubts } = reading
  const why: string[] = []
  for (const product of [true, false]) {
    const standing = reading.dialects.filter((dialect) => (dialect.product ?? false) === product)
    const answers = standing.flatMap((dialect): (Said<T> & { value: T; dialect: Dialect })[] => {
      const fixed = always?.(dialect)
      const answer = said(dialect, name, (source) => read(source, dialect))
      why.push(...answer.why)
      const { value } = answer
      if (value !== null) return [{ ...answer, dialect, value }]
      return fixed === undefined ? [] : [{ ...answer, dialect, value: fixed, from: `dialect ${dialect.id}` }]
    })
    const [first, ...others] = answers
    if (!first) continue
    const other = others.find((each) => JSON.stringify(each.value) !== JSON.stringify(first.value))
    if (other) {
      missing[name] =
        `The header is written in two dialects that disagree on the ${labels[name]}: ${first.dialect.id} reads ${shown(first.value)} (${first.from}), ${other.dialect.id} reads ${shown(other.value)} (${other.from}).`
      return null
    }
    doubts.push(...first.doubts)
    from[name] = first.from
    return first.value
  }
  const owned = reading.dialects.some((dialect) => dialect.facts[name] !== undefined)
  const common = said(fallback, name, (source) => read(source, fallback))
  if (common.value !== null && !owned) {
    doubts.push(...common.doubts)
    from[name] = common.from
    return common.value
  }
  if (!owned) why.push(...common.why)
  missing[name] = why.length > 0 ? why.slice(0, 4).join(' ') : nothingSaid(name, reading, owned, cards)
  return null
}

function nothingSaid(name: FactName, { dialects: known }: Reading, owned: boolean, cards: Cards): string {
  const sources = (
    owned ? known.flatMap((dialect) => dialect.facts[name] ?? []) : (fallback.facts[name] ?? [])
  ).map((source) => source.keyword)
  const keywords = [...new Set(sources)]
  const empty = keywords.filter((keyword) => cards.has(keyword))
  if (empty.length > 0)
    return `The header has ${empty.join(', ')} without a value that says the ${labels[name]}.`
  if (keywords.length === 0) return `Headers of this dialect do not say the ${labels[name]}.`
  return `The header has none of the keywords that say the ${labels[name]}: ${keywords.join(', ')}.`
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function text(reading: Reading, name: FactName, fixed?: 'telescope' | 'instrument'): string | null {
  const read = ({ keyword }: Source): Read<string> => textOf(reading.cards, keyword)
  return fact(reading, name, read, fixed && ((dialect) => dialect.always?.[fixed]))
}

function number(reading: Reading, name: FactName, least: number, most: number): number | null {
  return fact(reading, name, (source) => combined(reading.cards, source, labels[name], least, most))
}

/** Words of a filter wheel without a filter in it. */
const empty = /^(open|clear|none|empty|hole|air|blank)([-_ ]?\d.*)?$/i

function filterOf(reading: Reading): string | null {
  return fact(reading, 'filter', (source): Read<string> => {
    if (source.combine !== 'wheels') return textOf(reading.cards, source.keyword)
    const names = [source.keyword, ...(source.with ?? [])].flatMap(
      (keyword) => textOf(reading.cards, keyword).value ?? [],
    )
    const filters = names.filter((name) => !empty.test(name))
    if (filters.length > 0) return { value: filters.join(' + '), from: source.keyword }
    return names.length === 0 ? {} : { why: `The filter wheels say ${names.join(', ')}: no filter.` }
  })
}

function kindOf(reading: Reading): FrameKind | null {
  return fact(
    reading,
    'kind',
    (source, dialect): Read<FrameKind> => {
      const words = textOf(reading.cards, source.keyword)
      if (words.value === undefined) return {}
      const found = (dialect.kinds ?? fallback.kinds ?? []).find(([pattern]) => pattern.test(words.value!))
      if (found) return { value: found[1] }
      return { why: `${source.keyword} = "${words.value}" is no kind of frame that is known here.` }
    },
    (dialect) => dialect.always?.kind,
  )
}

function siteFact(reading: Reading): FrameSite | null {
  return fact(
    reading,
    'site',
    (source) => siteOf(reading.cards, source),
    (dialect) => {
      if (dialect.always?.site === undefined) return undefined
      const { name, longitudeDeg, latitudeDeg, heightM } = findSite(dialect.always.site)
      return { name, longitudeDeg, latitudeDeg, heightM }
    },
  )
}

function pixelScaleOf({ cards, dialects: known, doubts }: Reading): Facts['pixels'] {
  for (const { asinh } of known) {
    if (!asinh || !cards.has(asinh.offset) || !cards.has(asinh.softening)) continue
    const [offset, softening] = [cards.number(asinh.offset), cards.number(asinh.softening)]
    if (offset !== undefined && softening !== undefined && softening > 0)
      return { form: 'asinh', offset, softening }
    doubts.push(
      `${asinh.offset} and ${asinh.softening} are there but are no numbers; pixels are left as they are.`,
    )
  }
  return { form: 'linear' }
}

/**
 * Facts of the image at index `which` of `hdus` (default: the first image with pixels that is no mask), from its own header
 * and, for what that does not say, the primary one. Never throws: what cannot be read is null with its reason in `missing`.
 */
export function facts(hdus: readonly Hdu[], which?: number): Facts {
  const own = which === undefined ? mainHdu(hdus) : hdus[which]
  const primary = hdus[0]!.header
  const cards = cardsOf(own?.header ?? primary, primary)
  const known = recognised(cards)
  const reading: Reading = { cards, dialects: known, from: {}, missing: {}, doubts: [] }
  const filterName = filterOf(reading)
  const filter = filterName === null ? null : (findFilter(filterName)?.name ?? null)
  if (filterName !== null && filter === null)
    reading.doubts.push(
      `The filter "${filterName.slice(0, 60)}" is none of the bands that photometry knows; name the band where it is needed.`,
    )
  const kind = kindOf(reading)
  const exposure = fact(reading, 'exposure', (source) => {
    const unit = secondsOf(cards, source.keyword)
    return combined(cards, { ...source, factor: (source.factor ?? 1) * unit }, 'exposure time', 0, 1e8)
  })
  const shape = own?.shape ?? []
  const found: Facts = {
    profiles: known.length === 0 ? [fallback.id] : known.map(({ id }) => id),
    telescope: text(reading, 'telescope', 'telescope'),
    instrument: text(reading, 'instrument', 'instrument'),
    site: siteFact(reading),
    filter,
    filterName,
    kind,
    object: text(reading, 'object'),
    time: fact(reading, 'time', (source) => timeOf(cards, source, exposure, kind)),
    exposure,
    gain: number(reading, 'gain', 1e-6, 1e9),
    saturation: number(reading, 'saturation', 1e-6, 1e12),
    readNoise: number(reading, 'readNoise', 1e-6, 1e6),
    airmass: number(reading, 'airmass', 0.99, 60),
    pointing: fact(reading, 'pointing', (source) => pairOf(cards, source)),
    binning: fact(reading, 'binning', (source): Read<[number, number]> => {
      const names = [source.keyword, ...(source.with ?? [])]
      const words = names.map((keyword) => cards.value(keyword)).filter((value) => value !== undefined)
      if (words.length < names.length || words.some((value) => isNothing(value))) return {}
      const numbers =
        words
          .join(' ')
          .match(/\d+(\.\d+)?/g)
          ?.map(Number) ?? []
      const [x, y] = numbers
      if (x !== undefined && y !== undefined && x >= 1 && y >= 1 && x <= 64 && y <= 64)
        return { value: [x, y] }
      return { why: `${source.keyword} = "${words.join(' ').slice(0, 40)}" is no binning.` }
    }),
    dataSection: fact(reading, 'dataSection', ({ keyword }) => sectionOf(cards, keyword, shape)),
    unit: text(reading, 'unit'),
    pixels: pixelScaleOf(reading),
    from: reading.from,
    missing: reading.missing,
    doubts: reading.doubts,
  }
  disagreements(found, cards)
  return found
}

/** What the header says twice and differently is said to the reader. */
function disagreements(found: Facts, cards: Cards): void {
  const [time, exposure] = ['EXPTIME', 'EXPOSURE'].map((keyword) => {
    const value = cards.number(keyword)
    return value === undefined ? undefined : value * secondsOf(cards, keyword)
  })
  if (time !== undefined && exposure !== undefined && Math.abs(time - exposure) > 0.01 * Math.max(time, 1))
    found.doubts.push(`EXPTIME = ${time} s and EXPOSURE = ${exposure} s differ; the first is taken.`)
  const mjd = cards.number('MJD-OBS')
  const date = found.from.time?.startsWith('DATE-OBS') ? found.time?.mjd : null
  if (mjd !== undefined && typeof date === 'number') {
    const seconds = Math.abs(mjd - date) * 86_400
    if (seconds > 2)
      found.doubts.push(
        `MJD-OBS = ${mjd} and DATE-OBS differ by ${seconds < 7200 ? `${seconds.toFixed(1)} s` : `${(seconds / 86_400).toFixed(3)} d`}; DATE-OBS is taken.`,
      )
  }
  const { kind, object } = found
  if (
    kind === 'object' &&
    object !== null &&
    /^(bias|dark|(dome|sky|twilight)?[ _]?flat|twilight)$/i.test(object)
  )
    found.doubts.push(`The header says it is an exposure of an object, but calls that object "${object}".`)
}
