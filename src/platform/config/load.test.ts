import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import type { Section } from './config.ts'
import { defaultFile, writeDefaultFile } from './file.ts'
import { loadConfig } from './load.ts'

const root = mkdtempSync(join(tmpdir(), 'urania-config-'))
afterAll(() => rmSync(root, { recursive: true }))

const gcn = {
  name: 'gcn',
  settings: {
    clientId: { schema: z.string().nullable().default(null), doc: 'Client id.' },
    clientSecret: { schema: z.string().nullable().default(null), doc: 'Client secret.', secret: true },
    topics: { schema: z.array(z.string()).default(['gcn.circulars']), doc: 'Topics.' },
    retries: { schema: z.number().int().max(9).default(3), doc: 'Retries.' },
    live: { schema: z.boolean().default(true), doc: 'Listen.' },
  },
} satisfies Section

let count = 0
function load(toml: string, env: Record<string, string> = {}, flags: Record<string, string> = {}) {
  const home = mkdtempSync(join(root, `${count++}-`))
  writeFileSync(join(home, 'urania.toml'), toml, { mode: 0o600 })
  return loadConfig({ sections: [gcn], env: { URANIA_HOME: home, ...env }, flags })
}

it('defaults hold where nothing is written', () => {
  const config = load('')
  expect([config.host, config.port, config.databaseUrl, config.logLevel]).toEqual([
    '127.0.0.1',
    4848,
    null,
    'info',
  ])
  expect(config.roles).toEqual(['api', 'worker', 'streams', 'scheduler'])
  expect(config.section(gcn)).toEqual({
    clientId: null,
    clientSecret: null,
    topics: ['gcn.circulars'],
    retries: 3,
    live: true,
  })
})

it('file, then environment, then flags; each value knows where it came from', () => {
  const config = load(
    'port = 1\nhost = "::1"\nlog_level = "warn"\n[gcn]\nclient_id = "file"\nretries = 5\n',
    {
      URANIA_PORT: '2',
      URANIA_HOST: '0.0.0.0',
      URANIA_GCN_RETRIES: '7',
      URANIA_GCN_TOPICS: 'a, b',
      URANIA_GCN_LIVE: 'false',
    },
    { port: '3' },
  )
  expect([config.port, config.host, config.logLevel]).toEqual([3, '0.0.0.0', 'warn'])
  expect(config.section(gcn)).toMatchObject({ clientId: 'file', retries: 7, topics: ['a', 'b'], live: false })
  const origins = Object.fromEntries(config.describe().map((row) => [row.key, row.origin]))
  expect(origins).toMatchObject({
    home: 'environment',
    port: 'flag',
    host: 'environment',
    log_level: 'file',
    database_url: 'default',
    'gcn.client_id': 'file',
    'gcn.topics': 'environment',
  })
})

it('secrets are masked, of an address only the password', () => {
  const config = load('[gcn]\nclient_secret = "s3cret"\n', {
    DATABASE_URL: 'postgres://me:s3cret@db.example/urania',
  })
  const shown = JSON.stringify(config.describe())
  expect(shown).not.toContain('s3cret')
  expect(shown).toContain('postgres://me:********@db.example/urania')
  expect(config.section(gcn).clientSecret).toBe('s3cret')
})

it('an unknown key is an error with its line and what was meant', () => {
  expect(() => load('host = "::1"\nprot = 4848\n')).toThrow(
    /urania\.toml:2: unknown key "prot"; did you mean "port"\?/,
  )
  expect(() => load('\n[gcn]\n\nclientid = "x"\n')).toThrow(
    /urania\.toml:4: unknown key "gcn\.clientid"; did you mean "client_id"\?/,
  )
  expect(() => load('[gnc]\nretries = 1\n')).toThrow(
    /urania\.toml:1: unknown key "gnc"; did you mean "gcn"\?/,
  )
  expect(() => load('[zzzzzzzz]\n')).toThrow(/known here: database_url, host/)
  expect(() => load('gcn = 3')).toThrow(/write \[gcn\]/)
})

it('a wrong value names file and line, variable or flag', () => {
  expect(() => load('# c\nport = "many"\n')).toThrow(/urania\.toml:2: port: .*expected number.*it is "many"/)
  expect(() => load('[gcn]\nretries = 10\n')).toThrow(/urania\.toml:2: gcn\.retries: .*9/)
  expect(() => load('', { URANIA_PORT: '70000' })).toThrow(/URANIA_PORT: port: .*65535/)
  expect(() => load('', {}, { port: 'x' })).toThrow(/--port: port: /)
  expect(() => load('', { DATABASE_URL: 'mysql://x:s3cret@y' })).toThrow(/must begin with postgres/)
  expect(() => load('', { DATABASE_URL: 'mysql://x:s3cret@y' })).not.toThrow(/s3cret/)
  expect(() => load('port = = 3\n')).toThrow(/urania\.toml:1: this is not valid TOML/)
})

it('a variable that names no setting is pointed out, an empty one is no value', () => {
  const config = load('', { URANIA_PROT: '1', URANIA_PORT: '' })
  expect(config.warnings).toEqual([
    'URANIA_PROT is set, but there is no such setting; did you mean URANIA_PORT?',
  ])
  expect(config.port).toBe(4848)
})

it('the result is frozen', () => {
  const config = load('')
  expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError)
  expect(() => (config.roles as string[]).push('x')).toThrow(TypeError)
  expect(() => Object.assign(config.section(gcn), { retries: 1 })).toThrow(TypeError)
})

it('the default file is private, holds every setting, changes nothing, and gives the defaults when uncommented', () => {
  const path = join(root, 'new', 'urania.toml')
  expect(writeDefaultFile(path, [gcn])).toBe(true)
  expect(writeDefaultFile(path, [gcn])).toBe(false)
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(parse(readFileSync(path, 'utf8'))).toEqual({ http: {}, remote_storage: {}, gcn: {} })
  const uncommented = defaultFile([gcn])
    .split('\n')
    .filter((line) => /^# \w+ = \S/.test(line) || line.startsWith('['))
    .map((line) => line.replace(/^# /, ''))
    .join('\n')
  expect(load(uncommented).section(gcn)).toEqual(load('').section(gcn))
})
