/**
 * Bulk HEALPix at order 29 in WebAssembly SIMD: the same numbers as `pixels29Of` and `directionsOf29` of
 * `science/sky/index64.ts`, which stay the reference and decide whatever hangs on the last bit.
 */
import { checkOrder, maxOrder } from '#science/sky/healpix.ts'
import { directionsOf29, pixels29Of, pixels29OfThetaPhi } from '#science/sky/index64.ts'
import { nodes } from '#science/sky/libm.ts'
import type { Arena } from './arena.ts'
import { createArena } from './arena.ts'

export interface HealpixKernel {
  /** Order-29 NESTED pixels of directions in degrees. Errors as `pixels29Of`. */
  pixels29Of(lon: Float64Array, lat: Float64Array, out?: BigInt64Array): BigInt64Array
  /** The same from colatitude and longitude in radians. */
  pixels29OfThetaPhi(theta: Float64Array, phi: Float64Array, out?: BigInt64Array): BigInt64Array
  /** Centres in degrees of pixels of `order` (29 unless given). Errors as `directionsOf29`. */
  directionsOf29(index: BigInt64Array, order?: number): { lon: Float64Array; lat: Float64Array }
}

interface Exports {
  pixels29(
    lon: number,
    lat: number,
    out: number,
    doubts: number,
    n: number,
    degrees: number,
    nodes: number,
  ): number
  directions(index: number, lon: number, lat: number, n: number, order: number, nodes: number): number
}

/** Elements copied in and out at a time: three arrays of them stay in the second-level cache. */
const CHUNK = 8192

/** Kernel from the bytes (or compiled module) of `healpix.wasm`, working in `arena`. */
export function createHealpixKernel(
  wasm: Uint8Array<ArrayBuffer> | WebAssembly.Module,
  arena: Arena = createArena(2 ** 20),
): HealpixKernel {
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm)
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } })
  const kernel = instance.exports as unknown as Exports
  const table = nodes()
  const nodesAt = arena.take(table.byteLength)
  const [a, b, c] = [arena.take(8 * CHUNK), arena.take(8 * CHUNK), arena.take(8 * CHUNK)]
  const doubtsAt = arena.take(4 * (CHUNK + 1))
  const { buffer } = arena.memory
  new Float64Array(buffer, nodesAt, table.length).set(table)
  const first = new Float64Array(buffer, a, CHUNK)
  const second = new Float64Array(buffer, b, CHUNK)
  const pixels = new BigInt64Array(buffer, c, CHUNK)
  const doubts = new Uint32Array(buffer, doubtsAt, CHUNK + 1)

  const convert = (
    lon: Float64Array,
    lat: Float64Array,
    out: BigInt64Array,
    degrees: boolean,
    reference: (x: Float64Array, y: Float64Array) => BigInt64Array,
  ): BigInt64Array => {
    for (let at = 0; at < lon.length; at += CHUNK) {
      const n = Math.min(CHUNK, lon.length - at)
      first.set(lon.subarray(at, at + n))
      second.set(lat.subarray(at, at + n))
      if (n & 1) first[n] = second[n] = 1
      const count = kernel.pixels29(a, b, c, doubtsAt, n, degrees ? 1 : 0, nodesAt)
      out.set(pixels.subarray(0, n), at)
      if (count === 0) continue
      // The filler of an odd last pair may be in doubt, too.
      const doubtful = Uint32Array.from(doubts.subarray(0, count)).filter((e) => e < n)
      const x = Float64Array.from(doubtful, (e) => first[e])
      const y = Float64Array.from(doubtful, (e) => second[e])
      reference(x, y).forEach((pixel, i) => (out[at + doubtful[i]] = pixel))
    }
    return out
  }

  return {
    pixels29Of: (lon, lat, out = new BigInt64Array(lon.length)) => convert(lon, lat, out, true, pixels29Of),
    pixels29OfThetaPhi: (theta, phi, out = new BigInt64Array(theta.length)) =>
      convert(phi, theta, out, false, (p, t) => pixels29OfThetaPhi(t, p)),
    directionsOf29(index, order = maxOrder) {
      checkOrder(order, maxOrder)
      const lon = new Float64Array(index.length)
      const lat = new Float64Array(index.length)
      for (let at = 0; at < index.length; at += CHUNK) {
        const n = Math.min(CHUNK, index.length - at)
        pixels.set(index.subarray(at, at + n))
        const done = kernel.directions(c, a, b, n, order, nodesAt)
        // The reference says what is wrong with the one that is no pixel.
        if (done < n) directionsOf29(index.subarray(at + done, at + done + 1), order)
        lon.set(first.subarray(0, n), at)
        lat.set(second.subarray(0, n), at)
      }
      return { lon, lat }
    },
  }
}
