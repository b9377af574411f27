import { z } from 'zod'

export const configGroups = [
  'frame',
  'photometry',
  'transients',
  'subtraction',
  'stack',
  'engines',
  'report',
] as const
export type ConfigGroup = (typeof configGroups)[number]

/** What the form shows beside the type. */
export interface KeyFacts {
  group: ConfigGroup
  title: string
  /** VOUnits, or `FWHM` for multiples of the seeing. */
  unit?: string
  doc: string
  /** Null means that the program finds it. */
  auto?: string
}

/** Describes the keys of one group: a schema and what the form shows of it. */
export function keysOf(group: ConfigGroup) {
  return <T extends z.ZodType>(schema: T, facts: Omit<KeyFacts, 'group'>): T => {
    const { doc, ...rest } = facts
    return schema.describe(doc).meta({ group, ...rest, description: doc })
  }
}

export const auto = <T extends z.ZodType>(schema: T) => schema.nullable().prefault(null)
export const text = () => z.string().max(4_000).default('')
export const flag = (fallback: boolean) => z.boolean().default(fallback)
export const positive = z.number().positive()
export const order = (fallback: number, most: number) => z.number().int().min(0).max(most).default(fallback)
