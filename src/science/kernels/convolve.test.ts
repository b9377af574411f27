import { describe, expect, it } from 'vitest'
import { kernelBytes } from '#platform/compute/kernels.ts'
import { plainLoops, type Loops } from '#science/image/subtract/loops.ts'
import { workshopOf } from '#science/image/workshop.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { createArena } from './arena.ts'
import { convolutionLoops } from './convolve.ts'

const arena = createArena()
const workshop = workshopOf(arena, { convolve: new WebAssembly.Module(kernelBytes('convolve')) })
const loops = convolutionLoops(workshop)
const random = seededRandom(11)

function filled(length: number, scale = 1): Float32Array {
  return arena.float32(length).map(() => scale * random.normal()) as Float32Array
}

/** On the arena, where the kernel sees it. */
function noise(length: number, scale = 1): Float32Array {
  const array = arena.float32(length)
  array.set(filled(length, scale))
  return array
}

/** Largest difference between what both made, over the largest number made. */
function apart(work: (loops: Loops, out: Float32Array) => void, length: number): number {
  const [fast, plain] = [arena.float32(length).fill(0), arena.float32(length).fill(0)]
  work(loops, fast)
  work(plainLoops, plain)
  const most = plain.reduce((top, value) => Math.max(top, Math.abs(value)), 0)
  return plain.reduce((worst, value, i) => Math.max(worst, Math.abs(value - fast[i])), 0) / most
}

describe('the kernel convolve agrees with its plain twin within 2e-6 of the largest value', () => {
  it('convolves with squares, along and across rows', () => {
    const from = noise(80 * 60)
    for (const size of [1, 5, 21]) {
      const [square, line] = [noise(size * size), noise(size)]
      expect(apart((l, out) => l.convolve(from, 80, out, 48, 48, 32, square, size), 48 * 32)).toBeLessThan(
        2e-6,
      )
      expect(apart((l, out) => l.along(from, 80, out, 32, 32, 31, line), 32 * 31)).toBeLessThan(2e-6)
      expect(apart((l, out) => l.across(from, 80, out, 32, 32, 31, line), 32 * 31)).toBeLessThan(2e-6)
    }
  })

  it('weighs, combines and takes away columns', () => {
    const columns = noise(12 * 496)
    const [weights, factors] = [noise(496), noise(12)]
    expect(apart((l, out) => l.weigh(columns, 496, 12, weights, out), 12 * 496)).toBe(0)
    expect(apart((l, out) => l.combine(columns, 496, factors, out), 496)).toBeLessThan(2e-6)
    expect(apart((l, out) => l.less(columns, columns.subarray(496), 0.37, out), 11 * 496)).toBeLessThan(2e-6)
  })

  it('sums products of columns', () => {
    const columns = noise(12 * 496)
    const [fast, plain] = [arena.float64(144).fill(1), arena.float64(144).fill(1)]
    loops.gram(columns, 496, 12, fast)
    plainLoops.gram(columns, 496, 12, plain)
    for (let i = 0; i < 12; i++) {
      for (let j = i; j < 12; j++) expect(Math.abs(fast[i * 12 + j] - plain[i * 12 + j])).toBeLessThan(1e-3)
    }
  })

  it('factorises symmetric matrices, finds singular ones, and gathers pictures', () => {
    for (const n of [2, 8, 30, 58]) {
      const columns = Float64Array.from({ length: n * n }, () => random.normal())
      const [fast, plain] = [arena.float64(n * n), new Float64Array(n * n)]
      for (let i = 0; i < n * n; i++) {
        const [a, b] = [Math.floor(i / n), i % n]
        for (let k = 0; k < n; k++) plain[i] += columns[a * n + k] * columns[b * n + k]
        if (a === b) plain[i] += 1
      }
      fast.set(plain)
      expect(loops.factorise(fast, n, 1e-13)).toBe(true)
      expect(plainLoops.factorise(plain, n, 1e-13)).toBe(true)
      const [mine, other] = [arena.float64(n), new Float64Array(n)]
      loops.inverseDiagonal(fast, n, mine)
      plainLoops.inverseDiagonal(plain, n, other)
      for (let a = 0; a < n; a++) {
        for (let b = 0; b <= a; b++) expect(Math.abs(fast[a * n + b] - plain[a * n + b])).toBeLessThan(1e-9)
        expect(Math.abs(mine[a] / other[a] - 1)).toBeLessThan(1e-9)
      }
      fast.fill(1)
      expect(loops.factorise(fast, n, 1e-13)).toBe(false)
    }
    const [pictures, factors] = [arena.float64(5 * 32), arena.float64(5)]
    for (const array of [pictures, factors]) array.forEach((_, i) => (array[i] = random.normal()))
    const [fast, plain] = [arena.float64(32).fill(2), new Float64Array(32).fill(2)]
    loops.gather(pictures, 32, factors, fast)
    plainLoops.gather(pictures, 32, factors, plain)
    fast.forEach((value, i) => expect(Math.abs(value - plain[i])).toBeLessThan(1e-12))
  })

  it('readies rows and finishes differences of any length, and notices every odd pixel', () => {
    const look = { level: 100, rms: 5, photon: 0.5, saturation: 400 }
    for (const length of [1, 3, 4, 31, 64]) {
      const row = noise(length, 60)
      for (let i = 0; i < length; i++) row[i] += 120
      const mask = arena.uint8(length).fill(0)
      expect(
        apart((l, out) => void l.prepare(row, mask, look, out, arena.float32(length)), length),
      ).toBeLessThan(2e-6)
      expect(
        apart((l, out) => void l.prepare(row, null, look, arena.float32(length), out), length),
      ).toBeLessThan(2e-6)
      expect(loops.prepare(row, mask, look, arena.float32(length), arena.float32(length))).toBe(false)
      mask[length - 1] = 4
      expect(loops.prepare(row, mask, look, arena.float32(length), arena.float32(length))).toBe(true)
      for (const value of [400, NaN, Infinity, -Infinity]) {
        const odd = arena.float32(length)
        odd.set(row)
        odd[Math.floor(length / 2)] = value
        expect(loops.prepare(odd, null, look, arena.float32(length), arena.float32(length))).toBe(true)
      }
      const [made, spread] = [noise(length), noise(length).map((v) => v * v) as Float32Array]
      const variance = arena.float32(length)
      variance.set(spread)
      const background = arena.float64(length).fill(0.25)
      const rest = arena.float32(length)
      expect(
        apart((l, out) => l.finish(row, made, background, variance, look, -0.8, out, rest), length),
      ).toBeLessThan(2e-6)
      expect(
        apart((l, out) => l.finish(row, made, background, variance, look, -0.8, rest, out), length),
      ).toBeLessThan(2e-6)
    }
  })
})
