/** Pieces of SQL with their parameters. Text comes from this folder and from schemas alone; what a user wrote is a value. */
import { Problem } from '#problem.ts'

export type SqlValue = string | number | boolean

export interface Fragment {
  /** One more than there are values: the text around them. */
  readonly parts: readonly string[]
  readonly values: readonly SqlValue[]
}

/** Most characters and values of one condition: nested functions repeat their arguments. */
const characterLimit = 500_000
const valueLimit = 20_000

export function text(piece: string): Fragment {
  return { parts: [piece], values: [] }
}

export function parameter(value: SqlValue): Fragment {
  return { parts: ['', ''], values: [value] }
}

/** Template tag: fragments between pieces of text. */
export function sql(pieces: TemplateStringsArray, ...holes: readonly Fragment[]): Fragment {
  return assemble(pieces, holes)
}

/** Fragments with a separator between them. */
export function joined(fragments: readonly Fragment[], separator: string): Fragment {
  return assemble(['', ...Array.from({ length: fragments.length - 1 }, () => separator), ''], fragments)
}

function assemble(pieces: readonly string[], holes: readonly Fragment[]): Fragment {
  const parts: string[] = [pieces[0]]
  const values: SqlValue[] = []
  let size = 0
  for (const [index, hole] of holes.entries()) {
    parts[parts.length - 1] += hole.parts[0]
    for (let i = 1; i < hole.parts.length; i++) parts.push(hole.parts[i])
    for (const each of hole.values) values.push(each)
    parts[parts.length - 1] += pieces[index + 1]
    if (values.length > valueLimit) break
  }
  for (const part of parts) size += part.length
  if (size > characterLimit || values.length > valueLimit) {
    throw new Problem(
      'adql.too_large',
      'The condition becomes too long in SQL; nest fewer functions in each other.',
    )
  }
  return { parts, values }
}

/** Text with `$1`, `$2`, … (counted from `first`) and the values in that order: for pg and DuckDB. */
export function numbered({ parts, values }: Fragment, first = 1): { text: string; values: SqlValue[] } {
  let out = parts[0]
  for (let i = 1; i < parts.length; i++) out += `$${first + i - 1}${parts[i]}`
  return { text: out, values: [...values] }
}

/** A name as SQL writes it, whatever its letters. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
