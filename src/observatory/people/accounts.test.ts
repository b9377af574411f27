import { getMigrations } from 'better-auth/db/migration'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { cookiesIn, testApi, testPassword } from '#test/api.ts'
import { schemaOptions } from './auth.ts'
import { setupLink } from './entry-service.ts'

const { app, request, platform, db, cookieOf, person, lines } = await testApi()
const json = { 'content-type': 'application/json' }
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  request(path, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) })
const tokenOf = (link: string | null) => /#token=(\w+)$/.exec(link ?? '')?.[1] ?? ''

it('better-auth finds nothing missing in our schema', async () => {
  const { toBeCreated, toBeAdded } = await getMigrations(schemaOptions(platform))
  expect(toBeCreated).toEqual([])
  expect(toBeAdded).toEqual([])
})

it('until an account exists everything but health, page and the link says where the link is', async () => {
  for (const path of [
    '/api/v1/me',
    '/api/v1/openapi.json',
    '/api/v1/people',
    '/api/auth/get-session',
    '/metrics',
    '/api/nothing',
  ]) {
    const response = await app.request(path)
    expect([path, response.status]).toEqual([path, 403])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const problem = (await response.json()) as Record<string, string>
    expect(problem['code']).toBe('access.setup_needed')
    expect(problem['detail']).toMatch(/one-time link that the program printed/)
  }
  expect((await app.request('/health/live')).status).toBe(200)
  expect((await app.request('/health/ready')).status).toBe(200)
  expect((await app.request('/')).status).not.toBe(403)
})

it('the link makes the first administrator, once, and survives restarts until used', async () => {
  const first = await setupLink(platform)
  const second = await setupLink(platform)
  expect(first).toMatch(/^http:\/\/.+\/setup#token=\w{32}$/)
  expect(second).not.toBe(first)
  const stored = await sql<{ hash: string }>`select hash from setup_link`.execute(db)
  expect(stored.rows).toHaveLength(2)
  expect(JSON.stringify(stored.rows)).not.toContain(tokenOf(first))

  const ada = { name: 'Ada', email: 'Ada@Example.org', password: testPassword }
  expect((await post('/api/v1/setup', { token: 'wrong', ...ada })).status).toBe(403)
  expect((await post('/api/v1/setup', { token: tokenOf(first), ...ada, password: 'short' })).status).toBe(422)
  const foreign = await post(
    '/api/v1/setup',
    { token: tokenOf(first), ...ada },
    { origin: 'https://evil.example' },
  )
  expect(foreign.status).toBe(403)

  // Two who hold links race: one becomes administrator, the other is told that the link is used.
  const answers = await Promise.all([
    post('/api/v1/setup', { token: tokenOf(first), ...ada }),
    post('/api/v1/setup', { token: tokenOf(second), ...ada, email: 'eve@example.org' }),
  ])
  expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 403])
  expect(await setupLink(platform)).toBeNull()
  expect(
    (await post('/api/v1/setup', { token: tokenOf(second), ...ada, email: 'x@example.org' })).status,
  ).toBe(403)
  const people = await sql<{ role: string }>`select role from person`.execute(db)
  expect(people.rows).toEqual([{ role: 'administrator' }])
  expect(lines.join('')).not.toContain(tokenOf(first))
})

it('sign-in gives a new HttpOnly session, whatever cookie was there before (session fixation)', async () => {
  const bob = await person('member', 'Bob')
  const planted = 'urania.session_token=planted.c2lnbmF0dXJl'
  const response = await app.request('/api/auth/sign-in/email', {
    method: 'POST',
    headers: { ...json, cookie: planted, origin: 'http://localhost' },
    body: JSON.stringify({ email: bob.email, password: bob.password }),
  })
  expect(response.status).toBe(200)
  const [set] = response.headers.getSetCookie()
  expect(set).toMatch(/^urania\.session_token=/)
  expect(set).toMatch(/HttpOnly/i)
  expect(set).toMatch(/SameSite=Lax/i)
  expect(set).not.toMatch(/Secure/i)
  const cookie = cookiesIn(response)
  expect(cookie).not.toContain('planted')
  const me = (await (await request('/api/v1/me', { headers: { cookie } })).json()) as {
    kind: string
    person: { email: string }
  }
  expect(me).toMatchObject({ kind: 'person', role: 'member', person: { email: bob.email } })
  const stranger = await request('/api/v1/me', { headers: { cookie: planted } })
  expect(await stranger.json()).toMatchObject({ kind: 'anonymous', person: null })
  const broken = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  expect(await (await request('/api/v1/me', { headers: { cookie: broken } })).json()).toMatchObject({
    kind: 'anonymous',
  })
})

it('a wrong password and an unknown address get the same answer, as a problem document', async () => {
  const bad = await post('/api/auth/sign-in/email', {
    email: 'bob@example.org',
    password: 'not the password',
  })
  const unknown = await post('/api/auth/sign-in/email', {
    email: 'nobody@example.org',
    password: 'not the password',
  })
  for (const response of [bad, unknown]) {
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      code: 'access.unauthenticated',
      reason: 'INVALID_EMAIL_OR_PASSWORD',
    })
    expect(response.headers.get('ratelimit-remaining')).toMatch(/^\d+$/)
  }
  expect(
    (await post('/api/auth/sign-up/email', { email: 'a@b.org', password: testPassword, name: 'A' })).status,
  ).toBe(404)
})

it('a session ends on sign-out, and one can look at and end the others', async () => {
  const carol = await person('viewer', 'Carol')
  const [here, there, third] = [
    await cookieOf(carol.email),
    await cookieOf(carol.email),
    await cookieOf(carol.email),
  ]
  const list = (await (await request('/api/v1/sessions', { headers: { cookie: here } })).json()) as {
    items: { id: string; current: boolean }[]
  }
  expect(list.items.filter((session) => session.current)).toHaveLength(1)
  expect(list.items).toHaveLength(3)
  expect(JSON.stringify(list)).not.toContain(there.split('=')[1].split('.')[0])
  const del = (path: string, cookie: string) =>
    request(path, { method: 'DELETE', headers: { cookie, origin: 'http://localhost' } })
  const others = await cookieOf((await person('viewer', 'Dora')).email)
  expect((await del(`/api/v1/sessions/${list.items[0].id}`, others)).status).toBe(404)
  expect((await del('/api/v1/sessions', here)).status).toBe(204)
  for (const cookie of [there, third]) {
    expect(await (await request('/api/v1/me', { headers: { cookie } })).json()).toMatchObject({
      kind: 'anonymous',
    })
  }
  expect((await post('/api/auth/sign-out', {}, { cookie: here, origin: 'http://localhost' })).status).toBe(
    200,
  )
  expect((await request('/api/v1/people', { headers: { cookie: here } })).status).toBe(401)
})

it('changing the password wants the old one and can end the other sessions', async () => {
  const erin = await person('member', 'Erin')
  const [cookie, other] = [await cookieOf(erin.email), await cookieOf(erin.email)]
  const change = (currentPassword: string) =>
    post(
      '/api/auth/change-password',
      { currentPassword, newPassword: 'another good phrase', revokeOtherSessions: true },
      { cookie, origin: 'http://localhost' },
    )
  expect((await change('wrong password')).status).toBe(400)
  expect((await change(testPassword)).status).toBe(200)
  expect((await request('/api/v1/people', { headers: { cookie: other } })).status).toBe(401)
  await expect(cookieOf(erin.email)).rejects.toThrow(/401/)
  await cookieOf(erin.email, 'another good phrase')
  const audit = await sql<{
    n: string
  }>`select count(*) as n from audit where action = 'people.password_changed'`.execute(db)
  expect(audit.rows[0].n).toBe('1')
})

it('sign-in attempts are counted per account and announced, with Retry-After when none is left', async () => {
  const fay = await person('viewer', 'Fay')
  const tries = []
  for (let i = 0; i < 11; i++) {
    tries.push(await post('/api/auth/sign-in/email', { email: fay.email, password: 'no good at all' }))
  }
  expect(tries[0].headers.get('ratelimit-limit')).toBe('10')
  expect(tries.slice(0, 10).every((answer) => answer.status === 401)).toBe(true)
  expect(tries[10].status).toBe(429)
  expect(Number(tries[10].headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await tries[10].json()).toMatchObject({ code: 'request.rate_limited' })
  await cookieOf((await person('viewer', 'Gil')).email)
})
