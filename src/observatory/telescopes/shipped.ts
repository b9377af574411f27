import { readdirSync, readFileSync } from 'node:fs'
import { readDefinition, refusal } from './definition.ts'
import { doubtsAlone } from './doubts.ts'
import type { Doubt, TelescopeDefinition } from './telescope.ts'

export interface Shipped {
  readonly definition: TelescopeDefinition
  readonly source: string
  /** Found without looking at other telescopes. */
  readonly doubts: readonly Doubt[]
}

const folder = new URL('./shipped/', import.meta.url)

/** Names of the files that come with the program: slug and `.toml`. */
export function shippedFiles(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.toml'))
    .toSorted()
}

/** Text of one of them. */
export function shippedSource(file: string): string {
  return readFileSync(new URL(file, folder), 'utf8')
}

// Files of the program do not change while it runs, and reading all of them takes longer than most requests.
let read: ReadonlyMap<string, Shipped> | undefined

/** The telescopes that come with the program, by slug. */
export function shippedTelescopes(): ReadonlyMap<string, Shipped> {
  read ??= new Map(
    shippedFiles().map((file) => {
      const source = shippedSource(file)
      const { definition, problems } = readDefinition(source)
      if (!definition) throw refusal(problems, file)
      return [definition.slug, { definition, source, doubts: doubtsAlone(definition) }] as const
    }),
  )
  return read
}
