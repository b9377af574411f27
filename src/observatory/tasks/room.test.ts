import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withReceived } from '#observatory/frames/upload-service.ts'
import { room as frames } from '#observatory/frames/module.ts'
import { room as references } from '#observatory/references/module.ts'
import { system } from '#observatory/people/actor.ts'
import { testApi, type TestPerson } from '#test/api.ts'
import { starField } from '#test/imaging.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { readPlainZip } from '#test/zip.ts'
import { bringReceived } from './content-service.ts'
import type { Findings } from './findings.ts'
import { room } from './module.ts'
import type { Task, TaskProduct } from './task.ts'

const { stars, field, bytes } = starField({ size: 512, seed: 11, cosmicRays: 6 })
const bright = [...field.truth.mag.keys()]
  .filter((i) => Math.abs(field.truth.x[i]! - 256) < 150 && Math.abs(field.truth.y[i]! - 256) < 150)
  .toSorted((i, j) => field.truth.mag[i]! - field.truth.mag[j]!)[2]!
const services = await startSkyServices({
  stars,
  names: { 'SN 2026abc': [field.truth.ra[bright]!, field.truth.dec[bright]!] },
})
const { platform, person, request } = await testApi({
  rooms: [frames, references, room],
  env: services.env,
  work: true,
})
const owner = await person('member', 'Olga')
const stranger = await person('member', 'Sven')
const viewer = await person('viewer', 'Vera')
const administrator = await person('administrator', 'Ada')

async function json<T>(response: Promise<Response>, status = 200): Promise<T> {
  const answer = await response
  const text = await answer.text()
  expect(answer.status, text).toBe(status)
  return JSON.parse(text) as T
}
const put = (who: TestPerson, path: string, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  Promise.resolve(
    request(path, {
      method: 'PUT',
      headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/octet-stream' },
      body,
    }),
  )
async function uploaded(who: TestPerson, config: Record<string, unknown> = {}): Promise<Task> {
  const task = await json<Task>(who.send('POST', '/api/v1/tasks', { title: 'field', config }), 201)
  expect(task.state).toBe('initial')
  return json<Task>(
    put(who, `/api/v1/tasks/${task.id}/products/image.orig.fits?originalName=field.fits`, bytes),
  )
}
async function ran(
  who: TestPerson,
  id: string,
  steps: string[],
  config?: Record<string, unknown>,
): Promise<Task> {
  const sent = await json<Task>(
    who.send('POST', `/api/v1/tasks/${id}/process`, { steps, ...(config ? { config } : {}) }),
    202,
  )
  expect(sent.state).toMatch(/queued|running/)
  await platform.jobs.idle(['tasks.run'])
  return json<Task>(who.get(`/api/v1/tasks/${id}`))
}

it('a frame goes through inspect and photometry: target within 0.03 mag, products by their names', async () => {
  const { id } = await uploaded(owner, { target: 'SN 2026abc\nx=100 y=120' })
  const task = await ran(owner, id, ['inspect', 'photometry'])
  expect(task.state, JSON.stringify(task.steps)).toBe('photometry_done')
  expect(task.stateInWords).toBe('done with photometry')
  expect(task.steps.map(({ step, state }) => [step, state])).toEqual([
    ['inspect', 'done'],
    ['photometry', 'done'],
  ])
  const { inspect, photometry } = task.findings as Required<Pick<Findings, 'inspect' | 'photometry'>>
  expect(inspect).toMatchObject({
    width: 512,
    height: 512,
    gain: { value: 1.5 },
    filter: { value: 'r' },
    catName: 'ps1',
  })
  expect(task.ra).toBeCloseTo(150, 3)
  expect(task.moc).toMatch(/^\d+\//)
  expect(photometry.used).toBeGreaterThan(30)
  expect(photometry.color).toEqual(['g', 'r'])
  expect(photometry.colorTerm).toBeCloseTo(0.05, 1)
  const [target] = photometry.targets
  expect(target!.name).toBe('SN 2026abc')
  // In an aperture of one FWHM, calibrated by stars measured in the same.
  expect(Math.abs(target!.mag! - field.truth.mag[bright]!)).toBeLessThan(0.03)
  expect(target!.sn).toBeGreaterThan(50)

  const { items } = await json<{ items: TaskProduct[] }>(owner.get(`/api/v1/tasks/${id}/products`))
  expect(items.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'image.orig.fits',
      'image.fits',
      'mask.fits',
      'inspect.log',
      'objects.parquet',
      'cat.parquet',
      'target.parquet',
      'segmentation.fits',
      'targets/target_0000.fits',
    ]),
  )
  const log = await json<{ items: { step: string; text: string }[]; live: boolean }>(
    owner.get(`/api/v1/tasks/${id}/log?step=photometry`),
  )
  expect(log.live).toBe(false)
  expect(log.items.some(({ text }) => /^Zero point 24\.\d+ ± 0\.\d+ mag/.test(text))).toBe(true)

  const objects = await json<{
    items: Record<string, number>[]
    columns: { name: string; unit: string | null }[]
    total: number
  }>(owner.get(`/api/v1/tasks/${id}/objects?limit=5`))
  expect(objects.total).toBe(photometry.objects)
  expect(objects.columns.find(({ name }) => name === 'ra')?.unit).toBe('deg')
  const votable = await owner.get(`/api/v1/tasks/${id}/objects?format=votable`)
  expect(await votable.text()).toContain('<VOTABLE')

  const curve = await json<{ items: { kind: string; mag_calib: number; distance: number }[] }>(
    owner.get(`/api/v1/light-curve?ra=${target!.ra}&dec=${target!.dec}&radius=2`),
  )
  expect(curve.items.map(({ kind }) => kind).toSorted()).toEqual(['object', 'target'])
  expect(Math.max(...curve.items.map(({ distance }) => distance))).toBeLessThan(0.3)
  const hidden = await json<{ items: unknown[] }>(
    stranger.get(`/api/v1/light-curve?ra=${target!.ra}&dec=${target!.dec}`),
  )
  expect(hidden.items).toEqual([])

  const picture = await owner.get(`/api/v1/tasks/${id}/preview/image.fits?width=128`)
  expect(picture.status).toBe(200)
  expect(picture.headers.get('content-type')).toBe('image/png')
  const cut = await owner.get(
    `/api/v1/tasks/${id}/cutout/image.fits?ra=${target!.ra}&dec=${target!.dec}&size=21`,
  )
  expect((await cut.text()).slice(0, 6)).toBe('SIMPLE')
  const inside = await owner.get(
    `/api/v1/tasks/${id}/preview/${encodeURIComponent('targets/target_0000.fits')}?hdu=IMAGE`,
  )
  expect(inside.status).toBe(200)
  const zip = readPlainZip(
    new Uint8Array(await (await owner.get(`/api/v1/tasks/${id}/products.zip?step=photometry`)).arrayBuffer()),
  )
  expect([...zip.keys()]).toEqual(expect.arrayContaining(['objects.parquet', 'targets/target_0000.fits']))
  expect(zip.has('image.orig.fits')).toBe(false)
  expect(services.faults).toEqual([])
}, 60_000)

it('a step before runs again where a later one alone is asked for with a key that the first reads', async () => {
  const { id } = await uploaded(owner, { target: 'x=100 y=120', mask_cosmics: false })
  await ran(owner, id, ['inspect'])
  const moved = await ran(owner, id, ['photometry'], { target: 'x=200 y=220' })
  expect(moved.steps.map(({ step, state }) => [step, state])).toEqual([
    ['inspect', 'done'],
    ['photometry', 'done'],
  ])
  expect((moved.findings as Findings).photometry!.targets.map(({ name }) => name)).toEqual(['x=200 y=220'])
  const again = await json<{ items: { text: string }[] }>(owner.get(`/api/v1/tasks/${id}/log?step=inspect`))
  expect(again.items.map(({ text }) => text)).toContain('Changed since it ran before: target.')
}, 60_000)

it('others see nothing of it, byte for byte, until it is shared; viewers see and do not change', async () => {
  const { id } = await uploaded(owner)
  for (const path of [
    '',
    '/products',
    '/products/image.orig.fits',
    '/products.zip',
    '/log',
    '/preview/image.orig.fits',
    '/cutout/image.orig.fits',
    '/objects',
    '/targets',
    '/candidates',
  ])
    expect((await stranger.get(`/api/v1/tasks/${id}${path}`)).status, path).toBe(404)
  expect((await request(`/api/v1/tasks/${id}/products/image.orig.fits`)).status).toBe(401)
  expect((await put(stranger, `/api/v1/tasks/${id}/products/custom_mask.fits`, bytes)).status).toBe(404)
  expect((await stranger.send('POST', `/api/v1/tasks/${id}/process`, { steps: ['inspect'] })).status).toBe(
    404,
  )
  expect((await viewer.send('POST', '/api/v1/tasks', {})).status).toBe(403)

  const refused = await owner.send('PATCH', `/api/v1/tasks/${id}`, { groups: ['nobodys'] })
  expect(refused.status).toBe(422)
  await json(owner.send('PATCH', `/api/v1/tasks/${id}`, { groups: ['everyone'], title: 'shared' }))
  const seen = await json<Task>(viewer.get(`/api/v1/tasks/${id}`))
  expect(seen).toMatchObject({ title: 'shared', mayChange: false, mayDelete: false })
  expect((await viewer.send('POST', `/api/v1/tasks/${id}/cancel`)).status).toBe(403)
  expect((await stranger.send('DELETE', `/api/v1/tasks/${id}`)).status).toBe(403)
  expect((await administrator.send('DELETE', `/api/v1/tasks/${id}`)).status).toBe(204)
  expect((await owner.get(`/api/v1/tasks/${id}`)).status).toBe(404)
})

it('who runs the shared task of another reads nothing through it that is not shared', async () => {
  const friend = await person('member', 'Fred')
  const group = await json<{ id: string }>(
    administrator.send('POST', '/api/v1/groups', { name: 'friends' }),
    201,
  )
  for (const { id } of [owner, friend])
    await json(administrator.send('PATCH', `/api/v1/people/${id}`, { groups: [group.id] }))
  const secret = await uploaded(owner)
  const { id } = await uploaded(owner)
  await json(owner.send('PATCH', `/api/v1/tasks/${id}`, { groups: [group.id] }))
  for (const [step, config] of [
    ['subtraction', { template: `task:${secret.id}` }],
    ['transients', { simple_others: `${id} ${secret.id}` }],
  ] as const) {
    const refused = await friend.send('POST', `/api/v1/tasks/${id}/process`, { steps: [step], config })
    expect(refused.status, step).toBe(404)
  }
  expect((await json<Task>(owner.get(`/api/v1/tasks/${id}`))).config).not.toHaveProperty('template')
})

it('a task that is deleted while it is copied is copied before, or not there: never a fault', async () => {
  const answers: number[] = []
  for (let i = 0; i < 5; i++) {
    const { id } = await json<Task>(owner.send('POST', '/api/v1/tasks', { title: 'race' }), 201)
    const [copied] = await Promise.all([
      owner.send('POST', `/api/v1/tasks/${id}/duplicate`),
      owner.send('DELETE', `/api/v1/tasks/${id}`),
    ])
    answers.push(copied.status)
  }
  expect(answers.every((status) => status === 201 || status === 404)).toBe(true)
})

it('a changed mask runs inspect anew; preparations are taken back; what a step made goes with it', async () => {
  const { id } = await uploaded(owner)
  await ran(owner, id, ['inspect'])
  const drawn = {
    mode: 'masked',
    shapes: [
      { kind: 'rectangle', x0: 10, y0: 20, x1: 29.4, y1: 39.4 },
      { kind: 'sky-circle', ra: 150, dec: 2.2, radius: 6 },
    ],
  }
  const sent = await json<Task>(owner.send('PUT', `/api/v1/tasks/${id}/mask`, drawn))
  expect(sent.state).toMatch(/queued|running/)
  expect((await owner.send('PUT', `/api/v1/tasks/${id}/mask`, drawn)).status).toBe(409)
  await platform.jobs.idle(['tasks.run'])
  let task = await json<Task>(owner.get(`/api/v1/tasks/${id}`))
  const masked = (task.findings as Findings).inspect!.masked.drawn
  // 20 × 20 pixels, and a circle of 10 pixels.
  expect(masked).toBeGreaterThan(400 + 290)
  expect(masked).toBeLessThan(400 + 340)

  task = await json<Task>(
    owner.send('POST', `/api/v1/tasks/${id}/crop`, { x1: 101, y1: 51, x2: -1, y2: -62, steps: ['inspect'] }),
  )
  await platform.jobs.idle(['tasks.run'])
  task = await json<Task>(owner.get(`/api/v1/tasks/${id}`))
  expect((task.findings as Findings).inspect).toMatchObject({ width: 412, height: 401 })
  for (const [path, box] of [
    ['crop', { x1: 900, y1: 1, x2: 200, y2: 100 }],
    ['crop', { x1: 1, y1: -5, x2: 200, y2: -100 }],
    ['prepare', { what: 'crop', x1: 0, y1: 1, x2: 200, y2: 100 }],
  ] as const)
    expect((await owner.send('POST', `/api/v1/tasks/${id}/${path}`, box)).status).toBe(422)
  task = await json<Task>(owner.send('DELETE', `/api/v1/tasks/${id}/prepare`))
  expect(task).toMatchObject({ state: 'uploaded', preparations: [], findings: {}, steps: [] })
  const { items } = await json<{ items: TaskProduct[] }>(owner.get(`/api/v1/tasks/${id}/products`))
  expect(items.map(({ name }) => name)).toEqual(['custom_mask.json', 'image.orig.fits'])
  task = await ran(owner, id, ['inspect'])
  expect((task.findings as Findings).inspect).toMatchObject({ width: 512, height: 512 })

  const copy = await json<Task>(owner.send('POST', `/api/v1/tasks/${id}/duplicate`), 201)
  expect(copy).toMatchObject({ parent: id, frame: task.frame, state: 'uploaded' })
  await json<Task>(owner.send('PATCH', `/api/v1/tasks/${id}`, { config: { sn: 7 } }))
  expect(await json<Task>(owner.send('POST', `/api/v1/tasks/${id}/archive`))).toMatchObject({
    state: 'archived',
    config: { sn: 7 },
  })
  expect(await json<Task>(owner.send('POST', `/api/v1/tasks/${id}/cleanup`))).toMatchObject({
    state: 'uploaded',
    config: {},
  })
}, 60_000)

it('configuration is checked by key; presets, idempotency, and a step that fails says why', async () => {
  const wrong = await owner.send('POST', '/api/v1/tasks', { config: { sm: 3 } })
  expect(wrong.status).toBe(422)
  expect(((await wrong.json()) as { detail: string }).detail).toContain('did you mean sn')
  const preset = await json<{ id: string }>(
    owner.send('POST', '/api/v1/presets', { name: 'deep', config: { sn: 9, use_color: false } }),
    201,
  )
  expect((await owner.send('POST', '/api/v1/presets', { name: 'deep' })).status).toBe(409)
  expect((await stranger.get(`/api/v1/presets/${preset.id}`)).status).toBe(404)
  const key = { 'idempotency-key': 'once' }
  const first = await json<Task>(
    owner.send('POST', '/api/v1/tasks', { preset: 'deep', config: { sn: 8 } }, key),
    201,
  )
  const second = await json<Task>(
    owner.send('POST', '/api/v1/tasks', { preset: 'deep', config: { sn: 8 } }, key),
    201,
  )
  expect(second.id).toBe(first.id)
  expect(first.config).toEqual({ sn: 8, use_color: false })
  const { keys } = await json<{ keys: { key: string }[] }>(owner.get('/api/v1/tasks/config'))
  expect(keys.length).toBeGreaterThan(80)

  expect((await owner.send('POST', `/api/v1/tasks/${first.id}/process`, { steps: ['inspect'] })).status).toBe(
    422,
  )
  expect((await owner.send('POST', `/api/v1/tasks/${first.id}/cancel`)).status).toBe(409)
  const { id } = await uploaded(owner, { cat_name: 'nowhere' })
  const failed = await ran(owner, id, ['inspect', 'photometry'])
  expect(failed.state).toBe('photometry_failed')
  expect(failed.steps.find(({ step }) => step === 'photometry')?.problem?.message).toContain(
    'There is no catalogue "nowhere"',
  )
  const log = await json<{ items: { text: string }[] }>(owner.get(`/api/v1/tasks/${id}/log?step=photometry`))
  expect(log.items.at(-1)?.text).toMatch(/^Error: /)
  const found = await json<{ items: Task[] }>(
    owner.get('/api/v1/tasks?position=150+2.2&query=field&limit=100'),
  )
  expect(found.items.some((task) => task.id === id)).toBe(true)
  const away = await json<{ items: Task[] }>(owner.get('/api/v1/tasks?position=10+2.2'))
  expect(away.items).toEqual([])
  expect(await platform.jobs.list({ kind: 'tasks.run', subject: { kind: 'task', id } })).toHaveLength(1)
}, 60_000)

it('what is refused as frame or mask leaves no bytes', async () => {
  const { id } = await json<Task>(owner.send('POST', '/api/v1/tasks', { title: 'refused' }), 201)
  const stored = async (): Promise<string[]> => {
    const names: string[] = []
    for await (const { sha256 } of platform.storage.list()) names.push(sha256)
    return names
  }
  const before = await stored()
  const noise = new TextEncoder().encode('no FITS file')
  const refused = await put(owner, `/api/v1/tasks/${id}/products/image.orig.fits`, noise)
  expect(await refused.json()).toMatchObject({ code: expect.stringMatching(/^fits\./) as string })
  await expect(
    withReceived(platform, [noise], (path, received) =>
      bringReceived(platform, system, '00000000-0000-4000-8000-000000000000', path, {
        ...received,
        name: 'custom_mask.fits',
      }),
    ),
  ).rejects.toMatchObject({ code: 'resource.not_found' })
  expect(await stored()).toEqual(before)
  expect(await readdir(join(platform.config.home, 'uploads'))).toEqual([])
})
