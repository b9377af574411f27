import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { cookiesIn, testApi, testPassword } from '#test/api.ts'
import { fakeIssuer } from '#test/issuer.ts'
import { checkIdToken } from './providers.ts'
import { grantedBy } from './rules.ts'

const issuer = await fakeIssuer()
afterAll(() => issuer.stop())
const rules = [
  {
    provider: 'oidc',
    claim: 'groups',
    value: 'telescope-operators',
    role: 'operator',
    groups: ['Night crew'],
  },
  { provider: 'oidc', claim: 'realm.roles', value: 'member', role: 'member' },
  { provider: 'oidc', claim: 'groups', value: 'chiefs', role: 'administrator' },
  { provider: 'orcid', claim: 'sub', value: '0000-0002-1825-0097', role: 'member' },
  { provider: 'github', claim: 'teams', value: 'survey/observers', role: 'operator' },
]
const { app, request, db, person, cookieOf } = await testApi({
  env: {
    URANIA_OIDC_ISSUER: issuer.url,
    URANIA_OIDC_CLIENT_ID: issuer.clientId,
    URANIA_OIDC_CLIENT_SECRET: issuer.clientSecret,
    URANIA_OIDC_NAME: 'Fake Institute',
    URANIA_ORCID_ISSUER: issuer.url,
    URANIA_ORCID_CLIENT_ID: issuer.clientId,
    URANIA_ORCID_CLIENT_SECRET: issuer.clientSecret,
    URANIA_GITHUB_URL: issuer.url,
    URANIA_GITHUB_API_URL: issuer.url,
    URANIA_GITHUB_CLIENT_ID: issuer.clientId,
    URANIA_GITHUB_CLIENT_SECRET: issuer.clientSecret,
    URANIA_PEOPLE_RULES: JSON.stringify(rules),
  },
})
issuer.redirects.add('http://localhost/api/auth/oauth2/callback/oidc')
issuer.redirects.add('http://localhost/api/auth/oauth2/callback/github')
issuer.redirects.add('http://localhost/api/auth/oauth2/callback/orcid')
const admin = await person('administrator', 'Ada')
const json = { 'content-type': 'application/json', origin: 'http://localhost' }

/** Goes the whole way of a browser; returns where it ends up and with which cookies. */
async function signIn(claims: Record<string, unknown>, providerId = 'oidc') {
  issuer.next = { claims }
  const start = await app.request('/api/auth/sign-in/oauth2', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ providerId, callbackURL: '/events' }),
  })
  expect(start.status).toBe(200)
  const { url } = (await start.json()) as { url: string }
  const back = new URL(issuer.consent(url))
  const end = await app.request(back.pathname + back.search, { headers: { cookie: cookiesIn(start) } })
  expect(end.status).toBe(302)
  return {
    location: end.headers.get('location') ?? '',
    cookie: cookiesIn(end),
    back,
    stateCookie: cookiesIn(start),
  }
}
const me = async (cookie: string) =>
  (await (await request('/api/v1/me', { headers: { cookie } })).json()) as {
    kind: string
    role: string
    person: {
      id: string
      name: string
      email: string
      roleBy: string
      groups: { name: string }[]
      signsInBy: string[]
    } | null
  }
const count = async (table: string) =>
  Number((await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(db)).rows[0].n)

it('the page is told how one may sign in', async () => {
  const answer = (await (await request('/api/v1/me')).json()) as { signIn: unknown }
  expect(answer.signIn).toEqual({
    password: true,
    providers: [
      { id: 'github', name: 'GitHub' },
      { id: 'orcid', name: 'ORCID' },
      { id: 'oidc', name: 'Fake Institute' },
    ],
  })
})

it('a rule makes an account with role and groups, keeps them in step, and keeps no tokens of the provider', async () => {
  const claims = { sub: 'u1', name: 'Olaf', email: 'Olaf@Institute.org', email_verified: true }
  const first = await signIn({ ...claims, groups: ['x', 'telescope-operators'] })
  expect(first.location).toBe('/events')
  const olaf = await me(first.cookie)
  expect(olaf).toMatchObject({
    kind: 'person',
    role: 'operator',
    person: {
      email: 'olaf@institute.org',
      roleBy: 'oidc',
      groups: [{ name: 'Night crew' }],
      signsInBy: ['oidc'],
    },
  })
  const accounts =
    await sql`select access_token, refresh_token, id_token from person_account where provider_id = 'oidc'`.execute(
      db,
    )
  expect(accounts.rows).toEqual([{ access_token: null, refresh_token: null, id_token: null }])

  const left = await signIn({ ...claims, groups: ['x'] })
  expect(await me(left.cookie)).toMatchObject({ role: 'viewer', person: { id: olaf.person?.id, groups: [] } })
  const raised = await signIn({ ...claims, realm: { roles: ['member'] } })
  expect(await me(raised.cookie)).toMatchObject({ role: 'member' })

  // What a person decides stays, whatever the provider says.
  const change = { role: 'operator' }
  expect((await admin.send('PATCH', `/api/v1/people/${olaf.person?.id}`, change)).status).toBe(200)
  expect(await me((await signIn(claims)).cookie)).toMatchObject({
    role: 'operator',
    person: { roleBy: 'person' },
  })
  expect(issuer.refusals).toEqual([])
})

it('a team of GitHub gives a role, by the primary proven address of the account', async () => {
  const claims = {
    sub: 'unused',
    id: 4711,
    login: 'gil',
    name: null,
    emails: [
      { email: 'other@else.org', primary: false, verified: true },
      { email: 'gil@else.org', primary: true, verified: true },
    ],
    teams: [{ slug: 'observers', organization: { login: 'survey' } }],
  }
  const { location, cookie } = await signIn(claims, 'github')
  expect(location).toBe('/events')
  expect(await me(cookie)).toMatchObject({
    role: 'operator',
    person: { name: 'gil', email: 'gil@else.org', roleBy: 'github', signsInBy: ['github'] },
  })
  const outsider = await signIn(
    { ...claims, id: 4712, emails: [], teams: [{ slug: 'observers', organization: { login: 'copycat' } }] },
    'github',
  )
  expect(outsider.location).toMatch(/error=no_account/)
})

it('ORCID names no address: the iD is kept, and an address is neither shown nor invented', async () => {
  const josiah = { sub: '0000-0002-1825-0097', given_name: 'Josiah', family_name: 'Carberry' }
  const { cookie } = await signIn(josiah, 'orcid')
  const expected = { name: 'Josiah Carberry', email: null, orcid: josiah.sub, roleBy: 'orcid' }
  expect(await me(cookie)).toMatchObject({ role: 'member', person: expected })
  expect(await me((await signIn(josiah, 'orcid')).cookie)).toMatchObject({ person: expected })

  const wil = await person('viewer', 'Wil')
  const signedIn = await cookieOf(wil.email)
  issuer.next = { claims: { sub: '0000-0001-5109-3700', name: 'Wil' } }
  const start = await app.request('/api/auth/oauth2/link', {
    method: 'POST',
    headers: { ...json, cookie: signedIn },
    body: JSON.stringify({ providerId: 'orcid', callbackURL: '/settings' }),
  })
  const back = new URL(issuer.consent(((await start.json()) as { url: string }).url))
  await app.request(back.pathname + back.search, { headers: { cookie: `${signedIn}; ${cookiesIn(start)}` } })
  expect(await me(signedIn)).toMatchObject({
    person: { id: wil.id, orcid: '0000-0001-5109-3700', email: wil.email },
  })
})

it('whom no rule knows gets no account, and is told so on the sign-in page', async () => {
  const before = await count('person')
  const { location, cookie } = await signIn({
    sub: 'u2',
    name: 'Eve',
    email: 'eve@else.org',
    email_verified: true,
  })
  expect(location).toMatch(/^\/sign-in\?error=no_account/)
  expect(await me(cookie)).toMatchObject({ kind: 'anonymous' })
  expect(await count('person')).toBe(before)
})

it('an account that an administrator made is found by its proven address, and by a claimed one it is not', async () => {
  const made = await admin.send('POST', '/api/v1/people', {
    name: 'Kim',
    email: 'kim@else.org',
    role: 'member',
  })
  const kim = ((await made.json()) as { person: { id: string } }).person
  const thief = await signIn({ sub: 'thief', name: 'Thief', email: 'kim@else.org', email_verified: false })
  expect(thief.location).toMatch(/error=account_not_linked/)
  expect(await me(thief.cookie)).toMatchObject({ kind: 'anonymous' })
  const real = await signIn({ sub: 'kim', name: 'Kim', email: 'kim@else.org', email_verified: true })
  expect(await me(real.cookie)).toMatchObject({ role: 'member', person: { id: kim.id } })
})

it('an address that somebody typed when joining proves nothing to a provider', async () => {
  const link = (await (await admin.send('POST', '/api/v1/invitations', {})).json()) as { token: string }
  const joined = await request('/api/v1/join', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({
      token: link.token,
      name: 'Mal',
      email: 'target@else.org',
      password: testPassword,
    }),
  })
  expect(joined.status).toBe(201)
  const target = await signIn({
    sub: 't',
    name: 'Target',
    email: 'target@else.org',
    email_verified: true,
    groups: ['telescope-operators'],
  })
  expect(target.location).toMatch(/error=account_not_linked/)
})

it('the last administrator by rule does not lock the house by leaving the team', async () => {
  const chief = { sub: 'chief', name: 'Chief', email: 'chief@institute.org', email_verified: true }
  const { cookie } = await signIn({ ...chief, groups: ['chiefs'] })
  const { person: row } = await me(cookie)
  await sql`update person set role = 'viewer' where role = 'administrator' and id != ${row?.id}`.execute(db)
  expect(await me((await signIn(chief)).cookie)).toMatchObject({ role: 'administrator' })
  await sql`update person set role = 'administrator' where id = ${admin.id}`.execute(db)
  expect(await me((await signIn(chief)).cookie)).toMatchObject({ role: 'viewer' })
})

it('a disabled person does not come in by a provider either', async () => {
  const { cookie } = await signIn({
    sub: 'u9',
    name: 'Dis',
    email: 'dis@institute.org',
    email_verified: true,
    realm: { roles: ['member'] },
  })
  const { person: row } = await me(cookie)
  await admin.send('PATCH', `/api/v1/people/${row?.id}`, { disabled: true })
  const again = await signIn({
    sub: 'u9',
    name: 'Dis',
    email: 'dis@institute.org',
    email_verified: true,
    realm: { roles: ['member'] },
  })
  expect(again.location).toMatch(/^\/sign-in\?error=/)
  expect(await me(again.cookie)).toMatchObject({ kind: 'anonymous' })
})

it('answers of the provider that are not right are refused: other audience, other issuer, old, two people', async () => {
  const claims = { sub: 'u1', name: 'Olaf', email: 'olaf@institute.org', email_verified: true }
  for (const wrong of [
    { aud: 'another-program' },
    { iss: 'https://evil.example' },
    { exp: 1 },
    { sub: 'somebody-else' },
  ]) {
    issuer.next = { claims, idToken: wrong }
    const start = await app.request('/api/auth/sign-in/oauth2', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ providerId: 'oidc', callbackURL: '/' }),
    })
    const { url } = (await start.json()) as { url: string }
    const back = new URL(issuer.consent(url))
    const end = await app.request(back.pathname + back.search, { headers: { cookie: cookiesIn(start) } })
    expect(end.headers.get('location') ?? '').not.toBe('/')
    expect(await me(cookiesIn(end))).toMatchObject({ kind: 'anonymous' })
    expect(await end.text()).not.toContain('at Object')
  }
  expect(() => checkIdToken(undefined, 'https://x.example', 'c')).toThrow(/no readable ID token/)
})

it('a sign-in begun elsewhere is not finished here: state, code and return address are checked', async () => {
  const claims = { sub: 'u1', name: 'Olaf', email: 'olaf@institute.org', email_verified: true }
  const { back, stateCookie } = await signIn(claims)
  const replay = await app.request(back.pathname + back.search, { headers: { cookie: stateCookie } })
  expect(await me(cookiesIn(replay))).toMatchObject({ kind: 'anonymous' })
  const start = await app.request('/api/auth/sign-in/oauth2', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ providerId: 'oidc', callbackURL: '/' }),
  })
  const other = new URL(issuer.consent(((await start.json()) as { url: string }).url))
  const withoutCookie = await app.request(other.pathname + other.search)
  expect(await me(cookiesIn(withoutCookie))).toMatchObject({ kind: 'anonymous' })
  const away = await app.request('/api/auth/sign-in/oauth2', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ providerId: 'oidc', callbackURL: 'https://evil.example/' }),
  })
  expect(away.status).toBe(403)
})

it('who is signed in may join a second identity, under any address', async () => {
  const vera = await person('viewer', 'Vera')
  const cookie = await cookieOf(vera.email)
  issuer.next = {
    claims: { sub: 'vera-there', name: 'V', email: 'other@elsewhere.org', email_verified: false },
  }
  const start = await app.request('/api/auth/oauth2/link', {
    method: 'POST',
    headers: { ...json, cookie },
    body: JSON.stringify({ providerId: 'oidc', callbackURL: '/settings' }),
  })
  const { url } = (await start.json()) as { url: string }
  const back = new URL(issuer.consent(url))
  const end = await app.request(back.pathname + back.search, {
    headers: { cookie: `${cookie}; ${cookiesIn(start)}` },
  })
  expect(end.headers.get('location')).toBe('/settings')
  const later = await signIn({ sub: 'vera-there', name: 'V', email: 'other@elsewhere.org' })
  expect(await me(later.cookie)).toMatchObject({ role: 'viewer', person: { id: vera.id, email: vera.email } })
})

it('rules look at lists, paths and names with dots, and at nothing inherited', () => {
  const rule = (claim: string, value: string) => ({
    provider: 'p',
    claim,
    value,
    role: 'member' as const,
    groups: [],
  })
  const role = (claim: string, value: string, values: Record<string, unknown>) =>
    grantedBy([rule(claim, value)], { provider: 'p', subject: 's', values }).role
  expect(role('a', 'x', { a: ['y', 'x'] })).toBe('member')
  expect(role('a.b', 'x', { a: { b: 'x' } })).toBe('member')
  expect(role('https://x.org/g', 'x', { 'https://x.org/g': ['x'] })).toBe('member')
  expect(role('a', '*', { a: true })).toBe('member')
  expect(role('a', '*', { a: null })).toBeNull()
  expect(role('constructor.name', 'Object', {})).toBeNull()
  expect(role('a', 'x', { a: 'xx' })).toBeNull()
  const higher = grantedBy([rule('a', '*'), { ...rule('a', '*'), role: 'operator', groups: ['g'] }], {
    provider: 'p',
    subject: 's',
    values: { a: 1 },
  })
  expect(higher).toEqual({ role: 'operator', groups: ['g'] })
  expect(grantedBy([rule('a', '*')], { provider: 'q', subject: 's', values: { a: 1 } }).role).toBeNull()
})
