import type { ParseArgsOptionsConfig } from 'node:util'

/** What a command is run with. `out` prints for people, `document` prints the one JSON document of `--json`. */
export interface Invocation {
  /** Words after the command's own. */
  readonly args: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | string[] | undefined>>
  readonly json: boolean
  out(line?: string): void
  /** Warnings and progress, on stderr. */
  note(line: string): void
  /** With `--json` the document is printed; otherwise `human` is called to print for people. */
  document(value: unknown, human: () => void): void
  readonly signal: AbortSignal
}

/** One command: `urania alerts ingest FILE…` has `words: ['alerts', 'ingest']`. */
export interface Command {
  words: readonly string[]
  /** Placeholder of the arguments: `FILE…`. */
  usage: string
  summary: string
  /** A few lines of the form `urania skymap info bayestar.multiorder.fits`. */
  examples: readonly string[]
  options?: ParseArgsOptionsConfig & Record<string, { doc?: string }>
  /** Exit code; Problems thrown are printed in one sentence and exit 1. */
  run(invocation: Invocation): Promise<number | void>
}
