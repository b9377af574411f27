import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import { gaussianFilter, pyramid } from '#science/image/detection/filter.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { findRuns } from '#science/image/detection/threshold.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { simulateField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { createArena } from './arena.ts'
import { backgroundKernel, plainBackground } from './background.ts'

const compiled = (name: string): WebAssembly.Module =>
  new WebAssembly.Module(readFileSync(join(import.meta.dirname, `${name}.wasm`)))
const modules = { background: compiled('background'), detect: compiled('detect') }
const workshop = workshopOf(createArena(), modules)
const plain = workshopOf(workshop.arena)
const { arena } = workshop

/** Odd sizes, a gradient, stars, bad pixels and a mask. */
function frame(width: number, height: number, seed: number): { plane: Plane; mask: Mask } {
  const field = simulateField({ width, height, seed, count: (width * height) / 1000, gradient: [60, -40] })
  const data = arena.float32(width * height)
  data.set(field.plane.data)
  const bytes = arena.uint8(width * height).fill(0)
  const random = seededRandom(seed)
  for (let i = 0; i < 200; i++) {
    data[random.integer(data.length)] = [NaN, Infinity, -Infinity][i % 3]
    bytes[random.integer(data.length)] = 4
  }
  return { plane: { width, height, data }, mask: { width, height, data: bytes } }
}

/** Largest difference; what is not finite must be the same. */
function worst(a: Float32Array, b: Float32Array): number {
  let most = 0
  for (let i = 0; i < a.length; i++) {
    if (!Object.is(a[i], b[i]))
      most = Math.max(most, Number.isFinite(a[i]) ? Math.abs(a[i] - b[i]) : Infinity)
  }
  return most
}

for (const [width, height, mesh] of [
  [301, 203, 64],
  [130, 97, 33],
  [64, 64, 7],
  [5, 300, 64],
  [300, 3, 16],
] as const) {
  it(`background: same nodes to 1e-6, same rows to 1e-6, relative, at ${width} × ${height}, cells of ${mesh}`, () => {
    const { plane, mask } = frame(width, height, width)
    for (const given of [null, mask]) {
      const fast = measureBackground(plane, given, { mesh }, workshop)
      const slow = measureBackground(plane, given, { mesh }, plain)
      expect(fast.badCells).toBe(slow.badCells)
      expect(worst(fast.level, slow.level)).toBeLessThan(1e-6 * 400)
      expect(worst(fast.rms, slow.rms)).toBeLessThan(1e-6 * 400)
      const [a, b] = [workshop, plain].map((shop) => {
        const out = { width, height, data: arena.float32(width * height) as Float32Array }
        subtractBackground(plane, slow, out, shop)
        return out.data
      })
      expect(worst(a, b)).toBeLessThan(1e-6 * 400)
    }
  })
}

it('background: cells that are bad, constant or of two values come out the same', () => {
  const [width, height] = [32, 32]
  const fast = backgroundKernel(workshop)
  const slow = plainBackground()
  const fills: ((i: number) => number)[] = [
    () => NaN,
    () => 7,
    (i) => (i < 600 ? NaN : 5),
    (i) => i & 1,
    (i) => (i === 5 ? 1e30 : 3),
    (i) => -1e5 + i,
    (i) => (i < 400 ? Infinity : 2 + (i % 5)),
  ]
  for (const fill of fills) {
    const data = arena.float32(width * height)
    data.forEach((_, i) => (data[i] = fill(i)))
    const plane = { width, height, data }
    const a = fast.cell(plane, null, 0, 0, width, height)
    const b = slow.cell(plane, null, 0, 0, width, height)
    expect(a).toEqual(b)
  }
})

it('detect: same runs and the same values to 1e-6, for filters of every size, with and without a mask', () => {
  for (const [width, height] of [
    [301, 120],
    [64, 33],
    [7, 40],
    [1, 9],
  ]) {
    const { plane, mask } = frame(width, height, 7 * width)
    const background = measureBackground(plane, null, {}, plain)
    subtractBackground(plane, background, plane, plain)
    for (const filter of [null, pyramid, gaussianFilter(0.8), gaussianFilter(2.1)]) {
      for (const given of [null, mask]) {
        arena.during(() => {
          const input = { plane, mask: given, filter, threshold: 40, noise: null, rms: null }
          const fast = findRuns(input, workshop)
          const slow = findRuns(input, plain)
          // A value within rounding of the threshold may fall to either side: none does here.
          expect(fast.runs).toEqual(slow.runs)
          let off = 0
          for (let i = 0; i < fast.count; i++) {
            const [, from, to, at] = fast.runs.subarray(4 * i, 4 * i + 4)
            for (let k = at; k < at + to - from; k++) {
              off = Math.max(off, Math.abs(fast.values[k] - slow.values[k]) / (20 + slow.values[k]))
            }
          }
          expect(off).toBeLessThan(1e-6)
        })
      }
    }
  }
})
