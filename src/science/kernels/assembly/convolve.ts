// Convolutions of image subtraction. The reference is src/science/image/subtract/loops.ts. All numbers are f32 unless said; addresses
// are bytes, strides and sizes are elements. Kernels come turned round, so that convolution is a walk in step.

/**
 * out[y][x] = Σ k[v][u] · from[y + v][x + u] for `width` × `height` pixels and a kernel of `size`². Width is a multiple of 16, height
 * one of 2.
 */
export function convolve(
  from: usize,
  fromStride: usize,
  out: usize,
  outStride: usize,
  width: usize,
  height: usize,
  kernel: usize,
  size: usize,
): void {
  const line = fromStride << 2
  const row = size << 2
  for (let y: usize = 0; y < height; y += 2) {
    for (let x: usize = 0; x < width; x += 16) {
      let a0 = f32x4.splat(0)
      let a1 = f32x4.splat(0)
      let a2 = f32x4.splat(0)
      let a3 = f32x4.splat(0)
      let b0 = f32x4.splat(0)
      let b1 = f32x4.splat(0)
      let b2 = f32x4.splat(0)
      let b3 = f32x4.splat(0)
      // Two rows of the result share what they read: the second is one row of the kernel behind.
      let at = from + y * line + (x << 2)
      let k = kernel
      for (let end = at + row; at < end; at += 4, k += 4) {
        const w = v128.load_splat<f32>(k)
        a0 = f32x4.add(a0, f32x4.mul(v128.load(at), w))
        a1 = f32x4.add(a1, f32x4.mul(v128.load(at, 16), w))
        a2 = f32x4.add(a2, f32x4.mul(v128.load(at, 32), w))
        a3 = f32x4.add(a3, f32x4.mul(v128.load(at, 48), w))
      }
      at += line - row
      for (let v: usize = 1; v < size; v++) {
        for (let end = at + row; at < end; at += 4, k += 4) {
          const w = v128.load_splat<f32>(k)
          const u = v128.load_splat<f32>(k - row)
          let p = v128.load(at)
          a0 = f32x4.add(a0, f32x4.mul(p, w))
          b0 = f32x4.add(b0, f32x4.mul(p, u))
          p = v128.load(at, 16)
          a1 = f32x4.add(a1, f32x4.mul(p, w))
          b1 = f32x4.add(b1, f32x4.mul(p, u))
          p = v128.load(at, 32)
          a2 = f32x4.add(a2, f32x4.mul(p, w))
          b2 = f32x4.add(b2, f32x4.mul(p, u))
          p = v128.load(at, 48)
          a3 = f32x4.add(a3, f32x4.mul(p, w))
          b3 = f32x4.add(b3, f32x4.mul(p, u))
        }
        at += line - row
      }
      k -= row
      for (let end = at + row; at < end; at += 4, k += 4) {
        const w = v128.load_splat<f32>(k)
        b0 = f32x4.add(b0, f32x4.mul(v128.load(at), w))
        b1 = f32x4.add(b1, f32x4.mul(v128.load(at, 16), w))
        b2 = f32x4.add(b2, f32x4.mul(v128.load(at, 32), w))
        b3 = f32x4.add(b3, f32x4.mul(v128.load(at, 48), w))
      }
      const to = out + ((y * outStride + x) << 2)
      v128.store(to, a0)
      v128.store(to, a1, 16)
      v128.store(to, a2, 32)
      v128.store(to, a3, 48)
      const next = to + (outStride << 2)
      v128.store(next, b0)
      v128.store(next, b1, 16)
      v128.store(next, b2, 32)
      v128.store(next, b3, 48)
    }
  }
}

/** out[y][x] = Σ k[u] · from[y][x + u]: along rows. Width is a multiple of 16. */
export function along(
  from: usize,
  fromStride: usize,
  out: usize,
  outStride: usize,
  width: usize,
  height: usize,
  kernel: usize,
  size: usize,
): void {
  for (let y: usize = 0; y < height; y++) {
    for (let x: usize = 0; x < width; x += 16) {
      step(from + ((y * fromStride + x) << 2), 4, out + ((y * outStride + x) << 2), kernel, size)
    }
  }
}

/** out[y][x] = Σ k[v] · from[y + v][x]: across rows. Width is a multiple of 16. */
export function across(
  from: usize,
  fromStride: usize,
  out: usize,
  outStride: usize,
  width: usize,
  height: usize,
  kernel: usize,
  size: usize,
): void {
  for (let y: usize = 0; y < height; y++) {
    for (let x: usize = 0; x < width; x += 16) {
      step(
        from + ((y * fromStride + x) << 2),
        fromStride << 2,
        out + ((y * outStride + x) << 2),
        kernel,
        size,
      )
    }
  }
}

function step(at: usize, by: usize, out: usize, kernel: usize, size: usize): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let a2 = f32x4.splat(0)
  let a3 = f32x4.splat(0)
  for (let k = kernel, end = kernel + (size << 2); k < end; k += 4, at += by) {
    const w = v128.load_splat<f32>(k)
    a0 = f32x4.add(a0, f32x4.mul(v128.load(at), w))
    a1 = f32x4.add(a1, f32x4.mul(v128.load(at, 16), w))
    a2 = f32x4.add(a2, f32x4.mul(v128.load(at, 32), w))
    a3 = f32x4.add(a3, f32x4.mul(v128.load(at, 48), w))
  }
  v128.store(out, a0)
  v128.store(out, a1, 16)
  v128.store(out, a2, 32)
  v128.store(out, a3, 48)
}

/**
 * Products of columns: out[i][j] += Σ columns[i] · columns[j] for i ≤ j (f64, `count` × `count`; below the diagonal is not
 * defined). `count` is a multiple of 4; columns lie `stride` apart and are `length` long, a multiple of 4. Sums are made in single
 * precision over at most 128 elements and then in double.
 */
export function gram(columns: usize, stride: usize, length: usize, count: usize, out: usize): void {
  const by = stride << 2
  for (let from: usize = 0; from < length; from += 128) {
    const span = (min(length - from, 128) as usize) << 2
    for (let i: usize = 0; i < count; i += 4) {
      const first = columns + i * by + (from << 2)
      for (let j = i; j < count; j += 2) {
        const second = columns + j * by + (from << 2)
        let a0 = f32x4.splat(0)
        let a1 = f32x4.splat(0)
        let a2 = f32x4.splat(0)
        let a3 = f32x4.splat(0)
        let b0 = f32x4.splat(0)
        let b1 = f32x4.splat(0)
        let b2 = f32x4.splat(0)
        let b3 = f32x4.splat(0)
        let p = first
        let q = second
        const third = by * 3
        for (const end = p + span; p < end; p += 16, q += 16) {
          const s = v128.load(q)
          const t = v128.load(q + by)
          let x = v128.load(p)
          a0 = f32x4.add(a0, f32x4.mul(x, s))
          b0 = f32x4.add(b0, f32x4.mul(x, t))
          x = v128.load(p + by)
          a1 = f32x4.add(a1, f32x4.mul(x, s))
          b1 = f32x4.add(b1, f32x4.mul(x, t))
          x = v128.load(p + (by << 1))
          a2 = f32x4.add(a2, f32x4.mul(x, s))
          b2 = f32x4.add(b2, f32x4.mul(x, t))
          x = v128.load(p + third)
          a3 = f32x4.add(a3, f32x4.mul(x, s))
          b3 = f32x4.add(b3, f32x4.mul(x, t))
        }
        // Four times: the lanes of a and of b are added up, in double, and the two sums go side by side.
        let to = out + ((i * count + j) << 3)
        const line = count << 3
        let c: v128
        let d: v128
        c = f64x2.add(
          f64x2.promote_low_f32x4(a0),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(a0, a0, 2, 3, 0, 1)),
        )
        d = f64x2.add(
          f64x2.promote_low_f32x4(b0),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(b0, b0, 2, 3, 0, 1)),
        )
        c = f64x2.add(v128.shuffle<u64>(c, d, 0, 2), v128.shuffle<u64>(c, d, 1, 3))
        v128.store(to, f64x2.add(v128.load(to), c))
        to += line
        c = f64x2.add(
          f64x2.promote_low_f32x4(a1),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(a1, a1, 2, 3, 0, 1)),
        )
        d = f64x2.add(
          f64x2.promote_low_f32x4(b1),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(b1, b1, 2, 3, 0, 1)),
        )
        c = f64x2.add(v128.shuffle<u64>(c, d, 0, 2), v128.shuffle<u64>(c, d, 1, 3))
        v128.store(to, f64x2.add(v128.load(to), c))
        to += line
        c = f64x2.add(
          f64x2.promote_low_f32x4(a2),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(a2, a2, 2, 3, 0, 1)),
        )
        d = f64x2.add(
          f64x2.promote_low_f32x4(b2),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(b2, b2, 2, 3, 0, 1)),
        )
        c = f64x2.add(v128.shuffle<u64>(c, d, 0, 2), v128.shuffle<u64>(c, d, 1, 3))
        v128.store(to, f64x2.add(v128.load(to), c))
        to += line
        c = f64x2.add(
          f64x2.promote_low_f32x4(a3),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(a3, a3, 2, 3, 0, 1)),
        )
        d = f64x2.add(
          f64x2.promote_low_f32x4(b3),
          f64x2.promote_low_f32x4(v128.shuffle<u32>(b3, b3, 2, 3, 0, 1)),
        )
        c = f64x2.add(v128.shuffle<u64>(c, d, 0, 2), v128.shuffle<u64>(c, d, 1, 3))
        v128.store(to, f64x2.add(v128.load(to), c))
      }
    }
  }
}

/** out = Σ weights[i] · columns[i], `length` a multiple of 16. */
export function combine(
  columns: usize,
  stride: usize,
  length: usize,
  count: usize,
  weights: usize,
  out: usize,
): void {
  for (let x: usize = 0; x < length; x += 16) {
    step(columns + (x << 2), stride << 2, out + (x << 2), weights, count)
  }
}

/** out[i] = columns[i] · weights, element by element, for `count` columns of `length`, a multiple of 4. */
export function weigh(
  columns: usize,
  stride: usize,
  length: usize,
  count: usize,
  weights: usize,
  out: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    const from = columns + ((i * stride) << 2)
    const to = out + ((i * stride) << 2)
    for (let x: usize = 0; x < length << 2; x += 16) {
      v128.store(to + x, f32x4.mul(v128.load(from + x), v128.load(weights + x)))
    }
  }
}

/** out = a − factor · b, `length` a multiple of 4. */
export function less(a: usize, b: usize, factor: f32, out: usize, length: usize): void {
  const f = f32x4.splat(factor)
  for (let x: usize = 0; x < length << 2; x += 16) {
    v128.store(out + x, f32x4.sub(v128.load(a + x), f32x4.mul(v128.load(b + x), f)))
  }
}

/**
 * Gets `length` pixels ready (any number; whole vectors are read and written): `out` = value − level, `variance` = rms2 + photon · that
 * where positive. Returns 1 if any is not below `saturation` or has a mask bit (`mask` 0: none).
 */
export function prepare(
  from: usize,
  mask: usize,
  length: usize,
  level: f32,
  rms2: f32,
  photon: f32,
  saturation: f32,
  out: usize,
  variance: usize,
): i32 {
  const sky = f32x4.splat(level)
  const least = f32x4.splat(rms2)
  const slope = f32x4.splat(photon)
  const most = f32x4.splat(saturation)
  const zero = f32x4.splat(0)
  const lowest = f32x4.splat(-f32.MAX_VALUE)
  let good = i32x4.splat(-1)
  let bits: u32 = 0
  let x: usize = 0
  for (; x + 4 <= length; x += 4) {
    const v = v128.load(from + (x << 2))
    const over = f32x4.sub(v, sky)
    v128.store(out + (x << 2), over)
    v128.store(variance + (x << 2), f32x4.add(least, f32x4.mul(slope, f32x4.max(over, zero))))
    good = v128.and(good, v128.and(f32x4.lt(v, most), f32x4.ge(v, lowest)))
    if (mask) bits |= load<u32>(mask + x)
  }
  let rest = false
  for (; x < length; x++) {
    const v = load<f32>(from + (x << 2))
    const over = v - level
    store<f32>(out + (x << 2), over)
    store<f32>(variance + (x << 2), rms2 + photon * max<f32>(over, 0))
    if (!(v < saturation && v >= -f32.MAX_VALUE)) rest = true
    if (mask) bits |= load<u8>(mask + x)
  }
  return bits || rest || !i32x4.all_true(good) ? 1 : 0
}

/**
 * A row of the difference: value − (convolution + background), times factor, and its noise from `rms2`, `photon` and the other frame's `spread`
 * variance. Background is f64. Any length.
 */
export function finish(
  from: usize,
  convolution: usize,
  background: usize,
  spread: usize,
  length: usize,
  level: f32,
  rms2: f32,
  photon: f32,
  factor: f32,
  difference: usize,
  noise: usize,
): void {
  const sky = f32x4.splat(level)
  const least = f32x4.splat(rms2)
  const slope = f32x4.splat(photon)
  const f = f32x4.splat(factor)
  const g = f32x4.splat(abs<f32>(factor))
  const zero = f32x4.splat(0)
  let x: usize = 0
  for (; x + 4 <= length; x += 4) {
    const at = x << 2
    const low = f32x4.demote_f64x2_zero(v128.load(background + (at << 1)))
    const high = f32x4.demote_f64x2_zero(v128.load(background + (at << 1), 16))
    const over = f32x4.sub(v128.load(from + at), sky)
    const made = f32x4.add(v128.load(convolution + at), v128.shuffle<u64>(low, high, 0, 2))
    v128.store(difference + at, f32x4.mul(f, f32x4.sub(over, made)))
    const own = f32x4.add(least, f32x4.mul(slope, f32x4.max(over, zero)))
    v128.store(noise + at, f32x4.mul(g, f32x4.sqrt(f32x4.add(own, v128.load(spread + at)))))
  }
  for (; x < length; x++) {
    const at = x << 2
    const over = load<f32>(from + at) - level
    const made = load<f32>(convolution + at) + <f32>load<f64>(background + (at << 1))
    store<f32>(difference + at, factor * (over - made))
    const own = rms2 + photon * max<f32>(over, 0)
    store<f32>(noise + at, abs<f32>(factor) * sqrt<f32>(own + load<f32>(spread + at)))
  }
}

/**
 * Cholesky's factor of the n × n matrix of f64 whose lower triangle is given, in its place; n is even, rows are `stride` numbers apart.
 * Returns 0 where a pivot is no more than `least` of its diagonal. Two rows by two columns at a time, so that each number is
 * loaded once for two products.
 */
export function factorise(matrix: usize, n: usize, stride: usize, least: f64): i32 {
  const by = stride << 3
  for (let i: usize = 0; i < n; i += 2) {
    const row = matrix + i * by
    for (let j: usize = 0; j <= i; j += 2) {
      const other = matrix + j * by
      let s00 = f64x2.splat(0)
      let s01 = f64x2.splat(0)
      let s10 = f64x2.splat(0)
      let s11 = f64x2.splat(0)
      for (let k: usize = 0, end = j << 3; k < end; k += 16) {
        const a = v128.load(row + k)
        const b = v128.load(row + by + k)
        const c = v128.load(other + k)
        const d = v128.load(other + by + k)
        s00 = f64x2.add(s00, f64x2.mul(a, c))
        s01 = f64x2.add(s01, f64x2.mul(a, d))
        s10 = f64x2.add(s10, f64x2.mul(b, c))
        s11 = f64x2.add(s11, f64x2.mul(b, d))
      }
      const at = row + (j << 3)
      const below = at + by
      const r00 = load<f64>(at) - lanes(s00)
      const r01 = load<f64>(at, 8) - lanes(s01)
      const r10 = load<f64>(below) - lanes(s10)
      const r11 = load<f64>(below, 8) - lanes(s11)
      if (j < i) {
        const pivot = load<f64>(other + (j << 3))
        const side = load<f64>(other + by + (j << 3))
        const next = load<f64>(other + by + (j << 3), 8)
        const x0 = r00 / pivot
        const x1 = r10 / pivot
        store<f64>(at, x0)
        store<f64>(at, (r01 - x0 * side) / next, 8)
        store<f64>(below, x1)
        store<f64>(below, (r11 - x1 * side) / next, 8)
        continue
      }
      if (!(r00 > least * load<f64>(at))) return 0
      const pivot = sqrt<f64>(r00)
      const side = r10 / pivot
      const left = r11 - side * side
      if (!(left > least * load<f64>(below, 8))) return 0
      store<f64>(at, pivot)
      store<f64>(below, side)
      store<f64>(below, sqrt<f64>(left), 8)
    }
  }
  return 1
}

function lanes(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** Diagonal of the inverse of L·Lᵀ, n numbers, by eight columns of 1/L at a time; `scratch` holds 8 n. */
export function inverseDiagonal(factor: usize, n: usize, stride: usize, out: usize, scratch: usize): void {
  const zero = f64x2.splat(0)
  for (let first: usize = 0; first < n; first += 8) {
    let q0 = zero
    let q1 = zero
    let q2 = zero
    let q3 = zero
    for (let i = first; i < n; i++) {
      const row = factor + ((i * stride) << 3)
      let a0 = zero
      let a1 = zero
      let a2 = zero
      let a3 = zero
      let x = scratch + (first << 6)
      for (let j = first; j < i; j++, x += 64) {
        const l = v128.load64_splat(row + (j << 3))
        a0 = f64x2.sub(a0, f64x2.mul(l, v128.load(x)))
        a1 = f64x2.sub(a1, f64x2.mul(l, v128.load(x, 16)))
        a2 = f64x2.sub(a2, f64x2.mul(l, v128.load(x, 32)))
        a3 = f64x2.sub(a3, f64x2.mul(l, v128.load(x, 48)))
      }
      v128.store(x, a0)
      v128.store(x, a1, 16)
      v128.store(x, a2, 32)
      v128.store(x, a3, 48)
      if (i < first + 8) store<f64>(x + ((i - first) << 3), 1)
      const pivot = v128.load64_splat(row + (i << 3))
      a0 = f64x2.div(v128.load(x), pivot)
      a1 = f64x2.div(v128.load(x, 16), pivot)
      a2 = f64x2.div(v128.load(x, 32), pivot)
      a3 = f64x2.div(v128.load(x, 48), pivot)
      v128.store(x, a0)
      v128.store(x, a1, 16)
      v128.store(x, a2, 32)
      v128.store(x, a3, 48)
      q0 = f64x2.add(q0, f64x2.mul(a0, a0))
      q1 = f64x2.add(q1, f64x2.mul(a1, a1))
      q2 = f64x2.add(q2, f64x2.mul(a2, a2))
      q3 = f64x2.add(q3, f64x2.mul(a3, a3))
    }
    v128.store(scratch, q0)
    v128.store(scratch, q1, 16)
    v128.store(scratch, q2, 32)
    v128.store(scratch, q3, 48)
    for (let c: usize = 0; c < 8 && first + c < n; c++) {
      store<f64>(out + ((first + c) << 3), load<f64>(scratch + (c << 3)))
    }
  }
}

/** out += Σ factors[i] · pictures[i] for `count` pictures of `length` numbers (a multiple of 8) one after the other, all f64. */
export function gather(pictures: usize, length: usize, count: usize, factors: usize, out: usize): void {
  const by = length << 3
  for (let x: usize = 0; x < by; x += 64) {
    let a0 = v128.load(out + x)
    let a1 = v128.load(out + x, 16)
    let a2 = v128.load(out + x, 32)
    let a3 = v128.load(out + x, 48)
    let from = pictures + x
    for (let i: usize = 0; i < count; i++, from += by) {
      const f = v128.load64_splat(factors + (i << 3))
      a0 = f64x2.add(a0, f64x2.mul(f, v128.load(from)))
      a1 = f64x2.add(a1, f64x2.mul(f, v128.load(from, 16)))
      a2 = f64x2.add(a2, f64x2.mul(f, v128.load(from, 32)))
      a3 = f64x2.add(a3, f64x2.mul(f, v128.load(from, 48)))
    }
    v128.store(out + x, a0)
    v128.store(out + x, a1, 16)
    v128.store(out + x, a2, 32)
    v128.store(out + x, a3, 48)
  }
}
