import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { alignStars } from './align.ts'
import type { StarPositions } from './align.ts'

const size = 1000

/** `common` stars in both frames, `only` more in each, positions with `noise`; the other frame is turned, scaled, shifted. */
function pair(
  seed: number,
  angle: number,
  scale: number,
  mirror: boolean,
  common = 60,
  only = 40,
  noise = 0.1,
) {
  const random = seededRandom(seed)
  const [c, s] = [Math.cos(angle) * scale, Math.sin(angle) * scale]
  const m = mirror ? -1 : 1
  const map = (x: number, y: number) => [m * (c * x - s * y) + 130, s * x + c * y - 70]
  const make = (): [number, number, number] => [
    random.uniform() * size,
    random.uniform() * size,
    100 / (0.01 + random.uniform()),
  ]
  const shared = Array.from({ length: common }, make)
  const first = [...shared, ...Array.from({ length: only }, make)]
  const second = [...shared, ...Array.from({ length: only }, make)].map(([x, y, flux]) => {
    const [u, v] = map(x, y)
    return [u + noise * random.normal(), v + noise * random.normal(), flux * (1 + 0.1 * random.normal())]
  })
  const list = (rows: number[][]): StarPositions => ({
    x: rows.map(([x]) => x),
    y: rows.map(([, y]) => y),
    flux: rows.map(([, , flux]) => flux),
  })
  return { reference: list(first), other: list(second.toReversed()), map }
}

describe('stars of two frames', () => {
  it.each([
    [0, 1, false],
    [0.02, 1.001, false],
    [2.1, 1, false],
    [-1.2, 0.5, true],
    [3.1, 2.2, true],
  ])('turned by %s, scaled by %s, mirrored %s: every corner within 0.15 pixel', (angle, scale, mirror) => {
    for (let seed = 1; seed <= 3; seed++) {
      const { reference, other, map } = pair(seed, angle, scale, mirror)
      for (const model of ['similarity', 'affine'] as const) {
        const found = alignStars(reference, other, { model })
        if (!found) throw new Error(`seed ${seed} not aligned`)
        const [a, b, c, d, e, f] = found.matrix
        for (const [x, y] of [
          [0, 0],
          [size, 0],
          [0, size],
          [size, size],
        ]) {
          const [u, v] = map(x, y)
          expect(Math.hypot(a * x + b * y + c - u, d * x + e * y + f - v)).toBeLessThan(0.15)
        }
        expect(found.rms).toBeLessThan(0.3)
        // The other list is the first turned round: row k of the common ones is 99 − k.
        for (const [i, j] of found.pairs) if (i < 60) expect(j).toBe(99 - i)
      }
    }
  })

  it('strangers are not aligned: none of 16 unrelated pairs, sparse or crowded', () => {
    for (let seed = 100; seed < 116; seed++) {
      const only = seed % 2 ? 300 : 12
      const { reference, other } = pair(seed, 0.3, 1, false, 0, only)
      expect(alignStars(reference, other)).toBeNull()
    }
  })

  it('few stars and lists with NaN do', () => {
    const { reference, other, map } = pair(7, 0.4, 1, false, 8, 0, 0.02)
    const holed = {
      ...reference,
      flux: [...Array.from(reference.flux), 1e9],
      x: [...Array.from(reference.x), NaN],
      y: [...Array.from(reference.y), 5],
    }
    const found = alignStars(holed, other)
    expect(found?.pairs.length).toBe(8)
    const [a, b, c] = found?.matrix ?? [NaN, NaN, NaN]
    expect(a * 500 + b * 500 + c).toBeCloseTo(map(500, 500)[0], 0)
    expect(alignStars(reference, { x: [], y: [], flux: [] })).toBeNull()
  })
})
