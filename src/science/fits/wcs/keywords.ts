/** WCS keywords of one header, looked up with the letter of the WCS; what has to be put right on the way is noted. */
import { Problem } from '#problem.ts'
import { textOf, valueOf } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'

export interface Keywords {
  readonly header: Header
  readonly alternate: string
  /** What was wrong and how it was taken. */
  readonly repairs: string[]
  has(name: string): boolean
  /** Number of a keyword; undefined where absent or empty. @throws Problem wcs.invalid where it is no finite number. */
  number(name: string): number | undefined
  /** Trimmed text, undefined where absent or empty. */
  text(name: string): string | undefined
  /** Values of indexed keywords: `PV2_` → [[1, 0.5], …]. */
  indexed(prefix: string): [number, number][]
}

/** The keywords of a header for one letter. */
export function keywordsOf(header: Header, alternate: string): Keywords {
  const repairs: string[] = []
  const asText = new Set<string>()
  const number = (name: string): number | undefined => {
    const keyword = name + alternate
    const value = valueOf(header, keyword)
    if (value === undefined) return undefined
    if (typeof value === 'string' && value.trim() === '') return undefined
    const read =
      typeof value === 'number'
        ? value
        : typeof value === 'bigint'
          ? Number(value)
          : typeof value === 'string'
            ? Number(value.trim().replace(/[Dd]/, 'E'))
            : NaN
    if (!Number.isFinite(read)) {
      throw new Problem(
        'wcs.invalid',
        `The header says ${keyword} = ${String(value).slice(0, 40)}, which is no number; correct it or remove the WCS.`,
        { keyword },
      )
    }
    if (typeof value === 'string' && !asText.has(keyword)) {
      asText.add(keyword)
      repairs.push(`${keyword} is text ('${value.trim()}'); taken as the number ${read}.`)
    }
    return read
  }
  return {
    header,
    alternate,
    repairs,
    has: (name) => header.first.has(name + alternate),
    number,
    text: (name) => textOf(header, name + alternate)?.trim() || undefined,
    indexed(prefix) {
      const found: [number, number][] = []
      for (const keyword of header.first.keys()) {
        if (!keyword.startsWith(prefix) || !keyword.endsWith(alternate)) continue
        const index = keyword.slice(prefix.length, keyword.length - alternate.length)
        if (!/^\d{1,2}$/.test(index)) continue
        const value = number(prefix + index)
        if (value !== undefined) found.push([Number(index), value])
      }
      return found
    },
  }
}
