// Rows of a filtered frame and the runs that stand out in it. The reference is src/science/image/detection/threshold-rows.ts.

/** A row with zeros for bad pixels, between zeros (`stride` numbers in all). Returns how many were bad. */
export function cleanRow(from: usize, mask: usize, width: i32, pad: i32, to: usize, stride: i32): i32 {
  for (let x = 0; x < pad; x++) store<f32>(to + ((<usize>x) << 2), 0)
  for (let x = pad + width; x < stride; x++) store<f32>(to + ((<usize>x) << 2), 0)
  const out = to + ((<usize>pad) << 2)
  const zero = f32x4.splat(0)
  let bad = i32x4.splat(0)
  let count = 0
  let x = 0
  for (; x + 4 <= width; x += 4) {
    const place = (<usize>x) << 2
    const value = v128.load(from + place)
    let is = f32x4.eq(f32x4.sub(value, value), zero)
    if (mask) {
      const bytes = v128.load_zero<u32>(mask + <usize>x)
      const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))
      is = v128.and(is, i32x4.eq(words, i32x4.splat(0)))
    }
    bad = i32x4.add(bad, i32x4.add(is, i32x4.splat(1)))
    v128.store(out + place, v128.and(value, is))
  }
  for (; x < width; x++) {
    const place = (<usize>x) << 2
    const value = load<f32>(from + place)
    const is = value - value === 0 && !(mask && load<u8>(mask + <usize>x))
    if (!is) count++
    store<f32>(out + place, is ? value : 0)
  }
  return (
    count +
    i32x4.extract_lane(bad, 0) +
    i32x4.extract_lane(bad, 1) +
    i32x4.extract_lane(bad, 2) +
    i32x4.extract_lane(bad, 3)
  )
}

/** A row filtered by `rows` × `columns` taps, from a ring of `rows` padded rows that begins at row `first`. */
export function filterRow(
  ring: usize,
  stride: i32,
  first: i32,
  taps: usize,
  rows: i32,
  columns: i32,
  width: i32,
  out: usize,
): void {
  if (rows === 3 && columns === 3) {
    filterThree(ring, stride, first, taps, width, out)
    return
  }
  // Rows have room for whole vectors behind their end.
  for (let x = 0; x < width; x += 4) {
    let sum = f32x4.splat(0)
    for (let j = 0; j < rows; j++) {
      const row = (first + j) % rows
      let at = ring + ((<usize>row * <usize>stride + <usize>x) << 2)
      let tap = taps + ((<usize>(j * columns)) << 2)
      for (let i = 0; i < columns; i++) {
        sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(tap), v128.load(at)))
        at += 4
        tap += 4
      }
    }
    v128.store(out + ((<usize>x) << 2), sum)
  }
}

function filterThree(ring: usize, stride: i32, first: i32, taps: usize, width: i32, out: usize): void {
  const bytes = (<usize>stride) << 2
  let a = ring + <usize>(first % 3) * bytes
  let b = ring + <usize>((first + 1) % 3) * bytes
  let c = ring + <usize>((first + 2) % 3) * bytes
  const t0 = v128.load_splat<f32>(taps, 0)
  const t1 = v128.load_splat<f32>(taps, 4)
  const t2 = v128.load_splat<f32>(taps, 8)
  const t3 = v128.load_splat<f32>(taps, 12)
  const t4 = v128.load_splat<f32>(taps, 16)
  const t5 = v128.load_splat<f32>(taps, 20)
  const t6 = v128.load_splat<f32>(taps, 24)
  const t7 = v128.load_splat<f32>(taps, 28)
  const t8 = v128.load_splat<f32>(taps, 32)
  for (let x = 0; x < width; x += 4) {
    let p = f32x4.mul(t0, v128.load(a))
    let q = f32x4.mul(t3, v128.load(b))
    let r = f32x4.mul(t6, v128.load(c))
    p = f32x4.add(p, f32x4.mul(t1, v128.load(a, 4)))
    q = f32x4.add(q, f32x4.mul(t4, v128.load(b, 4)))
    r = f32x4.add(r, f32x4.mul(t7, v128.load(c, 4)))
    p = f32x4.add(p, f32x4.mul(t2, v128.load(a, 8)))
    q = f32x4.add(q, f32x4.mul(t5, v128.load(b, 8)))
    r = f32x4.add(r, f32x4.mul(t8, v128.load(c, 8)))
    v128.store(out, f32x4.add(f32x4.add(p, q), r))
    a += 16
    b += 16
    c += 16
    out += 16
  }
}

/** Runs of a row above `threshold`; returns how many. `valueAt` is where `values` goes on, in numbers. */
export function runs(
  row: usize,
  width: i32,
  y: i32,
  threshold: f32,
  out: usize,
  values: usize,
  valueAt: i32,
): i32 {
  const level = f32x4.splat(threshold)
  let run = out
  let open = false
  let x = 0
  while (x < width) {
    if (!open) {
      // Nothing stands out almost everywhere.
      while (x + 16 <= width) {
        const at = row + ((<usize>x) << 2)
        const any = v128.or(
          v128.or(f32x4.gt(v128.load(at), level), f32x4.gt(v128.load(at, 16), level)),
          v128.or(f32x4.gt(v128.load(at, 32), level), f32x4.gt(v128.load(at, 48), level)),
        )
        if (v128.any_true(any)) break
        x += 16
      }
      if (x >= width) break
    }
    const end = x + 16 < width ? x + 16 : width
    for (; x < end; x++) {
      const value = load<f32>(row + ((<usize>x) << 2))
      if (value > threshold) {
        if (!open) {
          store<i32>(run, y)
          store<i32>(run, x, 4)
          store<i32>(run, valueAt, 12)
          open = true
        }
        store<f32>(values + ((<usize>valueAt) << 2), value)
        valueAt++
      } else if (open) {
        store<i32>(run, x, 8)
        run += 16
        open = false
      }
    }
  }
  if (open) {
    store<i32>(run, width, 8)
    run += 16
  }
  return <i32>((run - out) >> 4)
}
