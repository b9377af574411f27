// HEALPix at order 29 in bulk. The reference is src/science/sky/{healpix,index64,libm}.ts, whose letters these are; a
// result that hangs on the last bit of cos θ is not decided here but listed, and the caller asks the reference.

const RAD: f64 = 0.017453292519943295
const DEG: f64 = 57.29577951308232
const HALF_PI: f64 = 1.5707963267948966
const HALF_PI_REST: f64 = 6.123233995736766e-17
const INV_HALF_PI: f64 = 0.6366197723675814
const PI: f64 = 3.141592653589793
const TWO_PI: f64 = 6.283185307179586
const TWO_THIRDS: f64 = 0.6666666666666666
const NSIDE: f64 = 536870912
const MAGIC: f64 = 4503599627370496

// Distance from a pixel's edge, in pixels, within which the cosine below may decide differently from the exact one.
const GUARD: f64 = 3.814697265625e-6

/** sin u, |u| ≤ π/2, to a few units in the last place: Taylor series to u²¹. */
function sine(u: v128): v128 {
  const w = f64x2.mul(u, u)
  let p = f64x2.splat(1.0 / 51090942171709440000.0)
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(-1.0 / 121645100408832000.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(1.0 / 355687428096000.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(-1.0 / 1307674368000.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(1.0 / 6227020800.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(-1.0 / 39916800.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(1.0 / 362880.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(-1.0 / 5040.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(1.0 / 120.0))
  p = f64x2.add(f64x2.mul(p, w), f64x2.splat(-1.0 / 6.0))
  return f64x2.add(u, f64x2.mul(f64x2.mul(u, w), p))
}

/** Whole numbers below 2³² as 64-bit integers. */
function integers(v: v128): v128 {
  return v128.xor(f64x2.add(v, f64x2.splat(MAGIC)), f64x2.splat(MAGIC))
}

/** Morton codes of (x, y) below 2³², given as 64-bit integers: four bits at a time from a table, x and y together. */
function interleave(x: v128, y: v128): v128 {
  const spread = i8x16(
    0x00,
    0x01,
    0x04,
    0x05,
    0x10,
    0x11,
    0x14,
    0x15,
    0x40,
    0x41,
    0x44,
    0x45,
    0x50,
    0x51,
    0x54,
    0x55,
  )
  const low4 = i8x16.splat(0x0f)
  const xy = v128.shuffle<i32>(x, y, 0, 2, 4, 6)
  const low = v128.swizzle(spread, v128.and(xy, low4))
  const high = v128.swizzle(spread, v128.and(i16x8.shr_u(xy, 4), low4))
  const even = v128.shuffle<i8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
  const odd = v128.shuffle<i8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  return v128.or(even, i64x2.shl(odd, 1))
}

/** All ones where v is at least GUARD / `scale` away from both of its neighbouring whole numbers. */
function clear(v: v128, floor: v128, scale: v128): v128 {
  const part = f64x2.mul(f64x2.sub(v, floor), scale)
  return v128.and(f64x2.ge(part, f64x2.splat(GUARD)), f64x2.le(part, f64x2.sub(scale, f64x2.splat(GUARD))))
}

/**
 * NESTED order-29 pixels of `n` directions. `lon` and `lat`: f64, degrees (`degrees` = 1) or φ and θ in radians (0).
 * `out`: i64. Positions of undecided elements are written to `doubts` (u32, room for n + 1); their number is returned. n is even
 * or the arrays have room for one more.
 */
export function pixels29(lon: usize, lat: usize, out: usize, doubts: usize, n: i32, degrees: i32): i32 {
  const nside = f64x2.splat(NSIDE)
  const one = f64x2.splat(1)
  const top = f64x2.splat(NSIDE - 1)
  let count = 0
  for (let e = 0; e < n; e += 2) {
    const at = (<usize>e) << 3
    let theta = v128.load(lat + at)
    let phi = v128.load(lon + at)
    if (degrees) {
      theta = f64x2.sub(f64x2.splat(HALF_PI), f64x2.mul(theta, f64x2.splat(RAD)))
      phi = f64x2.mul(phi, f64x2.splat(RAD))
    }
    const z = sine(f64x2.add(f64x2.sub(f64x2.splat(HALF_PI), theta), f64x2.splat(HALF_PI_REST)))
    const za = f64x2.abs(z)
    // φ modulo 2π: one subtraction is exact up to 4π, one addition is what the reference does from −2π.
    const turns = v128.and(f64x2.ge(phi, f64x2.splat(-TWO_PI)), f64x2.lt(phi, f64x2.splat(2.0 * TWO_PI)))
    phi = f64x2.add(phi, v128.and(f64x2.lt(phi, f64x2.splat(0)), f64x2.splat(TWO_PI)))
    phi = f64x2.sub(phi, v128.and(f64x2.ge(phi, f64x2.splat(TWO_PI)), f64x2.splat(TWO_PI)))
    let tt = f64x2.mul(phi, f64x2.splat(INV_HALF_PI))
    tt = v128.andnot(tt, f64x2.eq(tt, f64x2.splat(4)))
    // Near a pole, beyond the sphere, around z = ±2/3, after more turns: not here. NaN fails every test.
    let sure = v128.and(
      v128.and(f64x2.ge(theta, f64x2.splat(0.01)), f64x2.le(theta, f64x2.splat(3.1315))),
      v128.and(f64x2.ge(f64x2.abs(f64x2.sub(za, f64x2.splat(TWO_THIRDS))), f64x2.splat(1e-14)), turns),
    )

    // Both zones are worked out for every pair: directions in no order would mispredict a branch each time.
    const a = f64x2.mul(nside, f64x2.add(f64x2.splat(0.5), tt))
    const b = f64x2.mul(nside, f64x2.mul(z, f64x2.splat(0.75)))
    const p = f64x2.sub(a, b)
    const m = f64x2.add(a, b)
    const jp = f64x2.floor(p)
    const jm = f64x2.floor(m)
    const fp = f64x2.floor(f64x2.mul(jp, f64x2.splat(1 / NSIDE)))
    const fm = f64x2.floor(f64x2.mul(jm, f64x2.splat(1 / NSIDE)))
    const middle = f64x2.add(fp, v128.andnot(f64x2.splat(4), f64x2.eq(fp, f64x2.splat(4))))
    const outer = v128.bitselect(fp, f64x2.add(fm, f64x2.splat(8)), f64x2.lt(fp, fm))
    const fe = v128.bitselect(middle, outer, f64x2.eq(fp, fm))
    const xe = f64x2.sub(jm, f64x2.mul(fm, nside))
    const ye = f64x2.sub(top, f64x2.sub(jp, f64x2.mul(fp, nside)))
    const surely = v128.and(clear(p, jp, one), clear(m, jm, one))

    const nt = f64x2.min(f64x2.splat(3), f64x2.floor(tt))
    const tp = f64x2.sub(tt, nt)
    const s = f64x2.sqrt(f64x2.mul(f64x2.splat(3), f64x2.sub(one, za)))
    const rows = f64x2.mul(nside, s)
    const q = f64x2.mul(tp, rows)
    const r = f64x2.mul(f64x2.sub(one, tp), rows)
    const fq = f64x2.floor(q)
    const fr = f64x2.floor(r)
    const jq = f64x2.min(fq, top)
    const jr = f64x2.min(fr, top)
    const north = f64x2.ge(z, f64x2.splat(0))
    const fc = f64x2.add(nt, v128.andnot(f64x2.splat(8), north))
    const xc = v128.bitselect(f64x2.sub(top, jr), jq, north)
    const yc = v128.bitselect(f64x2.sub(top, jq), jr, north)
    const capSurely = v128.and(clear(q, fq, s), clear(r, fr, s))

    const polar = f64x2.gt(za, f64x2.splat(TWO_THIRDS))
    const f = v128.bitselect(fc, fe, polar)
    const x = v128.bitselect(xc, xe, polar)
    const y = v128.bitselect(yc, ye, polar)
    sure = v128.and(sure, v128.bitselect(capSurely, surely, polar))
    const nest = interleave(integers(x), integers(y))
    v128.store(out + at, v128.or(nest, i64x2.shl(integers(f), 58)))

    const undecided = i64x2.bitmask(v128.not(sure))
    if (undecided) {
      if (undecided & 1) {
        store<u32>(doubts + ((<usize>count) << 2), e)
        count++
      }
      if (undecided & 2) {
        store<u32>(doubts + ((<usize>count) << 2), e + 1)
        count++
      }
    }
  }
  return count
}

/** Even bits of v packed into its low half. */
function compact(v: u64): u32 {
  v &= 0x5555555555555555
  v = (v | (v >> 1)) & 0x3333333333333333
  v = (v | (v >> 2)) & 0x0f0f0f0f0f0f0f0f
  v = (v | (v >> 4)) & 0x00ff00ff00ff00ff
  v = (v | (v >> 8)) & 0x0000ffff0000ffff
  return <u32>(v | (v >> 16))
}

/** Error of a·b rounded to p. */
function productRest(a: f64, b: f64, p: f64): f64 {
  const ca = 134217729.0 * a
  const cb = 134217729.0 * b
  const ah = ca - (ca - a)
  const bh = cb - (cb - b)
  const al = a - ah
  const bl = b - bh
  return al * bl - (p - ah * bh - al * bh - ah * bl)
}

/** Error of a + b rounded to s. */
function sumRest(a: f64, b: f64, s: f64): f64 {
  const t = s - a
  return a - (s - t) + (b - t)
}

let sinHi: f64 = 0
let sinLo: f64 = 0
let cosHi: f64 = 0
let cosLo: f64 = 0

/** sinCos of libm.ts, with the same table of nodes at `nodes`. */
function sinCos(x: f64, nodes: usize): void {
  const n = <usize>(<i32>(x * 128.0 + 6755399441055744.0 - 6755399441055744.0))
  const h = x - <f64>(<i32>n) / 128.0
  const hh = h * h
  const hhLo = productRest(h, h, hh)
  const sinRest = h * hh * (-1.0 / 6.0 + hh * (1.0 / 120.0 - hh / 5040.0))
  const half = hh / 2.0
  const cosRest = hhLo / 2.0 - hh * hh * (1.0 / 24.0 - hh * (1.0 / 720.0 - hh / 40320.0))
  const node = nodes + (n << 5)
  const sa = load<f64>(node)
  const sb = load<f64>(node, 8)
  const ca = load<f64>(node, 16)
  const cb = load<f64>(node, 24)
  let p = ca * h
  let q = -sa * half
  let r = sb + (cb * h + (ca * sinRest - sa * cosRest))
  let s = sa + p
  let t = s + q
  let w = sumRest(sa, p, s) + sumRest(s, q, t) + (productRest(ca, h, p) + productRest(-sa, half, q) + r)
  sinHi = t + w
  sinLo = sumRest(t, w, sinHi)
  p = -sa * h
  q = -ca * half
  r = cb - (sb * h + (sa * sinRest + ca * cosRest))
  s = ca + p
  t = s + q
  w = sumRest(ca, p, s) + sumRest(s, q, t) + (productRest(-sa, h, p) + productRest(-ca, half, q) + r)
  cosHi = t + w
  cosLo = sumRest(t, w, cosHi)
}

/** fromPole of libm.ts. */
function fromPole(u: f64, du: f64, north: bool): f64 {
  if (north) return u + du
  const s = PI - u
  return s + (sumRest(PI, -u, s) + (2.0 * HALF_PI_REST - du))
}

/** acosOf of libm.ts, |z| < 1. */
function acosOf(z: f64, nodes: usize): f64 {
  const za = Math.abs(z)
  if (za < 0.7) {
    const u = Math.asin(za)
    sinCos(u, nodes)
    const du = (za - sinHi - sinLo) / cosHi
    const v = z > 0 ? -u : u
    const s = HALF_PI + v
    return s + (sumRest(HALF_PI, v, s) + (HALF_PI_REST + (z > 0 ? -du : du)))
  }
  const u = Math.acos(za)
  sinCos(u, nodes)
  return fromPole(u, (cosHi - za + cosLo) / sinHi, z > 0)
}

/** atan2Of of libm.ts, 0 < y ≤ |x|. */
function atan2Of(y: f64, x: f64, nodes: usize): f64 {
  const xa = Math.abs(x)
  const u = Math.atan2(y, xa)
  sinCos(u, nodes)
  const p = y * cosHi
  const q = xa * sinHi
  const across = p - q + (productRest(y, cosHi, p) - productRest(xa, sinHi, q) + (y * cosLo - xa * sinLo))
  return fromPole(u, across / (xa * cosHi + y * sinHi), x > 0)
}

/**
 * Centres in degrees of `n` pixels (i64) of `order`; `nodes` is the table of libm.ts. Stops at the first number that is no
 * pixel and returns its position; n when there is none.
 */
export function directions(index: usize, lon: usize, lat: usize, n: i32, order: i32, nodes: usize): i32 {
  const nside = <f64>(1 << order)
  const perRing2 = 4.0 / (12.0 * nside * nside)
  const perRing = 2.0 * nside * perRing2
  const ns = <i64>(1 << order)
  for (let e = 0; e < n; e++) {
    const at = (<usize>e) << 3
    const p = load<u64>(index + at)
    const f = <i64>(p >> (2 * order))
    if (<u64>f > 11) return e
    const r = p & (((<u64>1) << (2 * order)) - 1)
    const x = <i64>compact(r)
    const y = <i64>compact(r >> 1)
    const i = ((f >> 2) + 2) * ns - x - y - 1
    let w = ns
    let z: f64
    let theta: f64
    if (i < ns || i > 3 * ns) {
      w = i < ns ? i : 4 * ns - i
      const s = <f64>w * <f64>w * perRing2
      z = i < ns ? 1.0 - s : s - 1.0
      theta = Math.abs(z) > 0.99 ? atan2Of(Math.sqrt(s * (2.0 - s)), z, nodes) : acosOf(z, nodes)
    } else {
      const row: i64 = 2 * ns - i
      z = <f64>row * perRing
      theta = acosOf(z, nodes)
    }
    let j = (2 * (f & 3) + ((f >> 2) & 1 ? 0 : 1)) * w + x - y
    if (j < 0) j += 8 * w
    const phi = w === ns ? 0.75 * HALF_PI * <f64>j * perRing : (0.5 * HALF_PI * <f64>j) / <f64>w
    store<f64>(lon + at, phi * DEG)
    store<f64>(lat + at, 90.0 - theta * DEG)
  }
  return n
}
