// HEALPix at order 29 in bulk. The reference is src/science/sky/{healpix,index64,libm}.ts, whose letters these are. Pixels are
// worked out in two passes: a fast one for pairs, and for what lies on a pixel's edge one that brackets the last bit of cos θ.
// What hangs on that bit all the same is not decided here but listed, and the caller asks the reference.

const RAD: f64 = 0.017453292519943295
const DEG: f64 = 57.29577951308232
const HALF_PI: f64 = 1.5707963267948966
const HALF_PI_REST: f64 = 6.123233995736766e-17
const INV_HALF_PI: f64 = 0.6366197723675814
const PI: f64 = 3.141592653589793
const TWO_PI: f64 = 6.283185307179586
const TWO_THIRDS: f64 = 0.6666666666666666
const NSIDE: f64 = 536870912
const SIDE_BITS: i32 = 0x1fffffff

// Added to a number below 2³², this leaves its nearest whole number in the low half of the double's bits.
const MAGIC: f64 = 6755399441055744

// Distance from a pixel's edge, in pixels, within which the first pass may decide differently from the reference.
const GUARD: f64 = 3.0517578125e-5

// Constants are read from memory where they are used: engines build a vector constant from immediates, in four
// instructions, each time round the loop.
const NUMBERS = memory.data<f64>([
  // sin u = u + u³ P(u²), |u| ≤ π/2, to 1.2e-16: least squares on Chebyshev's points.
  -7.363925796307169e-13,
  1.6047233807735417e-10,
  -2.5051848981053742e-8,
  2.7557316029431837e-6,
  -0.0001984126981961947,
  0.00833333333326055,
  -0.1666666666666577,
  HALF_PI,
  1.56,
  4,
  2,
  NSIDE,
  0.75 * NSIDE,
  MAGIC,
  0.5,
  3,
  1,
  TWO_THIRDS,
  GUARD,
  0.5 * NSIDE - 0.5,
])
const MASKS = memory.data<u64>([
  0x7fffffffffffffff, 0x1fffffff1fffffff, 0x0f0f0f0f0f0f0f0f, 0x02aaaaaaaaaaaaaa, 0x0155555555555555, 4, 8, 3,
])
const SPREAD = memory.data<u8>(
  [0, 1, 4, 5, 0x10, 0x11, 0x14, 0x15, 0x40, 0x41, 0x44, 0x45, 0x50, 0x51, 0x54, 0x55],
  16,
)

// Places in NUMBERS (0 … 6 are the series) and in MASKS.
const QUARTER: usize = 7
const MOST_LAT: usize = 8
const FOUR: usize = 9
const TWO: usize = 10
const SIDE: usize = 11
const SIDE_3_4: usize = 12
const TO_BITS: usize = 13
const HALF: usize = 14
const THREE: usize = 15
const ONE: usize = 16
const ZONE_EDGE: usize = 17
const NEAR_EDGE: usize = 18
const START: usize = 19
const NO_SIGN: usize = 0
const LOW_29: usize = 1
const LOW_4: usize = 2
const ALL_Y: usize = 3
const ALL_X: usize = 4
const BIT_2: usize = 5
const BIT_3: usize = 6
const LOW_2: usize = 7

function number(at: usize): v128 {
  return v128.load_splat<f64>(NUMBERS + (at << 3))
}

function mask(at: usize): v128 {
  return v128.load_splat<u64>(MASKS + (at << 3))
}

/** sin u, |u| ≤ π/2, to a few units in the last place. */
function sine(u: v128): v128 {
  const w = f64x2.mul(u, u)
  let p = f64x2.add(f64x2.mul(number(0), w), number(1))
  p = f64x2.add(f64x2.mul(p, w), number(2))
  p = f64x2.add(f64x2.mul(p, w), number(3))
  p = f64x2.add(f64x2.mul(p, w), number(4))
  p = f64x2.add(f64x2.mul(p, w), number(5))
  p = f64x2.add(f64x2.mul(p, w), number(6))
  return f64x2.add(u, f64x2.mul(f64x2.mul(u, w), p))
}

/** Morton codes of [x, x', y, y'] below 2³²: four bits at a time from a table, x and y together. */
function interleave(xy: v128): v128 {
  const from = v128.load(SPREAD)
  const low4 = mask(LOW_4)
  const low = v128.swizzle(from, v128.and(xy, low4))
  const high = v128.swizzle(from, v128.and(i16x8.shr_u(xy, 4), low4))
  const even = v128.shuffle<i8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
  const odd = v128.shuffle<i8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  return v128.or(even, i64x2.shl(odd, 1))
}

/**
 * NESTED order-29 pixels of `n` directions. `lon` and `lat`: f64, degrees (`degrees` = 1) or φ and θ in radians (0).
 * `out`: i64. Positions of undecided elements are written to `doubts` (u32, room for n + 1); their number is returned. n is even
 * or the arrays have room for one more. `nodes` is the table of libm.ts.
 */
export function pixels29(
  lon: usize,
  lat: usize,
  out: usize,
  doubts: usize,
  n: i32,
  degrees: i32,
  nodes: usize,
): i32 {
  const quarters = f64x2.splat(degrees ? 1.0 / 90.0 : INV_HALF_PI)
  const zero = f64x2.splat(0)
  let count = 0
  for (let e = 0; e < n; e += 2) {
    const at = (<usize>e) << 3
    let u = v128.load(lat + at)
    u = degrees ? f64x2.mul(u, f64x2.splat(RAD)) : f64x2.sub(number(QUARTER), u)
    const z = sine(u)
    const za = v128.and(z, mask(NO_SIGN))
    let tt = f64x2.mul(v128.load(lon + at), quarters)
    tt = f64x2.add(tt, v128.and(f64x2.lt(tt, zero), number(FOUR)))
    tt = f64x2.sub(tt, v128.and(f64x2.ge(tt, number(FOUR)), number(FOUR)))
    // Near a pole, beyond the sphere, after more turns: not here. NaN fails every test.
    const ordinary = v128.and(
      f64x2.le(v128.and(u, mask(NO_SIGN)), number(MOST_LAT)),
      f64x2.le(v128.and(f64x2.sub(tt, number(TWO)), mask(NO_SIGN)), number(TWO)),
    )

    // Both zones are worked out for every pair: directions in no order would mispredict a branch each time.
    const polar = f64x2.gt(za, number(ZONE_EDGE))
    const south = f64x2.lt(z, zero)
    const a = f64x2.add(f64x2.mul(number(SIDE), tt), number(START))
    const b = f64x2.mul(number(SIDE_3_4), z)
    const quarter = f64x2.add(f64x2.sub(tt, number(HALF)), number(TO_BITS))
    const tp = f64x2.sub(tt, f64x2.sub(quarter, number(TO_BITS)))
    const s = f64x2.sqrt(f64x2.mul(number(THREE), f64x2.sub(number(ONE), za)))
    const rows = f64x2.mul(number(SIDE), s)
    const q = f64x2.mul(tp, rows)
    const r = f64x2.sub(rows, q)
    // Seen from a southern cap's own corner the two coordinates change places; from a northern one's they run backwards.
    const capP = f64x2.sub(v128.bitselect(r, q, south), number(HALF))
    const capM = f64x2.sub(v128.bitselect(q, r, south), number(HALF))
    const p = v128.bitselect(capP, f64x2.sub(a, b), polar)
    const m = v128.bitselect(capM, f64x2.add(a, b), polar)
    const scale = v128.bitselect(s, number(ONE), polar)
    // Rounding a half less to nearest is the floor, but on the edges, which are in doubt anyway.
    const ip = f64x2.add(p, number(TO_BITS))
    const im = f64x2.add(m, number(TO_BITS))
    const offP = v128.and(f64x2.sub(p, f64x2.sub(ip, number(TO_BITS))), mask(NO_SIGN))
    const offM = v128.and(f64x2.sub(m, f64x2.sub(im, number(TO_BITS))), mask(NO_SIGN))
    const off = f64x2.mul(f64x2.pmax(offP, offM), scale)
    const sure = v128.and(
      ordinary,
      f64x2.lt(off, f64x2.sub(f64x2.mul(scale, number(HALF)), number(NEAR_EDGE))),
    )

    const xy = v128.shuffle<i32>(im, ip, 0, 2, 4, 6)
    const faces = i32x4.shr_u(xy, 29)
    const fm = i64x2.extend_low_i32x4_u(faces)
    const fp = i64x2.extend_high_i32x4_u(faces)
    // The high halves are zero throughout, so 32-bit comparisons do.
    const outer = v128.bitselect(fp, v128.or(fm, mask(BIT_3)), i32x4.gt_s(fm, fp))
    const fe = v128.bitselect(v128.or(fp, mask(BIT_2)), outer, i32x4.eq(fp, fm))
    const fc = v128.or(v128.and(quarter, mask(LOW_2)), v128.and(south, mask(BIT_3)))
    const f = v128.bitselect(fc, fe, polar)
    const turned = v128.or(
      v128.andnot(mask(ALL_Y), v128.and(polar, south)),
      v128.andnot(v128.and(mask(ALL_X), polar), south),
    )
    const nest = v128.xor(interleave(v128.and(xy, mask(LOW_29))), turned)
    v128.store(out + at, v128.or(nest, i64x2.shl(f, 58)))

    const decided = i64x2.bitmask(sure)
    if (decided !== 3) {
      if (!(decided & 1)) {
        store<u32>(doubts + ((<usize>count) << 2), e)
        count++
      }
      if (!(decided & 2)) {
        store<u32>(doubts + ((<usize>count) << 2), e + 1)
        count++
      }
    }
  }

  let left = 0
  for (let i = 0; i < count; i++) {
    const e = load<u32>(doubts + ((<usize>i) << 2))
    const at = (<usize>e) << 3
    let theta = load<f64>(lat + at)
    let phi = load<f64>(lon + at)
    if (degrees) {
      theta = HALF_PI - theta * RAD
      phi = phi * RAD
    }
    if (theta >= 0.0101 && theta <= 3.1315 && phi >= -TWO_PI && phi < 2.0 * TWO_PI) {
      const tt = quarterTurns(phi)
      cosine(theta, nodes)
      // The C library's cosine is within 0.55 units of the last place: it is one of these two, mostly the same.
      const margin = Math.abs(cosHi) * 1.4e-17
      const pixel = pixelAt(cosHi + (cosLo - margin), tt)
      if (pixel === pixelAt(cosHi + (cosLo + margin), tt)) {
        store<u64>(out + at, pixel)
        continue
      }
    }
    store<u32>(doubts + ((<usize>left) << 2), e)
    left++
  }
  return left
}

/** φ of −2π … 4π in quarter turns: one subtraction is exact up to 4π, one addition is what the reference does from −2π. */
function quarterTurns(phi: f64): f64 {
  if (phi < 0) phi += TWO_PI
  if (phi >= TWO_PI) phi -= TWO_PI
  const tt = phi * INV_HALF_PI
  return tt === 4 ? 0 : tt
}

/** cos θ in two doubles, to cosHi and cosLo; θ in 0.01 … π − 0.01. */
function cosine(theta: f64, nodes: usize): void {
  let a = theta
  let rest = 0.0
  const middle = theta > 0.8 && theta < 2.34
  const from = middle ? HALF_PI : PI
  if (theta > 0.8) {
    const y = from - theta
    const yRest = sumRest(from, -theta, y) + (middle ? HALF_PI_REST : 2.0 * HALF_PI_REST)
    a = y + yRest
    rest = sumRest(y, yRest, a)
  }
  const back = a < 0
  if (back) {
    a = -a
    rest = -rest
  }
  sinCos(a, nodes)
  let hi = cosHi
  let lo = cosLo - sinHi * rest
  if (middle) {
    hi = sinHi
    lo = sinLo + cosHi * rest
  }
  cosHi = hi + lo
  cosLo = sumRest(hi, lo, cosHi)
  if (back || theta >= 2.34) {
    cosHi = -cosHi
    cosLo = -cosLo
  }
}

/** locateZ of healpix.ts with its pixel's number, z away from the poles. */
function pixelAt(z: f64, tt: f64): u64 {
  const za = Math.abs(z)
  let f: u64
  let x: u32
  let y: u32
  if (za <= TWO_THIRDS) {
    const a = NSIDE * (0.5 + tt)
    const b = NSIDE * (z * 0.75)
    const jp = <u64>Math.floor(a - b)
    const jm = <u64>Math.floor(a + b)
    const fp = jp >> 29
    const fm = jm >> 29
    f = fp === fm ? fp | 4 : fp < fm ? fp : fm + 8
    x = (<u32>jm) & SIDE_BITS
    y = SIDE_BITS - ((<u32>jp) & SIDE_BITS)
  } else {
    const nt = Math.min(3, Math.floor(tt))
    const tp = tt - nt
    const rows = NSIDE * Math.sqrt(3.0 * (1.0 - za))
    const jp = <u32>Math.min(Math.floor(tp * rows), NSIDE - 1)
    const jm = <u32>Math.min(Math.floor((1.0 - tp) * rows), NSIDE - 1)
    f = z >= 0 ? <u64>nt : <u64>nt + 8
    x = z >= 0 ? SIDE_BITS - jm : jp
    y = z >= 0 ? SIDE_BITS - jp : jm
  }
  return (f << 58) | spreadBits(x) | (spreadBits(y) << 1)
}

/** Bits of v moved apart to the even places. */
function spreadBits(x: u32): u64 {
  let v = <u64>x
  v = (v | (v << 16)) & 0x0000ffff0000ffff
  v = (v | (v << 8)) & 0x00ff00ff00ff00ff
  v = (v | (v << 4)) & 0x0f0f0f0f0f0f0f0f
  v = (v | (v << 2)) & 0x3333333333333333
  return (v | (v << 1)) & 0x5555555555555555
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
