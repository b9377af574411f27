import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { Problem } from '#problem.ts'
import type { Config, Origin, Section, Setting } from './config.ts'
import { core, defaultHome, type CoreKey, type CoreValues } from './core.ts'
import { environmentName, readConfigFile, snake, type ConfigFile } from './file.ts'
import { nearest } from './nearest.ts'
import { httpSection } from '#platform/http/section.ts'
import { remoteStorageSection } from '#platform/storage/section.ts'

export interface LoadOptions {
  /** Every section of every room. */
  sections?: readonly Section[]
  env?: Readonly<Record<string, string | undefined>>
  /** Values given on the command line, as text; keys as in the file, and `home`. */
  flags?: Readonly<Partial<Record<CoreKey | 'home', string>>>
}

/** The effective configuration, with what only the program's own start needs. */
export interface LoadedConfig extends Config {
  readonly file: string
  /** `s3://…` or `https://…` of a storage elsewhere; null: a folder. */
  readonly storageAddress: string | null
  /** Folder of the stored bytes, absolute; of a storage elsewhere, that of the local copies. */
  readonly storageFolder: string
  readonly pgBin: string | null
  readonly dbUser: string | null
  /** Things that are allowed but probably not meant. */
  readonly warnings: readonly string[]
}

/** Environment names that are ours but no settings; the token is what the guide and the pages tell scripts to use. */
const otherNames = ['URANIA_HOME', 'URANIA_SECRET_KEY', 'URANIA_TEST_DATA', 'URANIA_TOKEN']

interface Entry {
  key: string
  path: string[]
  setting: Setting
  env: string
  section: string | null
  name: string
}

/**
 * Reads file, environment and flags (each wins over those before it), checks everything against its schema and freezes
 * the result. Throws `config.invalid` naming file and line, variable or flag.
 */
export function loadConfig({
  sections: ofRooms = [],
  env = process.env,
  flags = {},
}: LoadOptions = {}): LoadedConfig {
  const sections = [httpSection, remoteStorageSection, ...ofRooms]
  const home = resolve(flags.home ?? (env['URANIA_HOME'] || defaultHome()))
  const file = readConfigFile(join(home, 'urania.toml'))
  const entries = entriesOf(sections)
  refuseUnknown(file, entries, sections)

  const rows = entries.map((entry) => ({ entry, ...effective(entry, file, env, flags) }))
  const values = rows.filter((row) => row.entry.section === null).map((row) => [row.entry.key, row.value])
  const own = Object.fromEntries(values) as CoreValues
  const warnings = warningsOf(
    file,
    env,
    rows.filter((row) => row.entry.setting.secret && row.origin === 'file').map((row) => row.entry.key),
    entries,
  )
  const storageAddress = /^(s3|https?):\/\//.test(own.storage ?? '') ? own.storage : null
  const homeOrigin: Origin =
    flags.home !== undefined ? 'flag' : env['URANIA_HOME'] ? 'environment' : 'default'
  return deepFreeze({
    home,
    file: file.path,
    databaseUrl: own.database_url,
    host: own.host,
    port: own.port,
    roles: own.roles,
    logLevel: own.log_level,
    storageAddress,
    storageFolder: storageAddress ? join(home, 'cache', 'storage') : resolve(home, own.storage ?? 'storage'),
    pgBin: own.pg_bin,
    dbUser: own.db_user,
    warnings,
    section<S extends Record<string, Setting>>(section: Section<S>) {
      const mine = rows.filter((row) => row.entry.section === section.name)
      if (mine.length === 0 && Object.keys(section.settings).length > 0) {
        throw new Problem(
          'internal.error',
          `The section [${section.name}] was not declared by any room when the configuration was read.`,
        )
      }
      return Object.freeze(Object.fromEntries(mine.map((row) => [row.entry.name, row.value]))) as never
    },
    describe: () => [
      {
        key: 'home',
        value: home,
        origin: homeOrigin,
        doc: 'Folder that holds everything Urania keeps.',
        env: 'URANIA_HOME',
      },
      ...rows.map(({ entry, value, origin }) => ({
        key: entry.key,
        value: entry.setting.secret ? masked(value) : (value ?? null),
        origin,
        doc: entry.setting.doc,
        env: entry.env,
      })),
    ],
  })
}

function entriesOf(sections: readonly Section[]): Entry[] {
  const entries: Entry[] = Object.entries(core).map(([key, setting]) => ({
    key,
    path: [key],
    setting,
    env: setting.env,
    section: null,
    name: key,
  }))
  for (const section of sections) {
    for (const [name, setting] of Object.entries(section.settings)) {
      const path = [section.name, snake(name)]
      const env = environmentName(section.name, name)
      entries.push({ key: path.join('.'), path, setting, env, section: section.name, name })
    }
  }
  return entries
}

function effective(
  entry: Entry,
  file: ConfigFile,
  env: NonNullable<LoadOptions['env']>,
  flags: NonNullable<LoadOptions['flags']>,
): { value: unknown; origin: Origin } {
  const flag = entry.section === null ? flags[entry.key as CoreKey] : undefined
  if (flag !== undefined) {
    const origin = `--${entry.key.replaceAll('_', '-')}`
    return { value: fromText(entry, flag, origin), origin: 'flag' }
  }
  const variable = env[entry.env]
  // An empty variable is one that was not filled in (docker compose, CI).
  if (variable !== undefined && variable !== '')
    return { value: fromText(entry, variable, entry.env), origin: 'environment' }
  const written = entry.path.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    file.values,
  )
  if (written !== undefined) {
    const line = file.lineOf(entry.path)
    return { value: checked(entry, written, line ? `${file.path}:${line}` : file.path), origin: 'file' }
  }
  return {
    value: checked(entry, undefined, `${file.path}: ${entry.key} is not set, and ${entry.env} neither`),
    origin: 'default',
  }
}

/** A variable or flag is text; it is read as whatever the schema takes. */
function fromText(entry: Entry, text: string, origin: string): unknown {
  const readings: unknown[] = [text]
  if (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) readings.push(Number(text))
  if (text === 'true' || text === 'false') readings.push(text === 'true')
  if (/^[[{]/.test(text)) {
    try {
      readings.push(JSON.parse(text))
    } catch {
      // Not JSON: the schema says below what it wanted.
    }
  }
  readings.push(text.split(',').map((part) => part.trim()))
  for (const reading of readings) {
    const result = entry.setting.schema.safeParse(reading)
    if (result.success) return result.data
  }
  // The reason to show is that of the most specific reading: a number said to be too large, not "expected number".
  const shown = typeof readings[1] === 'number' ? readings[1] : text
  return checked(entry, text.includes(',') ? readings.at(-1) : shown, origin)
}

function checked(entry: Entry, value: unknown, where: string): unknown {
  const result = entry.setting.schema.safeParse(value)
  if (result.success) return result.data
  const issue = (result.error as z.ZodError).issues[0]
  const given = entry.setting.secret || value === undefined ? '' : ` (it is ${JSON.stringify(value)})`
  const reason = issue.message.charAt(0).toLowerCase() + issue.message.slice(1).replace(/\.$/, '')
  throw new Problem('config.invalid', `${where}: ${entry.key}: ${reason}${given}. ${entry.setting.doc}`, {
    key: entry.key,
    where,
  })
}

function refuseUnknown(file: ConfigFile, entries: readonly Entry[], sections: readonly Section[]) {
  const top = new Set([...Object.keys(core), ...sections.map((section) => section.name)])
  for (const [key, value] of Object.entries(file.values)) {
    if (!top.has(key)) throw unknown(file, [key], top)
    if (key in core) continue
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Problem(
        'config.invalid',
        `${at(file, [key])}: ${key} is a section; write [${key}] and its keys below it.`,
      )
    }
    const known = new Set(entries.filter((entry) => entry.section === key).map((entry) => entry.path[1]))
    for (const name of Object.keys(value)) if (!known.has(name)) throw unknown(file, [key, name], known)
  }
}

function unknown(file: ConfigFile, path: string[], known: Set<string>): Problem {
  const guess = nearest(path.at(-1)!, known)
  const remedy = guess ? `did you mean "${guess}"?` : `known here: ${[...known].join(', ') || 'nothing'}.`
  return new Problem('config.invalid', `${at(file, path)}: unknown key "${path.join('.')}"; ${remedy}`, {
    key: path.join('.'),
    line: file.lineOf(path),
  })
}

function at(file: ConfigFile, path: string[]): string {
  const line = file.lineOf(path)
  return line ? `${file.path}:${line}` : file.path
}

function warningsOf(
  file: ConfigFile,
  env: NonNullable<LoadOptions['env']>,
  secretKeys: string[],
  entries: readonly Entry[],
): string[] {
  const warnings: string[] = []
  const names = new Set([...entries.map((entry) => entry.env), ...otherNames])
  for (const name of Object.keys(env)) {
    if (!name.startsWith('URANIA_') || names.has(name)) continue
    const guess = nearest(name, names)
    warnings.push(`${name} is set, but there is no such setting${guess ? `; did you mean ${guess}?` : '.'}`)
  }
  if (file.readableByOthers && secretKeys.length > 0) {
    warnings.push(
      `${file.path} holds secrets (${secretKeys.join(', ')}) and others may read it; run chmod 600 on it.`,
    )
  }
  return warnings
}

function masked(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return null
  if (typeof value !== 'string') return '********'
  // Of an address, all but the password is worth seeing.
  const url = URL.parse(value)
  if (!url?.host) return '********'
  if (url.password) url.password = '********'
  url.search = ''
  return url.href
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
