import type { ParseArgsOptionsConfig } from 'node:util'
import type { LoadedConfig } from '#platform/config/load.ts'
import type { Platform } from '#platform/platform.ts'
import type { Progress } from './progress.ts'

/** What a command is run with. `out` prints for people, `document` prints the one JSON document of `--json`. */
export interface Invocation {
  /** Words after the command's own. */
  readonly args: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | string[] | undefined>>
  readonly json: boolean
  readonly out: (line?: string) => void
  /** Warnings and progress, on stderr. */
  readonly note: (line: string) => void
  /** With `--json` the document is printed; otherwise `human` is called to print for people. */
  readonly document: (value: unknown, human: () => void) => void
  readonly signal: AbortSignal
  /**
   * Does work that blocks the program and writes nothing: while it lasts a signal ends the program at once, since nobody could
   * listen to `signal`.
   */
  readonly atOnce: <T>(work: () => T) => Promise<T>
  /** A line of done/total, rate and ETA on stderr: rewritten in place on a terminal, now and then elsewhere. */
  readonly progress: (label: string, unit?: string) => Progress
  /** The configuration of the home folder that was asked for (`--home`), read on first call. */
  readonly config: () => Promise<LoadedConfig>
  /**
   * The whole platform on that home folder, migrated; opened on first call, closed when the command ends. Jobs that
   * the command sends are worked by a running `urania start`, or by the command itself where none runs: wait for
   * them with `jobs.idle()`.
   */
  readonly platform: () => Promise<Platform>
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
