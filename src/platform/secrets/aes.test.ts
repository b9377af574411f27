import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createSecrets, loadSecretKey } from './aes.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))
const key = loadSecretKey(join(folder, 'secret.key'), '')
const secrets = createSecrets(key)

it('opens what it sealed, and seals the same text differently each time', () => {
  for (const text of ['', 'p4ss', 'naïve ☉', 'x'.repeat(10_000)]) {
    expect(secrets.open(secrets.seal(text, 'gcn.client'), 'gcn.client')).toBe(text)
  }
  expect(secrets.seal('a', 'b')).not.toBe(secrets.seal('a', 'b'))
})

it('refuses another context, another key, a changed value and what was never sealed', () => {
  const sealed = secrets.seal('hello', 'gcn.client')
  const other = createSecrets(loadSecretKey('', 'ab'.repeat(32)))
  expect(() => secrets.open(sealed, 'tns.bot')).toThrow(/another key, moved or changed/)
  expect(() => other.open(sealed, 'gcn.client')).toThrow(/another key/)
  expect(() => secrets.open(sealed.slice(0, -2) + 'xx', 'gcn.client')).toThrow(/changed/)
  expect(() => secrets.open('hello', 'gcn.client')).toThrow(/not a sealed secret/)
})

it('the key file is made once, private, and read again', () => {
  const path = join(folder, 'secret.key')
  expect(Buffer.from(loadSecretKey(path, '')).equals(Buffer.from(key))).toBe(true)
  expect(readFileSync(path, 'utf8').trim()).toMatch(/^[0-9a-f]{64}$/)
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
})

it('a key from the environment: hexadecimal, base64 or a long passphrase; a short one is refused', () => {
  const hex = loadSecretKey('', '00'.repeat(32))
  expect(loadSecretKey('', Buffer.alloc(32).toString('base64'))).toEqual(hex)
  expect(loadSecretKey('', 'a passphrase that is long enough to be one')).toHaveLength(32)
  expect(() => loadSecretKey('', 'short')).toThrow(/too short/)
})

it('keys for purposes are stable and differ', () => {
  expect(secrets.derive('sessions')).toBe(createSecrets(key).derive('sessions'))
  expect(secrets.derive('sessions')).not.toBe(secrets.derive('links'))
})
