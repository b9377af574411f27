import { Problem } from '#problem.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { beat } from './crew-parts.ts'

// Tasks of the tests of the pool, in a module of their own because a thread imports the module of its task.

export const addUp = computeTask(import.meta.url, 'addUp', (values: Float64Array) => {
  let sum = 0
  for (const value of values) sum += value
  return { sum }
})

export const fillShared = computeTask(import.meta.url, 'fillShared', (memory: SharedArrayBuffer) => {
  new Float64Array(memory).fill(7)
})

export const fail = computeTask(
  import.meta.url,
  'fail',
  (how: 'problem' | 'fault' | 'exit' | 'unclonable'): unknown => {
    if (how === 'problem') throw new Problem('request.invalid', 'Row 3 has no flux.', { row: 3 })
    if (how === 'fault') throw new RangeError('off the end')
    if (how === 'exit') process.exit(3)
    return () => 'functions are not cloned'
  },
)

export const spin = computeTask(import.meta.url, 'spin', (ms: number) => {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
})

export const crewInThread = computeTask(import.meta.url, 'crewInThread', (beats: Int32Array) => {
  const workshop = createWorkshop({ hands: 2 })
  workshop.crew.each(
    beat,
    [0, 1].map((at) => ({ beats, at })),
    workshop,
  )
})
