/** Which external programs are here. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** A program that may or may not be installed. */
export interface ProgramFacts {
  /** Names under which it is installed, the first being what people call it. */
  readonly names: readonly [string, ...string[]]
  /** Debian package that brings it; null where none does. */
  readonly package: string | null
  /** What it is for, a few words. */
  readonly purpose: string
  /** Arguments that make it say its version, and where the version then stands. */
  readonly version: { readonly args: readonly string[]; readonly pattern: RegExp }
}

/** Path of the first of the names that is on PATH. */
export function findProgram(
  { names }: Pick<ProgramFacts, 'names'>,
  path: string = process.env['PATH'] ?? '',
): string | undefined {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder))
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** What it says of its version; null where it says nothing that is understood. */
export function versionOf(path: string, { version: { args, pattern } }: ProgramFacts): string | null {
  const { stdout, stderr } = spawnSync(path, args, {
    encoding: 'latin1',
    timeout: 5_000,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
  })
  return pattern.exec(`${stdout ?? ''}\n${stderr ?? ''}`)?.[1] ?? null
}
