import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Problem } from '#problem.ts'
import type { Secrets } from './secrets.ts'

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; keys of single purposes by HKDF-SHA-256 (RFC 5869) from the
 * one key given: 32 bytes.
 */
export function createSecrets(key: Uint8Array): Secrets {
  if (key.length !== 32) {
    throw new Problem('secrets.invalid', `The secret key has ${key.length} bytes; it must have 32.`)
  }
  const derived = (purpose: string) => Buffer.from(hkdfSync('sha256', key, '', `urania ${purpose}`, 32))
  const sealing = derived('seal')
  return {
    seal(text, context) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v1.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },
    open(sealed, context) {
      const [version, nonce, body, ...rest] = sealed.split('.')
      const bytes = Buffer.from(body ?? '', 'base64url')
      if (version !== 'v1' || rest.length > 0 || bytes.length < 16) {
        throw new Problem(
          'secrets.invalid',
          `What is stored for ${context} is not a sealed secret; enter it again.`,
        )
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealing, Buffer.from(nonce, 'base64url'), {
          authTagLength: 16,
        })
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(-16))
        return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
      } catch (error) {
        throw new Problem(
          'secrets.invalid',
          `The secret of ${context} can't be opened: it was sealed with another key, moved or changed. Put the old ` +
            `secret.key back, or enter the secret again.`,
          { context },
          error,
        )
      }
    },
    derive: (purpose) => derived(`derive ${purpose}`).toString('base64url'),
  }
}

/**
 * The key: from `URANIA_SECRET_KEY` (32 bytes as 64 hexadecimal digits or base64, or any passphrase of at least 32
 * characters), else from `path`, which is made with a random key on first use (mode 0600, durable, never overwritten).
 */
export function loadSecretKey(path: string, fromEnvironment = process.env['URANIA_SECRET_KEY']): Uint8Array {
  if (fromEnvironment) return parseKey(fromEnvironment, 'URANIA_SECRET_KEY')
  try {
    return parseKey(readFileSync(path, 'utf8').trim(), path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.new-${randomBytes(6).toString('hex')}`
  const file = openSync(temporary, 'wx', 0o600)
  writeSync(file, randomBytes(32).toString('hex') + '\n')
  fsyncSync(file)
  closeSync(file)
  try {
    // A link is never made over a file, so of two racing starts both use the key of the first.
    linkSync(temporary, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  if (process.platform !== 'win32') {
    const folder = openSync(dirname(path), 'r')
    fsyncSync(folder)
    closeSync(folder)
  }
  return parseKey(readFileSync(path, 'utf8').trim(), path)
}

function parseKey(text: string, where: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  const decoded = Buffer.from(text, 'base64')
  if (decoded.length === 32 && /^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return decoded
  if (text.length >= 32) return createHash('sha256').update(text).digest()
  throw new Problem(
    'secrets.invalid',
    `The secret key in ${where} is too short; give 64 hexadecimal digits ("openssl rand -hex 32" makes them).`,
    { where },
  )
}
