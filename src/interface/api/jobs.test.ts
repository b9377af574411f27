import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { testApi } from '#test/api.ts'
import type { JobKind } from '#platform/jobs/job.ts'
import type { Room } from '#platform/room.ts'

const kind = {
  name: 'test.work',
  title: 'Trial work',
  retry: { limit: 0 },
  input: z.object({ fail: z.boolean().default(false), wait: z.boolean().default(false) }),
} satisfies JobKind

const room: Room = {
  name: 'test',
  jobs: () => [
    {
      kind,
      async run(input, context) {
        const { fail, wait } = kind.input.parse(input)
        context.log('at work')
        context.progress(1, 2, 'things')
        if (wait) await sleep(60_000, undefined, { signal: context.signal })
        if (fail) throw new Error('it did not work')
        return { answer: 42 }
      },
    },
  ],
}

const { request, platform, person, db } = await testApi({ rooms: [room], work: true })
const operator = await person('operator', 'Olaf')
const member = await person('member', 'Mia')
const viewer = await person('viewer', 'Vera')

interface Job {
  id: string
  state: string
  result: unknown
  problem: { message: string } | null
  mayChange: boolean
}
const one = async (who: typeof viewer, id: string) =>
  (await (await who.get(`/api/v1/jobs/${id}`)).json()) as Job
const until = async (id: string, state: string) => {
  for (let i = 0; i < 200; i++) {
    if ((await platform.jobs.get(id))?.state === state) return
    await sleep(25)
  }
  throw new Error(`job ${id} did not become ${state}: ${JSON.stringify(await platform.jobs.get(id))}`)
}

it('everybody follows jobs; results and logs are for operators and who asked', async () => {
  const id = await platform.jobs.send(
    db,
    kind,
    {},
    { requestedBy: member.id, subject: { kind: 'thing', id: 'a:b' } },
  )
  await until(id, 'done')
  expect(await one(member, id)).toMatchObject({ state: 'done', result: { answer: 42 }, mayChange: true })
  expect(await one(operator, id)).toMatchObject({ result: { answer: 42 }, mayChange: true })
  expect(await one(viewer, id)).toMatchObject({ state: 'done', result: null, mayChange: false })
  const log = (await (await member.get(`/api/v1/jobs/${id}/log`)).json()) as {
    items: { line: number; text: string }[]
  }
  expect(log.items.map((line) => line.text)).toContain('at work')
  const rest = await member.get(`/api/v1/jobs/${id}/log?after=${log.items.at(-1)?.line}`)
  expect(await rest.json()).toEqual({ items: [], next: null })
  expect((await viewer.get(`/api/v1/jobs/${id}/log`)).status).toBe(403)
  const about = (await (await viewer.get('/api/v1/jobs?subject=thing:a:b')).json()) as { items: Job[] }
  expect(about.items.map((job) => job.id)).toEqual([id])
})

it('operators and who asked for it may cancel and retry, others not', async () => {
  const id = await platform.jobs.send(db, kind, { wait: true }, { requestedBy: member.id })
  await until(id, 'running')
  expect((await viewer.send('POST', `/api/v1/jobs/${id}/cancel`)).status).toBe(403)
  expect((await request(`/api/v1/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(401)
  expect((await member.send('POST', `/api/v1/jobs/${id}/cancel`)).status).toBe(200)
  await until(id, 'cancelled')

  const broken = await platform.jobs.send(db, kind, { fail: true }, { requestedBy: null })
  await until(broken, 'failed')
  expect((await one(viewer, broken)).problem?.message).toBe('Operators see the reason.')
  expect((await one(operator, broken)).problem?.message).toContain('it did not work')
  expect((await member.send('POST', `/api/v1/jobs/${broken}/retry`)).status).toBe(403)
  expect((await operator.send('POST', `/api/v1/jobs/${broken}/retry`)).status).toBe(200)
  await until(broken, 'failed')
})

it('jobs come in pages, by state and kind; what is not there is 404 and what is no id 422', async () => {
  const ids: string[] = []
  let next: string | null = null
  do {
    const response: Response = await viewer.get(
      `/api/v1/jobs?limit=1&kind=test.work${next ? `&cursor=${next}` : ''}`,
    )
    const page = (await response.json()) as { items: Job[]; next: string | null }
    ids.push(...page.items.map((job) => job.id))
    next = page.next
  } while (next)
  expect(ids).toHaveLength(3)
  expect(new Set(ids).size).toBe(3)
  const some = (await (await viewer.get('/api/v1/jobs?state=done,cancelled')).json()) as { items: Job[] }
  expect(new Set(some.items.map((job) => job.state))).toEqual(new Set(['done', 'cancelled']))
  expect((await viewer.get('/api/v1/jobs?state=nonsense')).status).toBe(422)
  expect((await viewer.get('/api/v1/jobs/00000000-0000-4000-8000-000000000000')).status).toBe(404)
  expect((await viewer.get('/api/v1/jobs/nonsense')).status).toBe(422)
  expect((await viewer.get(`/api/v1/jobs?cursor=${btoa('["x"]')}`)).status).toBe(422)
})
