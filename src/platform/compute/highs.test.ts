import { afterAll, expect, it } from 'vitest'
import type { Milp } from '#science/planning/model.ts'
import { searchLong } from '#test/highs-task.ts'
import { createHighs } from './highs.ts'
import { createCompute } from './pool.ts'

const compute = createCompute({ threads: 1 })
afterAll(() => compute.stop())
const highs = await createHighs()
const exactly = { seconds: 20, gapTarget: 0 }

/** Columns [lower, upper, cost, integer], rows [lower, { column: value }, upper]. */
function milp(
  columns: readonly (readonly [number, number, number, 0 | 1])[],
  rows: readonly (readonly [number, Record<number, number>, number])[],
): Milp {
  const entries = rows.map(([, row]) => Object.entries(row))
  const rowStart = new Uint32Array(rows.length + 1)
  entries.forEach((row, i) => (rowStart[i + 1] = rowStart[i] + row.length))
  return {
    columns: columns.length,
    cost: Float64Array.from(columns, ([, , cost]) => cost),
    lower: Float64Array.from(columns, ([lower]) => lower),
    upper: Float64Array.from(columns, ([, upper]) => upper),
    integer: Uint8Array.from(columns, ([, , , integer]) => integer),
    rowLower: Float64Array.from(rows, ([lower]) => lower),
    rowUpper: Float64Array.from(rows, ([, , upper]) => upper),
    rowStart,
    index: Uint32Array.from(entries.flat(), ([column]) => Number(column)),
    value: Float64Array.from(entries.flat(), ([, value]) => value),
  }
}

it('solves a small knapsack and an assignment exactly', () => {
  // 60, 100, 120 weighing 10, 20, 30 into 50: the last two.
  const knapsack = milp(
    [60, 100, 120].map((cost) => [0, 1, cost, 1] as const),
    [[-Infinity, { 0: 10, 1: 20, 2: 30 }, 50]],
  )
  const found = highs(knapsack, exactly)
  expect(found).toMatchObject({ status: 'optimal', objective: 220, bound: 220 })
  expect([...found.values!]).toEqual([0, 1, 1])

  // Three to three, gains [[9, 8, 1], [7, 3, 2], [8, 8, 4]]: 8 + 7 + 4 = 19.
  const gains = [9, 8, 1, 7, 3, 2, 8, 8, 4]
  const once = [0, 1, 2].flatMap((k) => [
    [1, { [3 * k]: 1, [3 * k + 1]: 1, [3 * k + 2]: 1 }, 1] as const,
    [1, { [k]: 1, [k + 3]: 1, [k + 6]: 1 }, 1] as const,
  ])
  const assigned = highs(
    milp(
      gains.map((gain) => [0, 1, gain, 1] as const),
      once,
    ),
    exactly,
  )
  expect(assigned.objective).toBeCloseTo(19, 9)
})

it('means the same however small the costs are', () => {
  const tiny = milp(
    [60, 100, 120].map((cost) => [0, 1, cost * 1e-12, 1] as const),
    [[-Infinity, { 0: 10, 1: 20, 2: 30 }, 50]],
  )
  expect(highs(tiny, exactly).objective).toBeCloseTo(220e-12, 20)
})

it('solves a linear programme', () => {
  const result = highs(
    milp([[0, 4, 3, 0] as const, [0, 6, 5, 0] as const], [[-Infinity, { 0: 3, 1: 2 }, 18]]),
    exactly,
  )
  expect(result.status).toBe('optimal')
  expect(result.objective).toBeCloseTo(36, 9)
  expect(result.bound).toBeCloseTo(36, 9)
  // 3 x₀ + 2 x₁ ≤ 18 is paid with 1 (x₀ is inside its bounds), so x₁ is worth 5 − 2 more at its bound.
  expect(result.reducedCosts![0]).toBeCloseTo(0, 9)
  expect(result.reducedCosts![1]).toBeCloseTo(3, 9)
})

it('says that there is no solution', () => {
  const wrong = milp(
    [
      [0, 1, 1, 1],
      [0, 1, 1, 1],
    ],
    [[1.2, { 0: 1, 1: 1 }, 1.8]],
  )
  expect(highs(wrong, exactly)).toMatchObject({ status: 'infeasible', values: null })
  expect(highs(milp([], [[1, {}, 1]]), exactly).status).toBe('infeasible')
  expect(highs(milp([], []), exactly)).toMatchObject({ status: 'optimal', objective: 0, bound: 0 })
})

it('ends in time with a solution and a bound, begins with a start, ignores a wrong one', () => {
  const hard = hardKnapsack(60, 25)
  const none = highs(hard, { ...exactly, seconds: 0 })
  expect(none).toMatchObject({ status: 'time limit', values: null })
  const found = highs(hard, { ...exactly, seconds: 0.6 })
  expect(found.status).toBe('time limit')
  expect(found.objective).toBeLessThan(found.bound)
  expect(Number.isFinite(found.bound)).toBe(true)
  expect(found.objective).toBeGreaterThan(0)

  const kept = highs(hard, { ...exactly, seconds: 0, start: found.values! })
  expect(kept.objective).toBe(found.objective)
  const wrong = highs(hard, { ...exactly, seconds: 0, start: new Float64Array(60).fill(1) })
  expect(wrong.values).toBeNull()
})

it('stops when progress is answered by true, with what was reported last or better', () => {
  const reports: { objective: number; bound: number }[] = []
  const result = highs(hardKnapsack(60, 25), {
    seconds: 20,
    gapTarget: 0,
    onProgress: (state) => {
      reports.push(state)
      return state.seconds > 0.4
    },
  })
  expect(result.status).toBe('stopped')
  const last = reports.at(-1)!
  expect(result.objective).toBeGreaterThanOrEqual(last.objective)
  expect(result.bound).toBeLessThanOrEqual(last.bound)
  expect(result.bound).toBeGreaterThanOrEqual(result.objective)
})

it('throws on what is no trouble of the solver, and takes out of memory as an end', () => {
  const search = (error: Error) =>
    highs(hardKnapsack(60, 25), {
      seconds: 20,
      gapTarget: 0,
      onProgress: () => {
        throw error
      },
    })
  expect(() => search(new TypeError('no such thing'))).toThrow('no such thing')
  expect(() => search(new RangeError('Invalid array length'))).toThrow('Invalid array length')
  expect(search(new RangeError('Array buffer allocation failed')).status).toBe('stopped')
  const wrong = { ...hardKnapsack(3, 1), lower: new Float64Array(1) }
  expect(() => highs(wrong, exactly)).toThrow(/length|numCols|colLower/)
  expect(highs(hardKnapsack(6, 2), exactly).status).toBe('optimal')
})

it('stops at the gap asked for', () => {
  const { status, objective, bound } = highs(hardKnapsack(60, 25), { seconds: 20, gapTarget: 0.05 })
  expect(status).toBe('optimal')
  expect((bound - objective) / bound).toBeLessThanOrEqual(0.05)
})

it('is ended at once in its thread by an abort', async () => {
  const abort = new AbortController()
  const memory = new SharedArrayBuffer(4)
  // It would search for a minute, longer than a test may take.
  const running = compute.run(searchLong, { milp: hardKnapsack(60, 25), memory }, { signal: abort.signal })
  const outcome = expect(running).rejects.toMatchObject({ code: 'compute.aborted' })
  // The search itself says that it runs; its thread can tell nothing by message while it is blocked.
  const searches = new Int32Array(memory)
  while (Atomics.load(searches, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  abort.abort()
  await outcome
  const now = Atomics.load(searches, 0)
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(Atomics.load(searches, 0) - now).toBeLessThanOrEqual(1)
})

/** Many rows that bind at once: far from done in a second. */
function hardKnapsack(columns: number, rows: number): Milp {
  let state = 12345
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  const weights = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => 1 + Math.floor(1000 * next())),
  )
  const sums = Array.from({ length: columns }, (_, j) => weights.reduce((sum, row) => sum + row[j], 0))
  return milp(
    sums.map((sum) => [0, 1, sum / rows + 500 * next(), 1] as const),
    weights.map(
      (row) => [-Infinity, Object.fromEntries(row.entries()), row.reduce((a, b) => a + b) / 2] as const,
    ),
  )
}
