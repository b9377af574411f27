/**
 * Coverage maps as ASCII and JSON text (MOC 2.0, §4.3.1 and §4.3.2); as FITS in moc-fits.ts.
 *
 * Reading is tolerant: any blanks, commas and line ends between numbers, cells in any sequence, overlapping, or not the
 * largest possible, an `s` before the first order, comment lines. Writing gives the canonical form.
 */
import { Problem } from '#problem.ts'
import { maxOrder } from './healpix.ts'
import type { Moc } from './moc.ts'
import { cellRange, cells, mocFromRanges } from './moc.ts'
import { normalRanges } from './ranges.ts'

/** `order/a b c-d order/…`; a last `order/` without cells states the order of the map. */
export function mocFromAscii(text: string): Moc {
  const plain = text.replace(/#[^\n]*/g, ' ').trim()
  if (/[tf]\s*\d+\s*\//i.test(plain)) throw otherDimension('its orders are marked t or f')
  const pairs: bigint[] = []
  let order = -1
  let deepest = 0
  const tokens = /(s)?(\d+)\s*(\/|-\s*(\d+))?|([,\s]+)|(.)/gi
  for (const [whole, , number, mark, last, , stray] of plain.matchAll(tokens)) {
    if (stray !== undefined)
      throw invalid(`"${stray}" does not belong in an ASCII MOC; it is numbers, "/", "-" and blanks.`)
    if (number === undefined) continue
    if (mark === '/') {
      order = Number(number)
      if (order > maxOrder) throw otherDimension(`it has order ${order}, and the sky ends at ${maxOrder}`)
      deepest = Math.max(deepest, order)
    } else if (order < 0) {
      throw invalid(`"${whole}" stands before the first order; an ASCII MOC starts like "5/".`)
    } else {
      pairs.push(...cellRange(order, BigInt(number), BigInt(last ?? number)))
    }
  }
  if (order < 0 && plain !== '')
    throw invalid('The text names no order; an ASCII MOC is like "5/4 7-9 6/123".')
  return mocFromRanges(normalRanges(BigInt64Array.from(pairs)), deepest)
}

/** Canonical ASCII form: consecutive cells as `a-b`, orders ascending, the map's own order last. */
export function mocToAscii(moc: Moc): string {
  const parts: string[] = []
  let last = -1
  for (const { order, ipix } of cells(moc)) {
    const runs: string[] = []
    for (let i = 0; i < ipix.length;) {
      let j = i
      while (j + 1 < ipix.length && ipix[j + 1] === ipix[j] + 1n) j++
      runs.push(i === j ? `${ipix[i]}` : `${ipix[i]}-${ipix[j]}`)
      i = j + 1
    }
    parts.push(`${order}/${runs.join(' ')}`)
    last = order
  }
  if (last < moc.order) parts.push(`${moc.order}/`)
  return parts.join(' ')
}

/** `{"order": [pixels], …}`. */
export function mocFromJson(text: string): Moc {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(`The text is not JSON: ${error instanceof Error ? error.message : 'it cannot be parsed'}.`)
  }
  if (Array.isArray(value)) throw otherDimension('it is a list, as maps of space and time are')
  if (typeof value !== 'object' || value === null)
    throw invalid('A JSON MOC is an object of orders: {"5": [4, 7]}.')
  const pairs: bigint[] = []
  let deepest = 0
  for (const [key, list] of Object.entries(value)) {
    if (/^[tf]\d*$/i.test(key)) throw otherDimension(`it has the key "${key}"`)
    const order = /^s?\d+$/.test(key) ? Number(key.replace('s', '')) : NaN
    if (order > maxOrder) throw otherDimension(`it has order ${order}, and the sky ends at ${maxOrder}`)
    if (!(order >= 0) || !Array.isArray(list)) throw invalid(`"${key}" is no order with a list of pixels.`)
    deepest = Math.max(deepest, order)
    const pixels: unknown[] = order > 24 ? wholeNumbers(text, key) : list
    for (const p of pixels) {
      if (typeof p !== 'bigint' && !Number.isSafeInteger(p))
        throw invalid(`Order ${order} lists ${JSON.stringify(p)}, no pixel.`)
      pairs.push(...cellRange(order, BigInt(p as number | bigint)))
    }
  }
  return mocFromRanges(normalRanges(BigInt64Array.from(pairs)), deepest)
}

/** Numbers of a list with all their digits, which JSON.parse rounds beyond 2⁵³. */
function wholeNumbers(text: string, key: string): bigint[] {
  const body = new RegExp(`"${key}"\\s*:\\s*\\[([^\\]]*)\\]`).exec(text)?.[1] ?? ''
  return body.split(',').flatMap((item) => {
    const digits = item.trim()
    if (digits === '') return []
    if (!/^\d+$/.test(digits)) throw invalid(`Order ${key} lists ${digits}, no pixel.`)
    return [BigInt(digits)]
  })
}

/** Canonical JSON form; the map's own order is there even without cells. */
export function mocToJson(moc: Moc): string {
  const lists = cells(moc).map(({ order, ipix }) => `"${order}":[${ipix.join(',')}]`)
  if ((cells(moc).at(-1)?.order ?? -1) < moc.order) lists.push(`"${moc.order}":[]`)
  return `{${lists.join(',')}}`
}

function invalid(sentence: string): Problem {
  return new Problem('moc.invalid', sentence)
}

function otherDimension(reason: string): Problem {
  return new Problem(
    'moc.dimension',
    `This is not a coverage of the sky (${reason}); only space MOCs can be read here.`,
  )
}
