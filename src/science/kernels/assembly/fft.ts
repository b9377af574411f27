// Fourier transforms of many lines at once (Stockham's algorithm), in single and double precision. The reference is
// src/science/image/subtract/fourier.ts. 64 bytes of lines go side by side: 16 in single, 8 in double precision.

const LINE: usize = 64

/**
 * Transforms lines of `n` numbers in place, real and imaginary parts apart: `count` lines whose beginnings lie `next` elements apart, their numbers
 * `step` apart. `table`: n cosines, then n of −sine, in the precision of the data; `factors`: i32, 2 to 5; `scratch`: 4 · 64 · n bytes.
 */
export function lines32(
  re: usize,
  im: usize,
  n: i32,
  step: i32,
  count: i32,
  next: i32,
  table: usize,
  factors: usize,
  passes: i32,
  scratch: usize,
): void {
  lines<f32>(re, im, n, step, count, next, table, factors, passes, scratch)
}

/** The same in double precision. */
export function lines64(
  re: usize,
  im: usize,
  n: i32,
  step: i32,
  count: i32,
  next: i32,
  table: usize,
  factors: usize,
  passes: i32,
  scratch: usize,
): void {
  lines<f64>(re, im, n, step, count, next, table, factors, passes, scratch)
}

function lines<T>(
  re: usize,
  im: usize,
  n: i32,
  step: i32,
  count: i32,
  next: i32,
  table: usize,
  factors: usize,
  passes: i32,
  scratch: usize,
): void {
  const lanes = <i32>(LINE / sizeof<T>())
  const size = LINE * <usize>n
  for (let from: i32 = 0; from < count; from += lanes) {
    const width = min(lanes, count - from)
    let x = scratch
    let y = scratch + 2 * size
    gather<T>(re, x, n, step, next, from, width)
    gather<T>(im, x + size, n, step, next, from, width)
    let left = n
    let stride: i32 = 1
    for (let i: i32 = 0; i < passes; i++) {
      const radix = load<i32>(factors + ((<usize>i) << 2))
      if (radix == 4) four<T>(x, y, n, left, stride, table)
      else if (radix == 2) two<T>(x, y, n, left, stride, table)
      else any<T>(x, y, n, left, stride, radix, table)
      left /= radix
      stride *= radix
      const other = x
      x = y
      y = other
    }
    scatter<T>(re, x, n, step, next, from, width)
    scatter<T>(im, x + size, n, step, next, from, width)
  }
}

function gather<T>(data: usize, x: usize, n: i32, step: i32, next: i32, from: i32, width: i32): void {
  const lanes = <i32>(LINE / sizeof<T>())
  if (next == 1 && width == lanes) {
    for (let i: i32 = 0; i < n; i++) {
      const at = data + <usize>(i * step + from) * sizeof<T>()
      const to = x + <usize>i * LINE
      v128.store(to, v128.load(at))
      v128.store(to, v128.load(at, 16), 16)
      v128.store(to, v128.load(at, 32), 32)
      v128.store(to, v128.load(at, 48), 48)
    }
    return
  }
  for (let l: i32 = 0; l < width; l++) {
    for (let i: i32 = 0; i < n; i++) {
      const at = data + <usize>((from + l) * next + i * step) * sizeof<T>()
      store<T>(x + <usize>i * LINE + <usize>l * sizeof<T>(), load<T>(at))
    }
  }
}

function scatter<T>(data: usize, x: usize, n: i32, step: i32, next: i32, from: i32, width: i32): void {
  const lanes = <i32>(LINE / sizeof<T>())
  if (next == 1 && width == lanes) {
    for (let i: i32 = 0; i < n; i++) {
      const to = data + <usize>(i * step + from) * sizeof<T>()
      const at = x + <usize>i * LINE
      v128.store(to, v128.load(at))
      v128.store(to, v128.load(at, 16), 16)
      v128.store(to, v128.load(at, 32), 32)
      v128.store(to, v128.load(at, 48), 48)
    }
    return
  }
  for (let l: i32 = 0; l < width; l++) {
    for (let i: i32 = 0; i < n; i++) {
      const to = data + <usize>((from + l) * next + i * step) * sizeof<T>()
      store<T>(to, load<T>(x + <usize>i * LINE + <usize>l * sizeof<T>()))
    }
  }
}

function two<T>(x: usize, y: usize, n: i32, left: i32, stride: i32, table: usize): void {
  const im = LINE * <usize>n
  const m = left >> 1
  const far = LINE * <usize>(stride * m)
  const near = LINE * <usize>stride
  for (let p: i32 = 0; p < m; p++) {
    const c = splat<T>(table, p * stride)
    const s = splat<T>(table, n + p * stride)
    let at = x + near * <usize>p
    let to = y + near * <usize>(2 * p)
    for (const end = at + near; at < end; at += 16, to += 16) {
      const ar = v128.load(at)
      const ai = v128.load(at + im)
      const br = v128.load(at + far)
      const bi = v128.load(at + far + im)
      v128.store(to, v128.add<T>(ar, br))
      v128.store(to + im, v128.add<T>(ai, bi))
      turn<T>(v128.sub<T>(ar, br), v128.sub<T>(ai, bi), c, s, to + near, im)
    }
  }
}

function four<T>(x: usize, y: usize, n: i32, left: i32, stride: i32, table: usize): void {
  const im = LINE * <usize>n
  const m = left >> 2
  const far = LINE * <usize>(stride * m)
  const near = LINE * <usize>stride
  for (let p: i32 = 0; p < m; p++) {
    const w = p * stride
    const c1 = splat<T>(table, w)
    const s1 = splat<T>(table, n + w)
    const c2 = splat<T>(table, 2 * w)
    const s2 = splat<T>(table, n + 2 * w)
    const c3 = splat<T>(table, 3 * w)
    const s3 = splat<T>(table, n + 3 * w)
    let at = x + near * <usize>p
    let to = y + near * <usize>(4 * p)
    for (const end = at + near; at < end; at += 16, to += 16) {
      const r0 = v128.load(at)
      const i0 = v128.load(at + im)
      const r1 = v128.load(at + far)
      const i1 = v128.load(at + far + im)
      const r2 = v128.load(at + 2 * far)
      const i2 = v128.load(at + 2 * far + im)
      const r3 = v128.load(at + 3 * far)
      const i3 = v128.load(at + 3 * far + im)
      const ar = v128.add<T>(r0, r2)
      const ai = v128.add<T>(i0, i2)
      const br = v128.sub<T>(r0, r2)
      const bi = v128.sub<T>(i0, i2)
      const cr = v128.add<T>(r1, r3)
      const ci = v128.add<T>(i1, i3)
      const dr = v128.sub<T>(r1, r3)
      const di = v128.sub<T>(i1, i3)
      v128.store(to, v128.add<T>(ar, cr))
      v128.store(to + im, v128.add<T>(ai, ci))
      turn<T>(v128.add<T>(br, di), v128.sub<T>(bi, dr), c1, s1, to + near, im)
      turn<T>(v128.sub<T>(ar, cr), v128.sub<T>(ai, ci), c2, s2, to + 2 * near, im)
      turn<T>(v128.sub<T>(br, di), v128.add<T>(bi, dr), c3, s3, to + 3 * near, im)
    }
  }
}

/** Radix 3 and 5, by their sums. */
function any<T>(x: usize, y: usize, n: i32, left: i32, stride: i32, radix: i32, table: usize): void {
  const im = LINE * <usize>n
  const m = left / radix
  const far = LINE * <usize>(stride * m)
  const near = LINE * <usize>stride
  const part = n / radix
  for (let p: i32 = 0; p < m; p++) {
    for (let k: i32 = 0; k < radix; k++) {
      const c = splat<T>(table, p * k * stride)
      const s = splat<T>(table, n + p * k * stride)
      let at = x + near * <usize>p
      let to = y + near * <usize>(radix * p + k)
      for (const end = at + near; at < end; at += 16, to += 16) {
        let sr = v128.load(at)
        let si = v128.load(at + im)
        for (let l: i32 = 1; l < radix; l++) {
          const w = ((k * l) % radix) * part
          const a = splat<T>(table, w)
          const b = splat<T>(table, n + w)
          const r = v128.load(at + <usize>l * far)
          const i = v128.load(at + <usize>l * far + im)
          sr = v128.add<T>(sr, v128.sub<T>(v128.mul<T>(r, a), v128.mul<T>(i, b)))
          si = v128.add<T>(si, v128.add<T>(v128.mul<T>(r, b), v128.mul<T>(i, a)))
        }
        turn<T>(sr, si, c, s, to, im)
      }
    }
  }
}

function splat<T>(table: usize, at: i32): v128 {
  return v128.load_splat<T>(table + <usize>at * sizeof<T>())
}

/** Stores r + i·s times c + i·s. */
function turn<T>(r: v128, i: v128, c: v128, s: v128, to: usize, im: usize): void {
  v128.store(to, v128.sub<T>(v128.mul<T>(r, c), v128.mul<T>(i, s)))
  v128.store(to + im, v128.add<T>(v128.mul<T>(r, s), v128.mul<T>(i, c)))
}
