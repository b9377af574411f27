import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { falter, square, wait } from '#test/crew-parts.ts'
import { createCompute } from './pool.ts'
import { createWorkshop } from './workshop.ts'
import { crewInThread } from '#test/compute-tasks.ts'

const workshop = createWorkshop({ hands: 3 })
afterAll(() => workshop.close())

it('shares one memory: inputs and outputs on the arena are not copied, results come in order', () => {
  const { arena, crew } = workshop
  for (let round = 0; round < 5; round++) {
    arena.during(() => {
      const rows = arena.float32(1000)
      rows.forEach((_, i) => (rows[i] = i))
      const inputs = Array.from({ length: 10 }, (_, i) => ({ rows, from: 100 * i, to: 100 * (i + 1) }))
      const outputs = crew.each(square, inputs, workshop)
      expect([...rows]).toEqual(Array.from({ length: 1000 }, (_, i) => i * i))
      outputs.forEach(({ rows: part }, i) => {
        expect(arena.holds(part)).toBe(true)
        expect(part[7]).toBe((100 * i + 7) ** 2)
      })
      expect(outputs[0].sum).toBe(328350)
    })
  }
})

it('has all hands at work', async () => {
  const inputs = Array.from({ length: 9 }, () => 20)
  const seen = new Set<number>()
  // Rounds may end before the threads have started, on a busy machine several of them.
  while (seen.size < 3) {
    for (const hand of workshop.crew.each(wait, inputs, workshop)) seen.add(hand)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(seen.size).toBe(3)
})

it('keeps what hands make once, though the first round came within space that was given back', () => {
  const { arena, crew } = workshop
  const rows = arena.float32(12).fill(3)
  const inputs = Array.from({ length: 12 }, (_, i) => ({ rows, from: i, to: i + 1 }))
  for (let round = 0; round < 3; round++) {
    arena.during(() => arena.float32(8_000_000).fill(1))
    rows.fill(3)
    arena.during(() => crew.each(square, inputs, workshop))
    expect([...rows]).toEqual(Array.from({ length: 12 }, () => 9))
  }
})

it('throws what a part throws, a Problem as a Problem, and goes on afterwards', () => {
  const inputs = (how: 'problem' | 'fault' | 'slowly') => Array.from({ length: 20 }, (_, at) => ({ at, how }))
  expect(() => workshop.crew.each(falter, inputs('problem'), workshop)).toThrow(
    expect.objectContaining({ code: 'request.invalid' }),
  )
  expect(() => workshop.crew.each(falter, inputs('fault'), workshop)).toThrow('off the end')
  expect(workshop.crew.each(falter, inputs('slowly'), workshop)).toEqual(inputs('slowly').map(({ at }) => at))
})

it('keeps what is made once, and gives back the rest', () => {
  const { arena } = workshop
  const before = arena.take(0)
  const table = arena.during(() => workshop.once('kept', () => arena.float32(8).fill(5)))
  arena.during(() => arena.float32(100_000).fill(9))
  expect([...table]).toEqual(Array.from({ length: 8 }, () => 5))
  expect(arena.take(0)).toBe(before)
})

it('does not keep a program running', () => {
  const program = `
    const { createWorkshop } = await import('#platform/compute/workshop.ts')
    const { wait } = await import('#test/crew-parts.ts')
    const workshop = createWorkshop({ hands: 2 })
    console.log(workshop.crew.each(wait, [30, 30, 30, 30], workshop).length)`
  const cwd = join(import.meta.dirname, '../../..')
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd,
    timeout: 20_000,
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(stdout).toBe('4\n')
})

it('dies with the thread that owns it, even while that waits', async () => {
  const compute = createCompute({ threads: 1 })
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const abort = new AbortController()
  const running = compute.run(crewInThread, beats, { signal: abort.signal })
  const outcome = expect(running).rejects.toMatchObject({ code: 'compute.aborted' })
  while (Atomics.load(beats, 0) < 20) await new Promise((resolve) => setTimeout(resolve, 20))
  abort.abort()
  await outcome
  await compute.stop()
  const seen = Atomics.load(beats, 0)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(Atomics.load(beats, 0)).toBe(seen)
})
