import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { testApi, testPassword } from '#test/api.ts'
import { localOperator } from './actor.ts'
import { audit } from './audit.ts'
import { changePerson } from './service.ts'

const { request, db, person, cookieOf, platform } = await testApi()
const admin = await person('administrator', 'Ada')
const operator = await person('operator', 'Olaf')
const member = await person('member', 'Mia')
const viewer = await person('viewer', 'Vera')
const json = { 'content-type': 'application/json' }
const post = async (path: string, body: unknown) =>
  request(path, { method: 'POST', headers: json, body: JSON.stringify(body) })
type Row = Record<string, unknown> & { id: string }
const items = async (response: Response) => ((await response.json()) as { items: Row[] }).items

it('strangers get 401 everywhere but where the document says that it is open', async () => {
  for (const path of [
    '/people',
    '/groups',
    '/tokens',
    '/audit',
    '/sessions',
    '/jobs',
    '/stream',
    '/invitations',
    `/people/${admin.id}`,
  ]) {
    const response = await request(`/api/v1${path}`)
    expect([path, response.status]).toEqual([path, 401])
  }
  expect((await request('/api/v1/me')).status).toBe(200)
  expect((await request('/api/v1/openapi.json')).status).toBe(200)
})

it('only administrators do what only administrators may (privilege escalation)', async () => {
  const tries: [string, string, unknown][] = [
    ['POST', '/people', { name: 'X', email: 'x@example.org', role: 'administrator' }],
    ['PATCH', `/people/${'me'}`, { role: 'administrator' }],
    ['PATCH', `/people/${admin.id}`, { disabled: true }],
    ['PATCH', `/people/${admin.id}`, { name: 'Owned' }],
    ['POST', `/people/${admin.id}/link`, undefined],
    ['POST', '/invitations', { role: 'administrator' }],
    ['POST', '/groups', { name: 'Secret' }],
  ]
  for (const one of [viewer, member, operator]) {
    for (const [method, path, body] of tries) {
      const response = await one.send(method, `/api/v1${path.replace('me', one.id)}`, body)
      expect([one.name, method, path, response.status]).toEqual([one.name, method, path, 403])
    }
    for (const path of ['/audit', '/invitations']) expect((await one.get(`/api/v1${path}`)).status).toBe(403)
  }
  // With a session, one may change the own name, and only that.
  const cookie = await cookieOf(member.email)
  const patch = (body: unknown) =>
    request(`/api/v1/people/${member.id}`, {
      method: 'PATCH',
      headers: { ...json, cookie, origin: 'http://localhost' },
      body: JSON.stringify(body),
    })
  expect((await patch({ name: 'Mia M.' })).status).toBe(200)
  expect((await patch({ name: 'Mia M.', role: 'administrator' })).status).toBe(403)
  expect((await patch({ groups: [] })).status).toBe(403)
  const roles = await sql<{
    role: string
    n: string
  }>`select role, count(*) as n from person group by 1 order by 1`.execute(db)
  expect(roles.rows.find((row) => row.role === 'administrator')?.n).toBe('1')
})

it('e-mail addresses are seen by administrators and by oneself alone', async () => {
  const seen = await items(await viewer.get('/api/v1/people'))
  expect(seen.filter((row) => row['email'] !== null).map((row) => row.id)).toEqual([viewer.id])
  expect((await viewer.get(`/api/v1/people/${admin.email}`)).status).toBe(404)
  expect((await viewer.get(`/api/v1/people/${admin.id}`)).status).toBe(200)
  expect((await admin.get(`/api/v1/people/${viewer.email}`)).status).toBe(200)
  const all = await items(await admin.get('/api/v1/people'))
  expect(all.every((row) => row['email'] !== null)).toBe(true)
})

it('the last administrator can neither be demoted nor disabled, not even by two at once', async () => {
  const alone = await admin.send('PATCH', `/api/v1/people/${admin.id}`, { role: 'viewer' })
  expect(alone.status).toBe(409)
  expect(await alone.json()).toMatchObject({ code: 'access.last_administrator' })
  expect((await admin.send('PATCH', `/api/v1/people/${admin.id}`, { disabled: true })).status).toBe(409)
  const second = await person('administrator', 'Beate')
  const answers = await Promise.all([
    admin.send('PATCH', `/api/v1/people/${second.id}`, { role: 'viewer' }),
    second.send('PATCH', `/api/v1/people/${admin.id}`, { role: 'viewer' }),
  ])
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
  const left = await sql<{
    n: string
  }>`select count(*) as n from person where role = 'administrator'`.execute(db)
  expect(left.rows[0].n).toBe('1')
  await changePerson(platform, localOperator, admin.id, { role: 'administrator' })
})

it('an administrator invites by a one-time link, and makes accounts whose password is set by link', async () => {
  const made = await admin.send('POST', '/api/v1/invitations', { role: 'member', note: 'for Ivo' })
  const { token, url } = (await made.json()) as { token: string; url: string }
  expect(url).toMatch(/\/join#token=\w+$/)
  const stored = JSON.stringify((await sql`select * from person_invitation`.execute(db)).rows)
  expect(stored).not.toContain(token)
  expect((await post('/api/v1/join', { token, password: testPassword })).status).toBe(422)
  const ivo = { token, password: testPassword, name: 'Ivo', email: 'ivo@example.org' }
  const twice = await Promise.all([
    post('/api/v1/join', ivo),
    post('/api/v1/join', { ...ivo, email: 'two@example.org' }),
  ])
  expect(twice.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 403])
  expect((await post('/api/v1/join', { ...ivo, email: 'three@example.org' })).status).toBe(403)

  const kim = await admin.send('POST', '/api/v1/people', {
    name: 'Kim',
    email: 'KIM@example.org',
    role: 'operator',
  })
  const body = (await kim.json()) as { person: { id: string; email: string }; link: { token: string } }
  expect(body.person.email).toBe('kim@example.org')
  await expect(cookieOf('kim@example.org')).rejects.toThrow(/401/)
  const set = await post('/api/v1/join', { token: body.link.token, password: testPassword })
  expect(await set.json()).toMatchObject({ id: body.person.id, role: 'operator' })
  const before = await cookieOf('kim@example.org')
  expect((await admin.send('POST', '/api/v1/people', { name: 'K', email: 'kim@example.org' })).status).toBe(
    409,
  )

  // A new link voids the one before, and using it ends what was open.
  const links = [1, 2].map(() => admin.send('POST', `/api/v1/people/${body.person.id}/link`))
  const [first, last] = await Promise.all(
    links.map(async (link) => ((await (await link).json()) as { token: string }).token),
  )
  const used = await Promise.all(
    [first, last].map((one) => post('/api/v1/join', { token: one, password: 'a newer good one' })),
  )
  expect(used.some((answer) => answer.status === 201)).toBe(true)
  expect((await request('/api/v1/people', { headers: { cookie: before } })).status).toBe(401)
})

it('an expired link is refused, and one can be withdrawn', async () => {
  const link = async () =>
    (await (await admin.send('POST', '/api/v1/invitations', {})).json()) as { token: string }
  const ann = { password: testPassword, name: 'Ann', email: 'ann@example.org' }
  const old = await link()
  await sql`update person_invitation set expires_at = now() - interval '1 s' where used_at is null`.execute(
    db,
  )
  expect((await post('/api/v1/join', { ...ann, token: old.token })).status).toBe(403)
  const next = await link()
  const [row] = await items(await admin.get('/api/v1/invitations?limit=1'))
  expect((await admin.send('DELETE', `/api/v1/invitations/${row.id}`)).status).toBe(204)
  expect((await post('/api/v1/join', { ...ann, token: next.token })).status).toBe(403)
})

it('a disabled person is out at once and can’t come back by password, token or link', async () => {
  const gus = await person('member', 'Gus')
  const cookie = await cookieOf(gus.email)
  const link = (await (await admin.send('POST', `/api/v1/people/${gus.id}/link`)).json()) as { token: string }
  expect((await admin.send('PATCH', `/api/v1/people/${gus.id}`, { disabled: true })).status).toBe(200)
  expect((await request('/api/v1/people', { headers: { cookie } })).status).toBe(401)
  expect((await gus.get('/api/v1/people')).status).toBe(401)
  await expect(cookieOf(gus.email)).rejects.toThrow(/403.*disabled/)
  expect((await post('/api/v1/join', { token: link.token, password: testPassword })).status).toBe(403)
  expect((await admin.send('POST', `/api/v1/people/${gus.id}/link`)).status).toBe(409)
  expect((await admin.send('PATCH', `/api/v1/people/${gus.id}`, { disabled: false })).status).toBe(200)
  await cookieOf(gus.email)
  expect((await gus.get('/api/v1/people')).status).toBe(401)
})

it('groups are seen by their members, named once, and given by administrators', async () => {
  const group = (await (await admin.send('POST', '/api/v1/groups', { name: 'SVOM' })).json()) as Row
  expect((await admin.send('POST', '/api/v1/groups', { name: 'svom' })).status).toBe(409)
  expect((await viewer.get(`/api/v1/groups/${group.id}`)).status).toBe(404)
  expect(await items(await viewer.get('/api/v1/groups'))).toEqual([])
  const unknown = await admin.send('PATCH', `/api/v1/people/${viewer.id}`, { groups: ['nonsense'] })
  expect(unknown.status).toBe(422)
  expect((await admin.send('PATCH', `/api/v1/people/${viewer.id}`, { groups: [group.id] })).status).toBe(200)
  expect(await items(await viewer.get('/api/v1/groups'))).toMatchObject([{ id: group.id, members: 1 }])
  expect((await viewer.send('PUT', `/api/v1/groups/${group.id}`, { name: 'Mine' })).status).toBe(403)
  expect((await admin.send('DELETE', `/api/v1/groups/${group.id}`)).status).toBe(204)
  expect((await viewer.get(`/api/v1/groups/${group.id}`)).status).toBe(404)
})

it('lists come in pages without gaps or repeats, and a strange cursor is refused', async () => {
  const seen: string[] = []
  let next: string | null = null
  do {
    const response: Response = await viewer.get(`/api/v1/people?limit=2${next ? `&cursor=${next}` : ''}`)
    const page = (await response.json()) as { items: Row[]; next: string | null }
    seen.push(...page.items.map((row) => row.id))
    if (page.next) expect(response.headers.get('link')).toContain(`cursor=${page.next}`)
    next = page.next
  } while (next)
  const all = await sql<{ id: string }>`select id from person order by created_at, id`.execute(db)
  expect(seen).toEqual(all.rows.map((row) => row.id))
  for (const cursor of ['nonsense', btoa('["x","y"]'), btoa('[1]'), btoa('{"a":1}')]) {
    expect((await viewer.get(`/api/v1/people?cursor=${cursor}`)).status).toBe(422)
  }
  expect((await viewer.get('/api/v1/people?limit=0')).status).toBe(422)
  expect((await viewer.get('/api/v1/people?q=%00')).status).toBe(422)
})

it('the audit log names who, from where, what, before and after, and keeps no secret', async () => {
  const [entry] = await items(
    await admin.get(`/api/v1/audit?subject=person:${viewer.id}&action=people.person_changed&limit=1`),
  )
  expect(entry).toMatchObject({
    actor: { kind: 'token', id: admin.id, name: 'Ada' },
    before: { groups: [] },
    after: { groups: ['SVOM'] },
  })
  await audit(db, localOperator, 'test.secret', { kind: 'test', id: '1' }, null, {
    password: 'hunter2hunter2',
    nested: { clientSecret: 'abc', note: `my token is ${admin.token}`, apiKey: ['k'] },
    kept: 'this',
  })
  const { rows } = await sql<{
    after: unknown
  }>`select after from audit where action = 'test.secret'`.execute(db)
  expect(rows[0].after).toEqual({
    password: '[secret]',
    nested: { clientSecret: '[secret]', note: 'my token is [secret]', apiKey: '[secret]' },
    kept: 'this',
  })
  const whole = JSON.stringify((await sql`select * from audit`.execute(db)).rows)
  expect(whole).not.toContain(testPassword)
})

it('the database itself refuses to change or delete what the audit log says', async () => {
  for (const statement of [
    sql`update audit set actor_name = 'nobody'`,
    sql`delete from audit where id = (select min(id) from audit)`,
    sql`truncate audit`,
  ]) {
    await expect(statement.execute(db)).rejects.toThrow(/append-only/)
  }
  const gone = await person('viewer', 'Gone')
  await sql`delete from person where id = ${gone.id}`.execute(db)
  const left = await sql<{
    n: string
  }>`select count(*) as n from audit where subject_id = ${gone.id}`.execute(db)
  expect(Number(left.rows[0].n)).toBeGreaterThan(0)
})
