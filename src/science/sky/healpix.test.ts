import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createHealpixKernel } from '#science/kernels/healpix.ts'
import { nestToRing, ringToNest } from './healpix-ring.ts'
import {
  boundaryOf,
  centreOf,
  cornersOf,
  maxPixelRadius,
  neighboursOf,
  orderOfNside,
  pixelAreaDeg2,
  pixelCount,
  pixelOf,
  pixelOfThetaPhi,
} from './healpix.ts'
import {
  cellsOfUniq64,
  degrade29,
  directionsOf29,
  fromUniq,
  pixel29Of,
  pixels29Of,
  pixels29OfThetaPhi,
  plainOf29,
  uniq64Of,
  uniqOf,
} from './index64.ts'

const root = resolve(import.meta.dirname, '../../..')
const fixture = JSON.parse(readFileSync(resolve(root, 'fixtures/sky/healpix.json'), 'utf8')) as {
  count: number
  directions: { lon: string; lat: string }
  orders: {
    order: number
    pixels: string
    pixelsThetaPhi: string
    ring: string
    neighbours: string
    centres: { lon: string; lat: string }
    maxRadiusDeg: number
  }[]
  edges: { lon: string; lat: string; pixels29: string }
}
const kernel = createHealpixKernel(readFileSync(resolve(root, 'src/science/kernels/healpix.wasm')))

const RAD = Math.PI / 180
const sha = (values: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex')
const bytes = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64')).buffer
const floats = (text: string): Float64Array => new Float64Array(bytes(text))

/** The generator of scripts/fixtures/healpix.py. */
function integers(count: number, seed: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => {
    let z = (Math.imul(i + 1, 0x9e3779b9) + seed) >>> 0
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad) >>> 0
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97) >>> 0
    return z ^ (z >>> 15)
  })
}

function directions(): { lon: Float64Array; lat: Float64Array } {
  const raw = integers(fixture.count, 2)
  const near = integers(fixture.count, 3)
  const south = integers(fixture.count, 4)
  const lon = Float64Array.from(integers(fixture.count, 1), (v) => v * (1080 / 2 ** 32) - 360)
  const lat = Float64Array.from(raw, (v, i) => {
    if (near[i] & 7) return v * (180 / 2 ** 32) - 90
    const pole = 90 - v * (0.35 / 2 ** 32)
    return south[i] & 1 ? pole : -pole
  })
  return { lon, lat }
}

function pixels(order: number, seed: number, count = 20_000): bigint[] {
  const high = integers(count, seed)
  const low = integers(count, seed + 1)
  return Array.from(high, (h, i) => (((BigInt(h) << 32n) | BigInt(low[i])) * 12n) >> BigInt(64 - 2 * order))
}

describe('against healpy', () => {
  const { lon, lat } = directions()

  it('has the very directions of the fixture', () => {
    expect(sha(lon)).toBe(fixture.directions.lon)
    expect(sha(lat)).toBe(fixture.directions.lat)
  })

  it('gives every pixel of 10⁶ directions bit for bit at orders 0 to 29, plain and compiled', () => {
    const plain = pixels29Of(lon, lat)
    const compiled = kernel.pixels29Of(lon, lat)
    for (const { order, pixels: expected } of fixture.orders) {
      expect(sha(degrade29(plain, order)), `order ${order}`).toBe(expected)
      expect(sha(degrade29(compiled, order)), `order ${order}, compiled`).toBe(expected)
    }
  })

  it('gives every pixel of 10⁶ colatitudes and longitudes in radians bit for bit, plain and compiled', () => {
    const theta = lat.map((v) => Math.abs(v * RAD) * 2)
    const phi = lon.map((v) => v * RAD)
    const plain = pixels29OfThetaPhi(theta, phi)
    const compiled = kernel.pixels29OfThetaPhi(theta, phi)
    for (const { order, pixelsThetaPhi: expected } of fixture.orders) {
      expect(sha(degrade29(plain, order)), `order ${order}`).toBe(expected)
      expect(sha(degrade29(compiled, order)), `order ${order}, compiled`).toBe(expected)
    }
    expect(pixelOfThetaPhi(3, theta[0], phi[0])).toBe(pixelOf(3, phi[0] / RAD, 90 - theta[0] / RAD))
  })

  it('puts directions on pixel corners, edges, meridians, z = ±2/3 and poles, and one double beside them, where healpy does', () => {
    const [x, y] = [floats(fixture.edges.lon), floats(fixture.edges.lat)]
    const expected = new BigInt64Array(bytes(fixture.edges.pixels29))
    expect(x.length).toBeGreaterThan(3000)
    expect(pixels29Of(x, y)).toEqual(expected)
    expect(kernel.pixels29Of(x, y)).toEqual(expected)
    for (let i = 0; i < x.length; i += 7) {
      expect(pixelOf(i % 25, x[i], y[i])).toBe(plainOf29(expected.subarray(i, i + 1), i % 25)[0])
    }
  })

  it('gives centres with equal longitudes and latitudes within 1.5e-14 deg, 99 of 100 equal (the C library rounds arc cosines otherwise)', () => {
    let equal = 0
    let all = 0
    for (const { order, centres } of fixture.orders) {
      const [x, y] = [floats(centres.lon), floats(centres.lat)]
      const index = BigInt64Array.from(pixels(order, 10 + 2 * order).slice(0, x.length))
      const ours = directionsOf29(index, order)
      expect(kernel.directionsOf29(index, order)).toEqual(ours)
      expect(ours.lon).toEqual(x)
      for (let i = 0; i < x.length; i++) {
        all++
        if (ours.lat[i] === y[i]) equal++
        else expect(Math.abs(ours.lat[i] - y[i])).toBeLessThanOrEqual(1.5e-14)
        if (order <= 24) expect(centreOf(order, Number(index[i]))).toEqual([ours.lon[i], ours.lat[i]])
      }
    }
    expect(equal / all).toBeGreaterThan(0.985)
  })

  it('gives ring numbers and back, and neighbours, at orders 0 to 24', () => {
    for (const { order, ring, neighbours } of fixture.orders.slice(0, 25)) {
      const p = pixels(order, 10 + 2 * order).map(Number)
      const rings = p.map((v) => nestToRing(order, v))
      expect(sha(BigInt64Array.from(rings, BigInt)), `order ${order}`).toBe(ring)
      expect(rings.every((r, i) => ringToNest(order, r) === p[i])).toBe(true)
      const near = p.slice(0, 2000).flatMap((v) => neighboursOf(order, v))
      expect(sha(BigInt64Array.from(near, BigInt)), `order ${order}`).toBe(neighbours)
    }
  })

  it('gives the largest pixel radius to 1e-14 of itself', () => {
    for (const { order, maxRadiusDeg } of fixture.orders) {
      expect(Math.abs(maxPixelRadius(order) / maxRadiusDeg - 1)).toBeLessThan(1e-14)
    }
  })
})

describe('the compiled kernel', () => {
  it('equals its plain twin on 10⁶ centres of order-29 pixels', () => {
    const index = BigInt64Array.from(pixels(29, 7, 1_000_000))
    const plain = directionsOf29(index)
    const compiled = kernel.directionsOf29(index)
    expect(sha(compiled.lon)).toBe(sha(plain.lon))
    expect(sha(compiled.lat)).toBe(sha(plain.lat))
    expect(sha(kernel.pixels29Of(plain.lon, plain.lat))).toBe(sha(index))
  })

  it('equals its plain twin on the edges of pixels, where coarser pixels have their centres and corners', () => {
    for (const order of [4, 12, 20]) {
      const index = BigInt64Array.from(pixels(order, 10, 10_001))
      const { lon, lat } = directionsOf29(index, order)
      expect(kernel.pixels29Of(lon, lat)).toEqual(pixels29Of(lon, lat))
    }
    const grid = Float64Array.from({ length: 9001 }, (_, i) => ((i * 13) % 2880) / 4 - 360)
    const heights = grid.map(
      (_, i) => [0, 1e-15, -1e-15, 30, 41.81031489577862, -41.810314895778596, 60, -75][i % 8],
    )
    expect(kernel.pixels29Of(grid, heights)).toEqual(pixels29Of(grid, heights))
    const [theta, phi] = [heights.map((d) => Math.acos(d / 90)), grid.map((a) => (a * Math.PI) / 180)]
    expect(kernel.pixels29OfThetaPhi(theta, phi)).toEqual(pixels29OfThetaPhi(theta, phi))
  })

  it('equals its plain twin however many turns a longitude makes', () => {
    const lon = Float64Array.from(integers(3001, 8), (v, i) => (v / 2 ** 31 - 1) * 10 ** (i % 12))
    const lat = Float64Array.from(integers(3001, 9), (v) => v * (180 / 2 ** 32) - 90)
    expect(kernel.pixels29Of(lon, lat)).toEqual(pixels29Of(lon, lat))
  })

  it('fails like its plain twin', () => {
    const [one, two] = [Float64Array.of(0, 1, 2), Float64Array.of(0, 91, 0)]
    expect(() => kernel.pixels29Of(one, two)).toThrow(/\(1, 91\) is no direction/)
    expect(() => kernel.pixels29Of(Float64Array.of(NaN), Float64Array.of(0))).toThrow(/no direction/)
    expect(() => kernel.directionsOf29(BigInt64Array.of(12n), 0)).toThrow(
      /Pixel 12 does not exist at order 0/,
    )
    expect(() => kernel.directionsOf29(BigInt64Array.of(-1n))).toThrow(/Pixel -1/)
  })
})

describe('pixels', () => {
  it('hold their own centres, and their corners are shared with their neighbours', () => {
    for (const order of [0, 1, 2, 5, 13, 24]) {
      for (const p of [
        0,
        1,
        5,
        11,
        pixelCount(order) / 3,
        pixelCount(order) / 2 + 3,
        pixelCount(order) - 1,
      ]) {
        const pixel = Math.floor(p) % pixelCount(order)
        const [lon, lat] = centreOf(order, pixel)
        expect(pixelOf(order, lon, lat)).toBe(pixel)
        const corners = cornersOf(order, pixel)
        expect(boundaryOf(order, pixel, 3).filter((_, i) => i % 3 === 0)).toEqual(corners)
        // South-east is across the side from the southern to the eastern corner.
        const [south, east, north, west] = corners
        expect(south[1]).toBeLessThan(north[1])
        const middle = boundaryOf(order, pixel, 2)[1]
        expect(middle[1]).toBeGreaterThanOrEqual(south[1])
        expect(Math.sin((east[0] - west[0]) * RAD)).toBeGreaterThan(0)
      }
    }
  })

  it('are equal in area, and 12·4^order many', () => {
    expect(pixelAreaDeg2(0) * 12).toBeCloseTo(41252.96124941927, 9)
    expect(pixelAreaDeg2(10)).toBeCloseTo(41252.96124941927 / pixelCount(10), 15)
    expect(orderOfNside(2048)).toBe(11)
    expect(() => orderOfNside(100)).toThrow(/not a power of two/)
  })

  it('refuse orders, numbers and directions that do not exist', () => {
    expect(() => pixelOf(25, 0, 0)).toThrow(/64-bit/)
    expect(() => centreOf(0, 12)).toThrow(/0 to 11/)
    expect(() => pixelOf(3, 0, 90.0001)).toThrow(/no direction/)
    expect(() => pixelOf(3, Infinity, 0)).toThrow(/no direction/)
  })
})

describe('64-bit indices', () => {
  it('turn into uniq numbers and back at every order', () => {
    for (let order = 0; order <= 29; order++) {
      const p = [0n, 1n, 12n * 4n ** BigInt(order) - 1n, ...pixels(order, 99, 50)]
      const uniq = BigInt64Array.from(p, (v) => uniq64Of(order, v))
      const cells = cellsOfUniq64(uniq)
      const shift = BigInt(2 * (29 - order))
      expect([...cells.order]).toEqual(p.map(() => order))
      expect([...cells.ranges]).toEqual(p.flatMap((v) => [v << shift, (v + 1n) << shift]))
      if (order <= 24) {
        for (const v of p) {
          const u = uniqOf(order, Number(v))
          expect(BigInt(u)).toBe(uniq64Of(order, v))
          expect(fromUniq(u)).toEqual({ order, ipix: Number(v) })
        }
      }
    }
    for (const u of [0n, 3n, 1n << 62n, -1n]) {
      expect(() => cellsOfUniq64(BigInt64Array.of(u))).toThrow(/not the uniq number/)
    }
    expect(() => fromUniq(3)).toThrow(/not the uniq number/)
  })

  it('degrade like a shift', () => {
    const p = BigInt64Array.from(pixels(29, 5, 500))
    for (let order = 0; order <= 29; order++) {
      expect([...degrade29(p, order)]).toEqual([...p].map((v) => v >> BigInt(2 * (29 - order))))
    }
    expect(pixel29Of(0, 90)).toBe((1n << 58n) - 1n)
  })
})
