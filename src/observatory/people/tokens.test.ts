import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { createApi } from '#interface/api/app.ts'
import { testApi } from '#test/api.ts'
import { delegated, scopesOf } from './actor.ts'
import { hashOf, looksLikeToken, newToken } from './keys.ts'
import { room } from './module.ts'

const { app, request, db, person, cookieOf, platform } = await testApi()
const admin = await person('administrator', 'Ada')
const member = await person('member', 'Mia')
const cookie = await cookieOf(member.email)
const own = { cookie, origin: 'http://localhost', 'content-type': 'application/json' }
const make = (body: unknown) =>
  request('/api/v1/tokens', { method: 'POST', headers: own, body: JSON.stringify(body) })
const with_ = (authorization: string, path = '/api/v1/me') => request(path, { headers: { authorization } })

it('a token is recognisable, carries a checksum, and two are never the same', () => {
  const tokens = Array.from({ length: 200 }, newToken)
  expect(new Set(tokens).size).toBe(200)
  for (const token of tokens) {
    expect(token).toMatch(/^ura_[0-9A-Za-z]{42}$/)
    expect(looksLikeToken(token)).toBe(true)
    const at = 10
    const other = token[at] === 'x' ? 'y' : 'x'
    expect(looksLikeToken(token.slice(0, at) + other + token.slice(at + 1))).toBe(false)
  }
})

it('a token is shown once, kept as a hash, and works as Bearer and as either half of Basic', async () => {
  const response = await make({ name: 'laptop', scopes: ['read'] })
  expect(response.status).toBe(201)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const made = (await response.json()) as { id: string; token: string; hint: string }
  expect(made.token.startsWith(made.hint)).toBe(true)
  const row = await sql<{ hash: string }>`select * from person_token where id = ${made.id}`.execute(db)
  expect(row.rows[0].hash).toBe(hashOf(made.token))
  const everything = JSON.stringify([row.rows, (await sql`select * from audit`.execute(db)).rows])
  expect(everything).not.toContain(made.token)
  const list = await request('/api/v1/tokens', { headers: { cookie } })
  expect(JSON.stringify(await list.json())).not.toContain(made.token)

  const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`
  for (const authorization of [
    `Bearer ${made.token}`,
    basic(made.token, ''),
    basic('token', made.token),
    basic(made.token, 'x'),
  ]) {
    expect(await (await with_(authorization)).json()).toMatchObject({
      kind: 'token',
      role: 'viewer',
      scopes: ['read'],
    })
  }
  const used = await sql<{
    last_used_at: Date
  }>`select last_used_at from person_token where id = ${made.id}`.execute(db)
  expect(used.rows[0].last_used_at).toBeInstanceOf(Date)
  const answer = await with_(`Bearer ${made.token}`)
  expect(answer.headers.get('ratelimit-policy')).toMatch(/^"token";q=\d+;w=60$/)
})

it('unknown, cut, expired, revoked tokens and those of disabled people are refused, each with its reason', async () => {
  const expectRefusal = async (token: string, why: RegExp) => {
    const response = await with_(`Bearer ${token}`, '/api/v1/people')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/Bearer.*Basic/)
    expect(await response.json()).toMatchObject({
      code: 'access.unauthenticated',
      detail: expect.stringMatching(why),
    })
  }
  await expectRefusal(newToken(), /not known/)
  await expectRefusal(admin.token.slice(0, -1), /not known/)
  const late = await person('member', 'Late')
  await sql`update person_token set expires_at = now() - interval '1 second' where person_id = ${late.id}`.execute(
    db,
  )
  await expectRefusal(late.token, /expired on 20/)
  const made = (await (await make({ name: 'gone' })).json()) as { id: string; token: string }
  expect((await request(`/api/v1/tokens/${made.id}`, { method: 'DELETE', headers: own })).status).toBe(204)
  await expectRefusal(made.token, /revoked/)
  const out = await person('operator', 'Out')
  expect((await admin.send('PATCH', `/api/v1/people/${out.id}`, { disabled: true })).status).toBe(200)
  await expectRefusal(out.token, /revoked|disabled/)
  expect((await with_('Digest abc')).status).toBe(401)
  // A cookie does not make up for a wrong token.
  const both = await request('/api/v1/people', { headers: { cookie, authorization: `Bearer ${newToken()}` } })
  expect(both.status).toBe(401)
})

it('a token in the address is refused wherever it stands, and stays out of the log', async () => {
  for (const path of [
    `/api/v1/people?token=${admin.token}`,
    `/api/v1/people?x=%75ra_${admin.token.slice(4)}`,
    `/api/v1/people/${admin.token}`,
    `/events?access_token=${admin.token}`,
  ]) {
    const response = await app.request(path)
    expect(response.status).toBe(400)
    const problem = await response.text()
    expect(problem).toContain('access.token_in_url')
    expect(problem).not.toContain(admin.token)
  }
})

it('a token has the lesser of its scopes and its person’s role, also after the role changed', async () => {
  expect(delegated('member', ['read', 'administer'])).toEqual({ role: 'viewer', scopes: ['read'] })
  expect(delegated('administrator', ['read', 'write'])).toEqual({ role: 'member', scopes: ['read', 'write'] })
  expect(delegated('viewer', ['write'])).toEqual({ role: null, scopes: [] })
  expect(scopesOf('operator')).toEqual(['read', 'write', 'operate'])

  const beyond = await make({ name: 'too much', scopes: ['read', 'administer'] })
  expect(beyond.status).toBe(403)
  expect(await beyond.json()).toMatchObject({ detail: expect.stringContaining('administer') })

  const boss = await person('administrator', 'Boss')
  expect((await boss.get('/api/v1/audit')).status).toBe(200)
  expect((await admin.send('PATCH', `/api/v1/people/${boss.id}`, { role: 'viewer' })).status).toBe(200)
  expect((await boss.get('/api/v1/audit')).status).toBe(403)
  expect((await boss.send('POST', '/api/v1/groups', { name: 'mine' })).status).toBe(403)
})

it('an administrator’s reading token reads and no more', async () => {
  const reader = await person('administrator', 'Reader', ['read'])
  expect((await reader.get('/api/v1/people')).status).toBe(200)
  expect((await reader.get('/api/v1/audit')).status).toBe(403)
  const change = await reader.send('PATCH', `/api/v1/people/${reader.id}`, { name: 'New' })
  expect(change.status).toBe(403)
  expect(await change.json()).toMatchObject({ code: 'access.forbidden', needs: 'write' })
  const people = (await (await reader.get('/api/v1/people')).json()) as {
    items: { id: string; email: string | null }[]
  }
  expect(people.items.find((row) => row.id === admin.id)?.email).toBeNull()
  const writer = await person('member', 'Writer', ['write'])
  expect((await writer.get('/api/v1/people')).status).toBe(403)
})

it('a token can’t make tokens, see sessions, or change the name of its person', async () => {
  expect((await admin.send('POST', '/api/v1/tokens', { name: 'child' })).status).toBe(403)
  expect((await member.get('/api/v1/sessions')).status).toBe(403)
  expect((await member.send('PATCH', `/api/v1/people/${member.id}`, { name: 'Other' })).status).toBe(403)
})

it('tokens are one’s own: others are neither listed nor revoked', async () => {
  const list = (await (await member.get('/api/v1/tokens')).json()) as { items: { personId: string }[] }
  expect(new Set(list.items.map((token) => token.personId))).toEqual(new Set([member.id]))
  expect((await member.get('/api/v1/tokens?all=true')).status).toBe(403)
  const all = (await (await admin.get('/api/v1/tokens?all=true&limit=500')).json()) as {
    items: { personId: string; id: string }[]
  }
  const foreign = all.items.find((token) => token.personId === admin.id)
  expect((await member.send('DELETE', `/api/v1/tokens/${foreign?.id}`)).status).toBe(404)
  expect((await admin.get('/api/v1/me')).status).toBe(200)
})

it('guessing tokens is slowed down per address', async () => {
  const fresh = createApi(platform, [room])
  const statuses: number[] = []
  let last: Response | undefined
  // One attempt comes back every two seconds, so on a slow machine it takes some more than the thirty.
  while (last?.status !== 429 && statuses.length < 300) {
    last = await fresh.request('/api/v1/me', { headers: { authorization: `Bearer ${newToken()}` } })
    statuses.push(last.status)
  }
  expect(statuses.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 401))
  expect(last?.status).toBe(429)
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
  const right = await fresh.request('/api/v1/people', { headers: { authorization: `Bearer ${admin.token}` } })
  expect(right.status).toBe(200)
})
