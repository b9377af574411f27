import { describe, expect, it } from 'vitest'
import { pixelAreaSr } from './healpix.ts'
import type { Ranges } from './ranges.ts'
import {
  allSky,
  complement,
  contains,
  containsEach,
  covers,
  createRangeBuilder,
  degrade,
  depthOf,
  difference,
  emptyRanges,
  equalRanges,
  intersection,
  length29,
  normalRanges,
  overlap,
  rangesAreaSr,
  symmetricDifference,
  union,
  unionOf,
} from './ranges.ts'

const END = 12n << 58n
/** Shift at which brute force works: the sky in 12·4³ pixels. */
const SHIFT = 52n
const PIXELS = 768

function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** A random set as ranges and as one boolean per order-3 pixel. */
function randomSet(next: () => number): { ranges: Ranges; bits: boolean[] } {
  const bits = Array.from({ length: PIXELS }, () => false)
  const pairs: bigint[] = []
  for (let i = 0; i < 1 + next() * 30; i++) {
    const start = Math.floor(next() * PIXELS)
    const end = Math.min(PIXELS, start + Math.floor(next() ** 3 * 100))
    bits.fill(true, start, end)
    pairs.push(BigInt(start) << SHIFT, BigInt(end) << SHIFT)
  }
  return { ranges: normalRanges(BigInt64Array.from(pairs)), bits }
}

function rangesOf(bits: boolean[]): Ranges {
  const pairs: bigint[] = []
  bits.forEach((bit, p) => {
    if (bit) pairs.push(BigInt(p) << SHIFT, BigInt(p + 1) << SHIFT)
  })
  return normalRanges(BigInt64Array.from(pairs))
}

describe('set algebra of ranges', () => {
  it('equals logic on one boolean per pixel, for 300 pairs of random sets', () => {
    const next = random(1)
    for (let trial = 0; trial < 300; trial++) {
      const [a, b] = [randomSet(next), randomSet(next)]
      const logic = (f: (x: boolean, y: boolean) => boolean): Ranges =>
        rangesOf(a.bits.map((x, i) => f(x, b.bits[i])))
      expect(union(a.ranges, b.ranges)).toEqual(logic((x, y) => x || y))
      expect(intersection(a.ranges, b.ranges)).toEqual(logic((x, y) => x && y))
      expect(difference(a.ranges, b.ranges)).toEqual(logic((x, y) => x && !y))
      expect(symmetricDifference(a.ranges, b.ranges)).toEqual(logic((x, y) => x !== y))
      expect(complement(a.ranges)).toEqual(logic((x) => !x))
      expect(overlap(a.ranges, b.ranges)).toBe(a.bits.some((x, i) => x && b.bits[i]))
      expect(covers(a.ranges, b.ranges)).toBe(a.bits.every((x, i) => x || !b.bits[i]))
      expect(length29(a.ranges)).toBe(BigInt(a.bits.filter(Boolean).length) << SHIFT)
      const pixels = BigInt64Array.from(
        { length: PIXELS },
        (_, p) => (BigInt(p) << SHIFT) + BigInt(trial * 999_983),
      )
      expect([...containsEach(a.ranges, pixels)].map(Boolean)).toEqual(a.bits)
      const inner = a.bits.map((_, p) => [0, 1, 2, 3].every((q) => a.bits[(p & ~3) + q]))
      const outer = a.bits.map((_, p) => [0, 1, 2, 3].some((q) => a.bits[(p & ~3) + q]))
      expect(degrade(a.ranges, 2)).toEqual(rangesOf(outer))
      expect(degrade(a.ranges, 2, 'inner')).toEqual(rangesOf(inner))
    }
  })

  it('joins many at once', () => {
    const next = random(7)
    const sets = Array.from({ length: 13 }, () => randomSet(next))
    const bits = sets[0].bits.map((_, p) => sets.some((set) => set.bits[p]))
    expect(unionOf(sets.map(({ ranges }) => ranges))).toEqual(rangesOf(bits))
    expect(unionOf([])).toEqual(emptyRanges())
  })

  it('is exact across 32-bit halves', () => {
    const a = BigInt64Array.of(0xffff_fffen, 0x1_0000_0001n, 0x7_ffff_ffffn, 0x8_0000_0000n)
    const b = BigInt64Array.of(0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0x7_ffff_ffffn)
    expect(union(a, b)).toEqual(BigInt64Array.of(0xffff_fffen, 0x8_0000_0000n))
    expect(difference(a, b)).toEqual(
      BigInt64Array.of(
        0xffff_fffen,
        0xffff_ffffn,
        0x1_0000_0000n,
        0x1_0000_0001n,
        0x7_ffff_ffffn,
        0x8_0000_0000n,
      ),
    )
    for (let order = 0; order <= 29; order++) {
      const step = 1n << BigInt(2 * (29 - order))
      const [s, e] = [0x1_2345_6789n, 0x12_3456_789an]
      const outer = degrade(BigInt64Array.of(s, e), order)
      expect(outer).toEqual(BigInt64Array.of((s / step) * step, ((e + step - 1n) / step) * step))
      expect(contains(outer, s)).toBe(true)
    }
  })

  it('knows the whole sky, the empty one, areas in sr and depth', () => {
    expect(complement(emptyRanges())).toEqual(allSky())
    expect(complement(allSky())).toEqual(emptyRanges())
    expect(rangesAreaSr(allSky())).toBeCloseTo(4 * Math.PI, 14)
    expect(contains(allSky(), END - 1n)).toBe(true)
    expect(contains(allSky(), END)).toBe(false)
    expect(depthOf(allSky())).toBe(0)
    expect(depthOf(BigInt64Array.of(0n, 1n))).toBe(29)
    expect(depthOf(BigInt64Array.of(1n << 54n, 3n << 54n))).toBe(2)
    expect(depthOf(emptyRanges())).toBe(0)
    expect(rangesAreaSr(BigInt64Array.of(7n, 8n))).toBe(pixelAreaSr(29))
  })

  it('collects cells of any order into ranges', () => {
    const builder = createRangeBuilder()
    builder.addCell(0, 0, 0, 0)
    builder.addCell(1, 1, 0, 0)
    builder.addCell(29, 1, 1 << 28, 0)
    builder.addCell(29, 1, (1 << 28) + 1, 0)
    builder.addCell(14, 11, 16383, 16383)
    expect(builder.ranges()).toEqual(BigInt64Array.of(0n, (5n << 56n) + 2n, END - (1n << 30n), END))
    const many = createRangeBuilder()
    for (let y = 0; y < 200; y++) many.addCell(20, 0, 2 * y, 0)
    expect(equalRanges(normalRanges(many.ranges()), many.ranges())).toBe(true)
  })
})
