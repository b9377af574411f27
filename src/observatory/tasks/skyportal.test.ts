import { beforeEach, expect, it } from 'vitest'
import { sql } from 'kysely'
import { room as frames } from '#observatory/frames/module.ts'
import { room as references } from '#observatory/references/module.ts'
import { testApi } from '#test/api.ts'
import { startSkyPortal } from '#test/skyportal-server.ts'
import type { Findings, Measured } from './findings.ts'
import { room } from './module.ts'
import { skyportalPoints, type AddressedPoint } from './skyportal.ts'
import { updateTask, type TaskRow } from './task-store.ts'
import type { Task } from './task.ts'

const target: Measured = {
  name: 'T',
  ra: 10,
  dec: 20,
  x: 1,
  y: 1,
  flux: 100,
  fluxErr: 5,
  sn: 20,
  mag: 18,
  magErr: 0.05,
  limit: 20.5,
  flags: 0,
}
const findings = (filter: string, targets: Partial<Measured>[], difference?: Partial<Measured>[]): Findings =>
  ({
    inspect: { mjd: 60_000.5, instrument: 'CAM' },
    photometry: { filter, targets: targets.map((each) => ({ ...target, ...each })) },
    ...(difference ? { subtraction: { targets: difference.map((each) => ({ ...target, ...each })) } } : {}),
  }) as unknown as Findings
const row = (filter: string, measured: Partial<Measured>, difference?: Partial<Measured>): TaskRow =>
  ({
    config: {},
    findings: findings(filter, [measured], difference && [difference]),
  }) as unknown as TaskRow

it('detections below 1/3 mag of error, else limits; names and systems of filters as SkyPortal has them', () => {
  const one = (r: TaskRow, which: 'best' | 'direct' | 'subtracted' = 'best', limitOnly = false) =>
    skyportalPoints(r, { which, limitOnly })[0]!
  expect(one(row('r', {}))).toMatchObject({
    filter: 'sdssr',
    magsys: 'ab',
    mag: 18,
    magerr: 0.05,
    limiting_mag: 20.5,
    limiting_mag_nsigma: 5,
    instrument: 'CAM',
    subtracted: false,
  })
  expect(one({ ...row('r', {}), config: { sn: 3 } } as TaskRow).limiting_mag_nsigma).toBe(3)
  expect(one(row('r', { magErr: 0.4 }))).toMatchObject({ mag: null, magerr: null })
  expect(one(row('r', {}), 'best', true).mag).toBeNull()
  expect(one(row('r', {}, { mag: 19 }))).toMatchObject({ mag: 19, subtracted: true })
  expect(one(row('r', {}, { mag: 19 }), 'direct').mag).toBe(18)
  expect(() => one(row('r', {}), 'subtracted')).toThrow('on the difference')
})

it.each([
  ['U', 'bessellu', 'vega'],
  ['B', 'bessellb', 'vega'],
  ['V', 'bessellv', 'vega'],
  ['R', 'bessellr', 'vega'],
  ['I', 'besselli', 'vega'],
  ['u', 'sdssu', 'ab'],
  ['g', 'sdssg', 'ab'],
  ['r', 'sdssr', 'ab'],
  ['i', 'sdssi', 'ab'],
  ['z', 'sdssz', 'ab'],
  ['J', '2massj', 'vega'],
  ['H', '2massh', 'vega'],
  ['Ks', '2massks', 'vega'],
  ['G', 'gaia::g', 'ab'],
  ['BP', 'gaia::gbp', 'ab'],
  ['RP', 'gaia::grp', 'ab'],
] as const)('%s is %s there, in the %s system', (filter, name, magsys) => {
  expect(skyportalPoints(row(filter, {}), { which: 'best', limitOnly: false })[0]).toMatchObject({
    filter: name,
    magsys,
  })
})

const portal = await startSkyPortal()
const { platform, person, lines } = await testApi({
  rooms: [frames, references, room],
  env: {
    URANIA_TASKS_SKYPORTAL_URL: portal.url,
    URANIA_TASKS_SKYPORTAL_TOKEN: portal.token,
    URANIA_TASKS_SKYPORTAL_GROUPS: '3, 5',
  },
})
const groupless = await testApi({
  rooms: [frames, references, room],
  env: { URANIA_TASKS_SKYPORTAL_URL: portal.url, URANIA_TASKS_SKYPORTAL_TOKEN: portal.token },
})
const owner = await person('member', 'Olga')
const stranger = await person('member', 'Sven')

beforeEach(() => {
  portal.sources = [{ id: 'SN2026abc', ra: 10 + 3 / 3_600, dec: 20, groups: [3] }]
  portal.photometry.clear()
  portal.put.length = 0
  portal.asked.length = 0
  portal.instead = null
})

async function taskWith(measured: Findings, config: Record<string, unknown> = {}): Promise<string> {
  const { id } = (await (
    await owner.send('POST', '/api/v1/tasks', {
      title: 'field',
      config: { skyportal_instrument_name: 'TAROT', ...config },
    })
  ).json()) as Task
  await updateTask(platform.db, id, { findings: measured })
  return id
}
const ask = async (
  id: string,
  body: Record<string, unknown>,
  status = 200,
): Promise<{ points: AddressedPoint[]; detail: string }> => {
  const response = await owner.send('POST', `/api/v1/tasks/${id}/skyportal`, body)
  const text = await response.text()
  expect(response.status, text).toBe(status)
  return JSON.parse(text) as { points: AddressedPoint[]; detail: string }
}

it('what is previewed is what is sent, once however often it is sent, and audited without the token', async () => {
  const id = await taskWith(findings('r', [{ name: 'SN 2026abc' }]))
  const { points: shown } = await ask(id, { preview: true })
  expect(portal.put).toEqual([])
  expect(shown).toEqual([
    expect.objectContaining({
      source: 'SN2026abc',
      separation: expect.closeTo(3 * Math.cos((20 * Math.PI) / 180), 2) as number,
      instrument_id: 12,
      group_ids: [3, 5],
      sent: false,
      error: null,
    }),
  ])
  const { points: sent } = await ask(id, { preview: false })
  expect(sent).toEqual(shown.map((point) => ({ ...point, sent: true })))
  const [point] = shown as [AddressedPoint]
  expect(portal.put).toEqual([
    {
      obj_id: point.source,
      instrument_id: point.instrument_id,
      group_ids: point.group_ids,
      ra: point.ra,
      dec: point.dec,
      mjd: point.mjd,
      filter: point.filter,
      magsys: point.magsys,
      mag: point.mag,
      magerr: point.magerr,
      limiting_mag: point.limiting_mag,
      limiting_mag_nsigma: point.limiting_mag_nsigma,
      origin: `urania ${id}`,
    },
  ])
  await ask(id, { preview: false })
  expect(portal.put).toHaveLength(2)
  expect(portal.photometry.size).toBe(1)
  expect(portal.faults).toEqual([])
  const { rows } = await sql<{ all: string }>`select audit::text as all from audit`.execute(platform.db)
  const written = rows.map(({ all }) => all).join('\n') + lines.join('\n')
  expect(written).toContain('tasks.skyportal')
  expect(written).not.toContain(portal.token)
  expect((await stranger.send('POST', `/api/v1/tasks/${id}/skyportal`, { preview: true })).status).toBe(404)
})

it('a limit goes as a limit, a source that is not there is made where that is wanted', async () => {
  portal.sources = []
  const id = await taskWith(findings('g', [{ name: 'AT 2026 (x)', mag: null, magErr: null, flux: -3 }]))
  const { points } = await ask(id, { preview: true })
  expect(points[0]!.error).toMatch(/no source within 30′ of AT 2026 \(x\); save it there first/)
  await ask(id, { preview: false })
  expect(portal.put).toEqual([])
  const made = await ask(id, { preview: true, create: true })
  expect(made.points[0]).toMatchObject({ source: 'AT2026_x_', created: true, separation: null, error: null })
  await ask(id, { preview: false, create: true })
  expect(portal.sources).toEqual([{ id: 'AT2026_x_', ra: 10, dec: 20, groups: [3, 5] }])
  expect(portal.put[0]).toMatchObject({ mag: null, magerr: null, limiting_mag: 20.5, filter: 'sdssg' })
  await ask(id, { preview: false, create: true })
  expect([portal.sources.length, portal.photometry.size]).toEqual([1, 1])
})

it('of several targets those are sent that can be, and the others say why not', async () => {
  portal.sources.push({ id: 'other', ra: 11, dec: 20, groups: [3] })
  const id = await taskWith(
    findings('r', [
      { name: 'one' },
      { name: 'two', ra: 11 },
      { name: 'near one', ra: 10.01 },
      { name: 'nowhere', ra: 200 },
    ]),
  )
  let refused = false
  portal.instead = (method, path) => {
    if (method !== 'PUT' || path !== 'photometry' || refused || portal.put.length === 0) return null
    refused = true
    return {
      status: 400,
      body: JSON.stringify({ status: 'error', message: 'Error parsing packet: filter.' }),
    }
  }
  const { points } = await ask(id, { preview: false })
  expect(points.map(({ target: name, sent, error }) => [name, sent, error])).toEqual([
    ['one', true, null],
    ['two', false, expect.stringMatching(/did not take it \(Error parsing packet: filter\)\.$/) as string],
    [
      'near one',
      false,
      expect.stringMatching(/nearest source to near one is SN2026abc, which is one;/) as string,
    ],
    ['nowhere', false, expect.stringMatching(/no source within 30′ of nowhere/) as string],
  ])
  // Sent again, what was missing is made up for, and nothing is there twice.
  const again = await ask(id, { preview: false })
  expect(again.points.map(({ sent }) => sent)).toEqual([true, true, false, false])
  expect(portal.photometry.size).toBe(2)
})

it('an instrument or filter that is not there is said before anything is sent', async () => {
  const unknown = await taskWith(findings('r', [{}]), { skyportal_instrument_name: 'CAM' })
  expect((await ask(unknown, { preview: true })).points[0]!.error).toMatch(
    /no instrument "CAM"; set skyportal_instrument_name/,
  )
  const filter = await taskWith(findings('J', [{}]))
  expect((await ask(filter, { preview: true })).points[0]!.error).toMatch(
    /TAROT of SkyPortal has no filter 2massj \(it has sdssg/,
  )
})

it.each([
  [
    'a wrong token',
    401,
    '{"status": "error", "message": "Unauthorized b1946ac9-secret-token"}',
    /refuses the token \(Unauthorized …\); give tasks\.skyportal_token/,
    1,
  ],
  ['too many requests', 429, '', /answered 429/, 3],
  ['a server that is down', 502, '<html>Bad gateway</html>', /answered 502/, 3],
  ['a page instead of an answer', 200, '<html>Log in</html>', /not JSON/, 1],
])('%s ends in a sentence, without the token', async (_, status, body, sentence, times) => {
  const id = await taskWith(findings('r', [{}]))
  portal.instead = () => ({ status, body, headers: { 'retry-after': '0' } as Record<string, string> })
  const { detail } = await ask(id, { preview: false }, 502)
  expect(detail).toMatch(sentence)
  expect(detail).not.toContain(portal.token)
  expect(portal.asked).toHaveLength(times)
  expect(lines.join('\n')).not.toContain(portal.token)
})

it('without groups nothing is asked for but their names', async () => {
  const somebody = await groupless.person('member', 'Ida')
  const { id } = (await (await somebody.send('POST', '/api/v1/tasks', { title: 'field' })).json()) as Task
  await updateTask(groupless.platform.db, id, { findings: findings('r', [{}]) })
  const answer = await somebody.send('POST', `/api/v1/tasks/${id}/skyportal`, { preview: true })
  expect(((await answer.json()) as { detail: string }).detail).toMatch(
    /set tasks\.skyportal_groups, for instance to one of 3 \(GRANDMA\), 5 \(Test\)/,
  )
})
