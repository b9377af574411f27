import { z } from 'zod'
import { formatCard } from '#science/fits/card.ts'
import { hduLabel, type Hdu } from '#science/fits/hdu.ts'

/** A header as people and programs read it. */

export const HeaderCard = z
  .object({
    keyword: z.string(),
    value: z
      .union([z.string(), z.number(), z.boolean(), z.tuple([z.number(), z.number()])])
      .nullable()
      .describe('Whole numbers beyond 2^53 are text; null: a card without a value'),
    comment: z.string(),
  })
  .meta({ id: 'HeaderCard' })
export type HeaderCard = z.output<typeof HeaderCard>

export const HeaderView = z
  .object({
    hdu: z.number().int(),
    name: z.string(),
    kind: z.string(),
    shape: z.array(z.number()),
    cards: z.array(HeaderCard),
    of: z.number().int().describe('Cards of the whole header'),
  })
  .meta({ id: 'HeaderView' })
export type HeaderView = z.output<typeof HeaderView>

/** Cards that one answer holds: headers with more are for the file itself. */
const mostCards = 20_000

/** Cards whose keyword, value or comment holds all words of `filter`, whatever the case. */
export function headerView(hdu: Hdu, filter = ''): HeaderView {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const cards: HeaderCard[] = []
  for (const { keyword, value, comment } of hdu.header.cards) {
    const text = `${keyword} ${String(value ?? '')} ${comment}`.toLowerCase()
    if (!words.every((word) => text.includes(word))) continue
    cards.push({ keyword, value: jsonValue(value), comment })
    if (cards.length === mostCards) break
  }
  return {
    hdu: hdu.index,
    name: hdu.name,
    kind: hdu.kind,
    shape: [...hdu.shape],
    cards,
    of: hdu.header.cards.length,
  }
}

function jsonValue(value: Hdu['header']['cards'][number]['value']): HeaderCard['value'] {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value === null || typeof value !== 'object' ? value : [value[0], value[1]]
}

/** The cards as they stand in the file, a line each. */
export function headerText(hdus: readonly Hdu[], filter = ''): string {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const lines: string[] = []
  for (const hdu of hdus) {
    if (hdus.length > 1)
      lines.push(`# ${hduLabel(hdu.index, hdu.name)}: ${hdu.kind} ${hdu.shape.join(' × ')}`)
    for (const each of hdu.header.cards.slice(0, mostCards)) {
      const text = formatCard(each)
      const seen = text.toLowerCase()
      if (!words.every((word) => seen.includes(word))) continue
      for (let at = 0; at < text.length; at += 80) lines.push(text.slice(at, at + 80).trimEnd())
    }
  }
  return `${lines.join('\n')}\n`
}
