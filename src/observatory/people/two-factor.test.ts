import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { cookiesIn, testApi } from '#test/api.ts'

const { app, request, db, person, cookieOf } = await testApi()
const vera = await person('member', 'Vera')
const send = (path: string, body: unknown, cookie = '') =>
  app.request(`/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'http://localhost', cookie },
    body: JSON.stringify(body),
  })

/** RFC 6238 with SHA-1, 6 digits, 30 s. */
function totp(secret: string, at = Date.now()): string {
  const bits = Array.from(secret.replace(/=+$/, '')).map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter),
  )
  const bytes: number[] = []
  for (let i = 0, held = 0, value = 0; i < bits.length; i++) {
    value = ((value << 5) | bits[i]) & 0xffff
    held += 5
    if (held >= 8) bytes.push((value >> (held -= 8)) & 0xff)
  }
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', Buffer.from(bytes)).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

it('with a second factor the password alone opens nothing; the code or a backup code does, once', async () => {
  const cookie = await cookieOf(vera.email)
  expect((await send('/two-factor/enable', { password: 'wrong password' }, cookie)).status).toBe(400)
  const enabled = await send('/two-factor/enable', { password: vera.password }, cookie)
  const { totpURI, backupCodes } = (await enabled.json()) as { totpURI: string; backupCodes: string[] }
  const uri = new URL(totpURI)
  expect(uri.searchParams.get('issuer')).toBe('Urania')
  const secret = uri.searchParams.get('secret') ?? ''
  const stored = await sql<{ secret: string; backup_codes: string }>`select * from person_two_factor`.execute(
    db,
  )
  expect(stored.rows[0].secret).not.toContain(secret)
  expect(stored.rows[0].backup_codes).not.toContain(backupCodes[0])
  expect((await send('/two-factor/verify-totp', { code: '000000' }, cookie)).status).not.toBe(200)
  expect((await send('/two-factor/verify-totp', { code: totp(secret) }, cookie)).status).toBe(200)

  const first = await send('/sign-in/email', { email: vera.email, password: vera.password })
  expect(await first.json()).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ['totp'] })
  const half = cookiesIn(first)
  expect(half).not.toContain('session_token')
  expect((await request('/api/v1/people', { headers: { cookie: half } })).status).toBe(401)
  expect((await send('/two-factor/verify-totp', { code: '123456' }, half)).status).toBe(401)
  const second = await send('/two-factor/verify-totp', { code: totp(secret) }, half)
  expect(second.status).toBe(200)
  const me = await request('/api/v1/me', { headers: { cookie: cookiesIn(second) } })
  expect(await me.json()).toMatchObject({ kind: 'person', person: { twoFactor: true } })

  const withBackup = async () => {
    const again = cookiesIn(await send('/sign-in/email', { email: vera.email, password: vera.password }))
    return send('/two-factor/verify-backup-code', { code: backupCodes[0] }, again)
  }
  expect((await withBackup()).status).toBe(200)
  expect((await withBackup()).status).toBe(401)
  const log = await sql<{
    action: string
  }>`select distinct action from audit where action like 'people.two_factor%' order by 1`.execute(db)
  expect(log.rows.map((row) => row.action)).toContain('people.two_factor_prepared')
})
