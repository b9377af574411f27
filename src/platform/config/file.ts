import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse, stringify, TomlError } from 'smol-toml'
import type { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Section } from './config.ts'
import { core } from './core.ts'
import { httpSection } from '#platform/http/section.ts'
import { remoteStorageSection } from '#platform/storage/section.ts'

export interface ConfigFile {
  path: string
  values: Record<string, unknown>
  /** Line of a key, 1-based; undefined where the file does not hold it. */
  lineOf(path: readonly string[]): number | undefined
  /** True when others than the owner may read it. */
  readableByOthers: boolean
}

/** Reads the file; an absent one is empty. Throws `config.invalid` with the line of a syntax error. */
export function readConfigFile(path: string): ConfigFile {
  if (!existsSync(path)) return { path, values: {}, lineOf: () => undefined, readableByOthers: false }
  const text = readFileSync(path, 'utf8')
  try {
    const values = parse(text) as Record<string, unknown>
    const readableByOthers = process.platform !== 'win32' && (statSync(path).mode & 0o044) !== 0
    return { path, values, lineOf: (keys) => lineOf(text, keys), readableByOthers }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = error.message
      .split('\n')[0]
      .replace(/^Invalid TOML document:\s*/i, '')
      .replace(/\.$/, '')
    throw new Problem(
      'config.invalid',
      `${path}:${error.line}: this is not valid TOML: ${reason}.`,
      { path, line: error.line, column: error.column },
      error,
    )
  }
}

function lineOf(text: string, wanted: readonly string[]): number | undefined {
  const target = wanted.join('\0')
  let table: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*\[{1,2}([^\]]+)\]{1,2}\s*(#.*)?$/.exec(line)?.[1]
    const key = /^\s*([A-Za-z0-9_."'\s-]+?)\s*=/.exec(line)?.[1]
    if (header !== undefined) table = keysOf(header)
    const path = header !== undefined ? table : key !== undefined ? [...table, ...keysOf(key)] : []
    // A header or dotted key holds its parents too.
    if (path.length > 0 && `${path.join('\0')}\0`.startsWith(`${target}\0`)) return index + 1
  }
  return undefined
}

function keysOf(dotted: string): string[] {
  return dotted.split('.').map((key) => key.trim().replace(/^["']|["']$/g, ''))
}

/** `clientId` → `client_id`. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The file with every setting commented out at its default, each with what it means. */
export function defaultFile(sections: readonly Section[]): string {
  const lines = [
    '# Urania reads this file at start. Every line shows the default; remove the # to change it.',
    '# The environment (named beside each) and flags win over it. "urania config" prints what holds and why.',
    '',
  ]
  for (const [key, setting] of Object.entries(core)) lines.push(...entry(key, setting, setting.env))
  for (const section of [httpSection, remoteStorageSection, ...sections]) {
    lines.push(`[${section.name}]`, '')
    for (const [name, setting] of Object.entries(section.settings)) {
      lines.push(...entry(snake(name), setting, environmentName(section.name, name)))
    }
  }
  return lines.join('\n')
}

function entry(key: string, setting: { schema: z.ZodType; doc: string }, env: string): string[] {
  const { data } = setting.schema.safeParse(undefined)
  const value = data === undefined || data === null ? `${key} = ` : stringify({ [key]: data }).trim()
  return [`# ${setting.doc} [${env}]`, ...value.split('\n').map((line) => `# ${line}`.trimEnd()), '']
}

/** `URANIA_GCN_CLIENT_ID` for `clientId` of section `gcn`. */
export function environmentName(section: string, name: string): string {
  return `URANIA_${snake(section)}_${snake(name)}`.replaceAll('-', '_').toUpperCase()
}

/** Writes the commented default file, private to its owner, unless one is there. */
export function writeDefaultFile(path: string, sections: readonly Section[]): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(path, defaultFile(sections), { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}
