import { afterAll, expect, it } from 'vitest'
import { Problem } from '#problem.ts'
import { addUp, fail, fillShared, spin } from '#test/compute-tasks.ts'
import { createCompute } from './pool.ts'

const compute = createCompute({ threads: 2 })
afterAll(() => compute.stop())

it('runs a task in a thread, input and output by value', async () => {
  expect(await compute.run(addUp, Float64Array.of(1, 2, 3.5))).toEqual({ sum: 6.5 })
})

it('shares memory and takes over transferred buffers', async () => {
  const memory = new SharedArrayBuffer(80)
  await compute.run(fillShared, memory)
  expect(new Float64Array(memory)[9]).toBe(7)
  const values = new Float64Array([1, 2])
  await compute.run(addUp, values, { transfer: [values.buffer] })
  expect(values.length).toBe(0)
})

it('keeps code and details of a Problem and the name of other errors, and goes on afterwards', async () => {
  const problem = await compute.run(fail, 'problem').catch((error: unknown) => error)
  expect(problem).toBeInstanceOf(Problem)
  expect(problem).toMatchObject({
    code: 'request.invalid',
    message: 'Row 3 has no flux.',
    details: { row: 3 },
  })
  await expect(compute.run(fail, 'fault')).rejects.toMatchObject({
    name: 'RangeError',
    message: 'off the end',
  })
  await expect(compute.run(fail, 'unclonable')).rejects.toThrow('could not be cloned')
  await expect(compute.run(fail, 'exit')).rejects.toMatchObject({ code: 'compute.failed' })
  expect(await compute.run(addUp, Float64Array.of(1))).toEqual({ sum: 1 })
})

it('ends the thread of an aborted task at once and replaces it', async () => {
  // Longer than any test may take: it ends by the abort or not at all.
  const forever = 1e9
  const abort = new AbortController()
  const both = [
    compute.run(spin, forever, { signal: abort.signal }),
    compute.run(spin, forever, { signal: abort.signal }),
  ]
  const queued = compute.run(spin, forever, { signal: abort.signal })
  const after = compute.run(addUp, Float64Array.of(4))
  setTimeout(() => abort.abort(), 100)
  await Promise.all(
    [...both, queued].map((run) => expect(run).rejects.toMatchObject({ code: 'compute.aborted' })),
  )
  expect(await after).toEqual({ sum: 4 })
})

it('runs no more at once than it has threads, and refuses after stop', async () => {
  const small = createCompute({ threads: 1 })
  const order: number[] = []
  await Promise.all([30, 1, 1].map(async (ms, i) => (await small.run(spin, ms), order.push(i))))
  expect(order).toEqual([0, 1, 2])
  const running = expect(small.run(spin, 20_000)).rejects.toMatchObject({ code: 'compute.aborted' })
  await small.stop()
  await running
  await expect(small.run(spin, 1)).rejects.toMatchObject({ code: 'compute.aborted' })
})
