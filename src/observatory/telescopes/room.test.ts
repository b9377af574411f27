import { describe, expect, it } from 'vitest'
import { system } from '#observatory/people/actor.ts'
import { testApi } from '#test/api.ts'
import { telescopeCommands } from './commands.ts'
import { room } from './module.ts'
import { modelOf } from './model.ts'
import { gridFields, listTelescopes, telescopeBySlug, telescopeFinder } from './service.ts'
import { shippedSource } from './shipped.ts'
import type { Telescope, TelescopeVersion } from './telescope.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const api = await testApi({ rooms: [room] })
const viewer = await api.person('viewer')
const member = await api.person('member')
const operator = await api.person('operator')
const { platform } = api

const toml = (slug: string): string => `slug = "${slug}"
name = "Mine ${slug}"
[site]
latitude = 10
longitude = 20
elevation_m = 300
[limits]
altitude_min_deg = 25
[footprint]
shape = "circle"
radius_deg = 0.7
[[filter]]
name = "r"
depth_mag = 19
exposure_s = 60
[slew]
mount = "direct"
rate_deg_per_s = 3
[timing]
readout_s = 5
`

const raw = async (who: typeof viewer, method: string, path: string, body: string, headers = {}) =>
  api.request(`/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/toml', ...headers },
    body,
  })
const get = async <T>(path: string, who = viewer): Promise<T> => {
  const response = await who.get(`/api/v1${path}`)
  expect(response.status).toBe(200)
  return (await response.json()) as T
}

describe('telescopes by API', () => {
  it('are listed for everybody who is signed in', async () => {
    const { items } = await get<{ items: Telescope[] }>('/telescopes')
    expect(items.length).toBeGreaterThan(60)
    expect(await get<Telescope>('/telescopes/TCH')).toMatchObject({
      slug: 'tch',
      origin: 'shipped',
      version: 1,
    })
    expect((await api.request('/api/v1/telescopes')).status).toBe(401)
    const unknown = await viewer.get('/api/v1/telescopes/tchh')
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({ code: 'telescope.unknown', suggestion: 'tch' })
  })

  it('operators add, change and remove; every edit is a version that stays', async () => {
    expect((await raw(member, 'POST', '/telescopes', toml('mine'))).status).toBe(403)
    const added = await raw(operator, 'POST', '/telescopes', toml('mine'))
    expect(added.status).toBe(201)
    expect(added.headers.get('location')).toBe('/api/v1/telescopes/mine')
    expect((await raw(operator, 'POST', '/telescopes', toml('mine'))).status).toBe(409)
    const first = await viewer.get('/api/v1/telescopes/mine')
    const etag = first.headers.get('etag')!
    const changed = toml('mine').replace('radius_deg = 0.7', 'radius_deg = 0.8')
    expect((await raw(operator, 'PUT', '/telescopes/mine', changed, { 'if-match': etag })).status).toBe(200)
    const stale = await raw(operator, 'PUT', '/telescopes/mine', toml('mine'), { 'if-match': etag })
    expect(stale.status).toBe(412)
    expect(await stale.json()).toMatchObject({ code: 'request.changed' })
    // The same text again is no edit.
    await raw(operator, 'PUT', '/telescopes/mine', changed)
    expect(await get<Telescope>('/telescopes/mine')).toMatchObject({
      version: 2,
      changedBy: 'operator',
      footprint: { radiusDeg: 0.8 },
    })
    const { items } = await get<{ items: TelescopeVersion[] }>('/telescopes/mine/versions')
    expect(items.map((each) => each.version)).toEqual([2, 1])
    const old = await viewer.get('/api/v1/telescopes/mine/definition.toml?version=1')
    expect(await old.text()).toBe(toml('mine'))
    expect((await operator.send('DELETE', '/api/v1/telescopes/mine')).status).toBe(200)
    expect((await viewer.get('/api/v1/telescopes/mine')).status).toBe(404)
    const again = await raw(operator, 'POST', '/telescopes', toml('mine'))
    expect(await again.json()).toMatchObject({ version: 4 })
    const events = await platform.events.recent(['everyone'], { kinds: ['telescopes.changed'] })
    expect(events.map((event) => event.data['version'])).toEqual(expect.arrayContaining([1, 2, 3, 4]))
  })

  it('a shipped one is overridden and given back', async () => {
    const own = shippedSource('tre.toml').replace('side_deg = 4.2', 'side_deg = 4')
    expect((await raw(operator, 'PUT', '/telescopes/tre', own)).status).toBe(200)
    expect(await get<Telescope>('/telescopes/tre')).toMatchObject({
      origin: 'own',
      version: 2,
      fieldAreaDeg2: expect.closeTo(16, 1),
    })
    const back = await operator.send('DELETE', '/api/v1/telescopes/TRE')
    expect(await back.json()).toEqual({ slug: 'tre', what: 'shipped' })
    expect(await get<Telescope>('/telescopes/tre')).toMatchObject({ origin: 'shipped', version: 3 })
    expect((await operator.send('DELETE', '/api/v1/telescopes/tre')).status).toBe(409)
    const { items } = await get<{ items: TelescopeVersion[] }>('/telescopes/tre/versions')
    expect(items.map((each) => `${each.version} ${each.what}`)).toEqual([
      '3 shipped',
      '2 defined',
      '1 shipped',
    ])
  })

  it('what GET answers may be changed and sent back as JSON', async () => {
    const before = await get<Telescope>('/telescopes/oaj')
    const changed = await operator.send('PUT', '/api/v1/telescopes/oaj', { ...before, readoutS: 9 })
    expect(changed.status).toBe(200)
    const after = (await changed.json()) as Telescope
    expect(after).toEqual({
      ...before,
      readoutS: 9,
      origin: 'own',
      version: 2,
      changedAt: after.changedAt,
      changedBy: 'operator',
    })
    const bad = await operator.send('POST', '/api/v1/telescopes', {
      name: 'X',
      footprint: { shape: 'circle', radiusDeg: 0 },
      filters: [],
      slew: { mount: 'direct', axis: { rateDegPerS: 1 }, settleS: 0 },
    })
    expect(bad.status).toBe(422)
    const { problems } = (await bad.json()) as { problems: { key: string; line: null }[] }
    expect(problems[0]!.line).toBeNull()
    expect(problems.map((each) => each.key)).toEqual(
      expect.arrayContaining(['site', 'limits.altitude_min_deg', 'footprint.radius_deg', 'filter']),
    )
    expect((await operator.send('POST', '/api/v1/telescopes', { ...before, radius: 1 })).status).toBe(422)
  })

  it('a definition that can’t be true is refused with all its lines, and nothing is written', async () => {
    const bad = toml('bad').replace('latitude = 10', 'latitude = 100').replace('radius_deg', 'diameter_deg')
    const refused = await raw(operator, 'POST', '/telescopes', bad)
    expect(refused.status).toBe(422)
    const body = (await refused.json()) as { detail: string; problems: { line: number }[] }
    expect(body.detail).toMatch(/^telescope\.toml:4: site\.latitude is 100 deg.*\(and 1 more\)$/)
    expect(body.problems.map((each) => each.line)).toEqual([4, 11])
    expect((await viewer.get('/api/v1/telescopes/bad')).status).toBe(404)
    const checked = await raw(member, 'POST', '/telescopes/check', bad)
    expect(await checked.json()).toMatchObject({
      ok: false,
      telescope: null,
      problems: [{ line: 4 }, { line: 11 }],
    })
    expect(await (await raw(member, 'POST', '/telescopes/check', toml('fine'))).json()).toMatchObject({
      ok: true,
      telescope: { slug: 'fine', origin: 'own' },
    })
    expect((await raw(operator, 'PUT', '/telescopes/other', toml('fine'))).status).toBe(422)
    expect((await raw(operator, 'POST', '/telescopes', 'x'.repeat(10_000_000))).status).toBe(413)
    expect((await raw(operator, 'POST', '/telescopes', '')).status).toBe(400)
    expect(
      (await raw(operator, 'POST', '/telescopes', toml('fine'), { 'content-type': 'image/png' })).status,
    ).toBe(415)
  })

  it('a grid is uploaded, read back, used and taken away', async () => {
    const before = await get<Telescope>('/telescopes/ztf')
    expect(before.pointing).toEqual({ how: 'free', wants: 'ztf' })
    expect((await viewer.get('/api/v1/telescopes/ztf/grid')).status).toBe(404)
    const file = '% ID RA Dec\n000001 0 -89.05\n000002 90 -89.05\n'
    expect(
      (await raw(member, 'PUT', '/telescopes/ztf/grid', file, { 'content-type': 'text/csv' })).status,
    ).toBe(403)
    const broken = await raw(operator, 'PUT', '/telescopes/ztf/grid', '1 2 3\n1 2\n', {
      'content-type': 'text/csv',
    })
    expect(await broken.json()).toMatchObject({ status: 422, problems: [{ line: 2 }] })
    const put = await raw(operator, 'PUT', '/telescopes/ztf/grid', file, { 'content-type': 'text/csv' })
    expect(await put.json()).toMatchObject({ pointing: { how: 'grid', grid: 'ztf', fields: 2 }, doubts: [] })
    expect(await (await viewer.get('/api/v1/telescopes/ztf/grid')).text()).toBe(
      'id,ra,dec\n000001,0,-89.05\n000002,90,-89.05\n',
    )
    const telescope = await telescopeBySlug(platform, system, 'ZTF')
    expect(await gridFields(platform, telescope)).toEqual([
      { id: '000001', ra: 0, dec: -89.05 },
      { id: '000002', ra: 90, dec: -89.05 },
    ])
    expect((await operator.send('DELETE', '/api/v1/telescopes/ztf/grid')).status).toBe(200)
    expect((await get<Telescope>('/telescopes/ztf')).pointing).toEqual({ how: 'free', wants: 'ztf' })
    const json = await get<{ items: unknown[] }>('/telescopes/tre/grid?format=json')
    expect(json.items).toHaveLength(2_450)
  })

  it('its field of view is a picture', async () => {
    const response = await viewer.get('/api/v1/telescopes/decam-ccds/footprint.svg?theme=dark&size=120')
    expect(response.headers.get('content-type')).toMatch(/svg/)
    expect((await response.text()).match(/<path/g)!.length).toBeGreaterThan(60)
  })
})

it('services: planning’s model, names whatever the case, background work', async () => {
  const telescope = await telescopeBySlug(platform, system, 'FZU-CTA-N')
  expect(modelOf(telescope)).toMatchObject({
    slug: 'fzu-cta-n',
    observer: { latitude: 28.7621233 },
    readoutS: 8,
  })
  expect((await telescopeBySlug(platform, system, 'Rubin Observatory (LSST)')).slug).toBe('lsst')
  const find = await telescopeFinder(platform, system)
  expect(['ZTF', 'Rubin Observatory (LSST)'].map((name) => find(name).slug)).toEqual(['ztf', 'lsst'])
  expect(() => find('zft')).toThrow(/There is no telescope "zft"; did you mean ztf/)
  const free = await telescopeBySlug(platform, system, 'kao')
  expect(await gridFields(platform, free)).toEqual([])
  expect((await listTelescopes(platform, system)).length).toBeGreaterThan(60)
})

describe('commands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'urania-telescopes-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  async function run(line: string, flags: Invocation['flags'] = {}) {
    const words = line.split(' ')
    const command = telescopeCommands.find((c) => c.words.every((word, i) => words[i] === word))!
    const lines: string[] = []
    let document: unknown
    const code = await command.run({
      args: words.slice(command.words.length),
      flags,
      json: false,
      out: (text = '') => void lines.push(text),
      note: (text: string) => void lines.push(`note ${text}`),
      document: (value: unknown, human: () => void) => {
        document = value
        human()
      },
      signal: new AbortController().signal,
      progress: () => ({ update: () => {}, finish: () => {} }),
      config: () => Promise.reject(new Error('not needed')),
      platform: async () => platform,
    } as unknown as Invocation)
    return { code, text: lines.join('\n'), document }
  }
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('list, show, check, add, export, remove', async () => {
    expect((await run('telescopes list')).text).toMatch(/tch +-29\.26 +-70\.73/)
    expect((await run('telescopes show HAO')).text).toMatch(/doubtful +footprint is that of C2PU/)
    const bad = file('bad.toml', toml('cli').replace('latitude = 10', 'latitude = -100'))
    const checked = await run(`telescopes check ${bad} ${file('good.toml', toml('cli'))}`)
    expect(checked.code).toBe(1)
    expect(checked.text).toMatch(/bad\.toml:4: site\.latitude is -100 deg/)
    expect(checked.text).toMatch(/good\.toml: good: Mine cli \(cli\)/)
    await expect(run(`telescopes add ${bad}`)).rejects.toThrow(/bad\.toml:4: /)
    expect((await run(`telescopes add ${join(folder, 'good.toml')}`)).text).toMatch(/\(cli\) is added/)
    const to = join(folder, 'out.toml')
    await run('telescopes export cli', { to })
    expect(readFileSync(to, 'utf8')).toBe(toml('cli'))
    const grid = file('grid.txt', '1 2 3\n')
    expect((await run(`telescopes grid cli ${grid}`)).text).toBe('cli: grid, 1 fields')
    expect((await run('telescopes grid cli')).text).toBe('id,ra,dec\n1,2,3')
    expect((await run('telescopes remove cli')).text).toBe('cli is removed.')
    await expect(run('telescopes show cli')).rejects.toThrow(/no telescope "cli"/)
    expect(await run('telescopes check nowhere.toml')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/no readable file/),
    })
  })
  it('convert', async () => {
    const config = file(
      'T.config',
      'magnitude 18\nexposuretime 30\nlatitude 1\nlongitude 2\nelevation 3\nFOV 1\nFOV_type square\nslew_rate 2\nhorizon 20\nfilt r\n',
    )
    const made = await run(`telescopes convert ${config}`)
    expect(made.code).toBe(0)
    expect(made.text).toMatch(/side_deg = 1/)
    expect((await run(`telescopes check ${config}`)).text).toMatch(/telescopes convert/)
  })
})
