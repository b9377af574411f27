// Sampling of an image at many places with a separable kernel of 6 × 6 pixels. The reference is `samplePlain` of
// src/science/image/resample/kernel.ts. Addresses are bytes; planes and tables f32, positions f64.

const PHASES: f64 = 4096

/** Sum of the four lanes. */
function lanes(a: v128): f32 {
  const pairs = f32x4.add(a, v128.shuffle<u32>(a, a, 2, 3, 0, 1))
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1)
}

/** See `Sampler`; `variance` and `outVariance` are 0 where there is none. */
export function sample(
  data: usize,
  variance: usize,
  width: i32,
  height: i32,
  table: usize,
  x: usize,
  y: usize,
  area: usize,
  n: i32,
  out: usize,
  outVariance: usize,
  doubts: usize,
): i32 {
  const line = (<usize>width) << 2
  const lastX: f64 = <f64>(width - 6)
  const lastY: f64 = <f64>(height - 6)
  let count: i32 = 0
  for (let i: i32 = 0; i < n; i++) {
    const px = floor<f64>(load<f64>(x + ((<usize>i) << 3)) * PHASES + 0.5)
    const py = floor<f64>(load<f64>(y + ((<usize>i) << 3)) * PHASES + 0.5)
    const fx = floor<f64>(px / PHASES) - 2.0
    const fy = floor<f64>(py / PHASES) - 2.0
    if (!(fx >= 0 && fy >= 0 && fx <= lastX && fy <= lastY)) {
      store<i32>(doubts + ((<usize>count) << 2), i)
      count++
      continue
    }
    const tx = table + ((<usize>((<i32>px) & 4095)) << 5)
    const ty = table + ((<usize>((<i32>py) & 4095)) << 5)
    const w0 = v128.load(tx)
    const w1 = v128.load64_zero(tx, 16)
    const offset = <usize>(<i32>fy) * line + ((<usize>(<i32>fx)) << 2)
    let at = data + offset
    let a = f32x4.splat(0)
    let b = f32x4.splat(0)
    for (let j: usize = 0; j < 24; j += 4) {
      const v = v128.load_splat<f32>(ty + j)
      a = f32x4.add(a, f32x4.mul(v, v128.load(at)))
      b = f32x4.add(b, f32x4.mul(v, v128.load64_zero(at, 16)))
      at += line
    }
    const scale = load<f32>(area + ((<usize>i) << 2))
    const value = lanes(f32x4.add(f32x4.mul(a, w0), f32x4.mul(b, w1))) * scale
    store<f32>(out + ((<usize>i) << 2), value)
    let doubtful = value - value != 0
    if (variance != 0) {
      at = variance + offset
      a = f32x4.splat(0)
      b = f32x4.splat(0)
      for (let j: usize = 0; j < 24; j += 4) {
        const w = v128.load_splat<f32>(ty + j)
        const v = f32x4.mul(w, w)
        a = f32x4.add(a, f32x4.mul(v, v128.load(at)))
        b = f32x4.add(b, f32x4.mul(v, v128.load64_zero(at, 16)))
        at += line
      }
      const noise =
        lanes(f32x4.add(f32x4.mul(a, f32x4.mul(w0, w0)), f32x4.mul(b, f32x4.mul(w1, w1)))) * scale * scale
      store<f32>(outVariance + ((<usize>i) << 2), noise)
      doubtful = doubtful || noise - noise != 0
    }
    if (doubtful) {
      store<i32>(doubts + ((<usize>count) << 2), i)
      count++
    }
  }
  return count
}
