/**
 * The inverse of the H-transform, as integers: a pyramid of means and differences along x, y and both.
 * White, Postman & Lattanzi 1992; Press 1992. Rows are the slow axis, called x there.
 */

/** Puts the first half of `n` elements, `step` apart from `from` on, to even places and the second half to odd ones. */
function interleave(
  a: Int32Array | Float64Array,
  from: number,
  n: number,
  step: number,
  spare: Int32Array | Float64Array,
): void {
  const half = (n + 1) >> 1
  for (let i = half; i < n; i++) spare[i - half] = a[from + i * step]
  for (let i = half - 1; i > 0; i--) a[from + 2 * i * step] = a[from + i * step]
  for (let i = 1; i < n; i += 2) a[from + i * step] = spare[i >> 1]
}

/** Interleaves the rows of the first `rows` × `columns` elements and then their columns, a row at a time. */
function unfold(
  a: Int32Array | Float64Array,
  rows: number,
  columns: number,
  stride: number,
  spare: Int32Array | Float64Array,
): void {
  for (let i = 0; i < rows; i++) interleave(a, i * stride, columns, 1, spare)
  const half = (rows + 1) >> 1
  for (let i = half; i < rows; i++)
    spare.set(a.subarray(i * stride, i * stride + columns), (i - half) * columns)
  for (let i = half - 1; i > 0; i--) a.copyWithin(2 * i * stride, i * stride, i * stride + columns)
  for (let i = 1; i < rows; i += 2)
    a.set(spare.subarray((i >> 1) * columns, (i >> 1) * columns + columns), i * stride)
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(Math.min(value, most), least)
}

/** A difference is moved towards what the neighbouring means ask for, by half the quantisation's step at most. */
function nudged(
  value: number,
  asked: number,
  least: number,
  most: number,
  unit: number,
  step: number,
): number {
  if (!(least < most)) return value
  return value + clamp(Math.trunc((clamp(asked, least, most) - value * unit) / unit), -step, step)
}

/** Smooths the differences of a level whose coefficients are interleaved. */
function smoothen(
  a: Int32Array | Float64Array,
  rows: number,
  columns: number,
  stride: number,
  scale: number,
): void {
  const step = scale >> 1
  if (step <= 0) return
  const slope = (at: number, before: number, after: number, difference: number): void => {
    const [low, mean, high] = [a[before], a[at], a[after]]
    const most = 4 * Math.max(Math.min(high - mean, mean - low), 0)
    const least = 4 * Math.min(Math.max(high - mean, mean - low), 0)
    a[difference] = nudged(a[difference], high - low, least, most, 8, step)
  }
  for (let i = 2; i < rows - 2; i += 2)
    for (let j = 0, at = i * stride; j < columns; j += 2, at += 2)
      slope(at, at - 2 * stride, at + 2 * stride, at + stride)
  for (let i = 0; i < rows; i += 2)
    for (let j = 2, at = i * stride + 2; j < columns - 2; j += 2, at += 2) slope(at, at - 2, at + 2, at + 1)
  for (let i = 2; i < rows - 2; i += 2) {
    for (let j = 2, at = i * stride + 2; j < columns - 2; j += 2, at += 2) {
      const mm = a[at - 2 * stride - 2]
      const pm = a[at + 2 * stride - 2]
      const mp = a[at - 2 * stride + 2]
      const pp = a[at + 2 * stride + 2]
      const mean = a[at]
      const dx = 2 * a[at + stride]
      const dy = 2 * a[at + 1]
      const most = Math.min(
        Math.max(pp - mean, 0) - dx - dy,
        Math.max(mean - pm, 0) + dx - dy,
        Math.max(mean - mp, 0) - dx + dy,
        Math.max(mm - mean, 0) + dx + dy,
      )
      const least = Math.max(
        Math.min(pp - mean, 0) - dx - dy,
        Math.min(mean - pm, 0) + dx - dy,
        Math.min(mean - mp, 0) - dx + dy,
        Math.min(mm - mean, 0) + dx + dy,
      )
      const corner = at + stride + 1
      a[corner] = nudged(a[corner], pp + mm - mp - pm, 16 * least, 16 * most, 64, step)
    }
  }
}

function levelsOf(rows: number, columns: number): number {
  return Math.ceil(Math.log2(Math.max(rows, columns)))
}

/** Room for half the elements of a level, by rows. */
function spareLength(rows: number, columns: number): number {
  return Math.max((rows >> 1) * columns, (columns >> 1) + 1)
}

/** Inverts in place, where sums of four coefficients fit 32 bits. `scale` > 1 smooths. */
export function inverseH(a: Int32Array, rows: number, columns: number, scale: number): void {
  const levels = levelsOf(rows, columns)
  if (levels === 0) return void (a[0] = roundTo(a[0], 2) >> 2)
  const spare = new Int32Array(spareLength(rows, columns))
  // `bit` is the place of the lowest bit of hc that counts at a level; hx and hy have one more, h0 two.
  let bit = 2 ** (levels - 1)
  a[0] = roundTo(a[0], 4 * bit)
  for (let level = levels - 1; level >= 0; level--) {
    const height = Math.ceil(rows / 2 ** level)
    const width = Math.ceil(columns / 2 ** level)
    const shift = level === 0 ? 2 : 1
    unfold(a, height, width, columns, spare)
    if (scale > 1) smoothen(a, height, width, columns, scale)
    const twice = 2 * bit
    const [up, upBelow] = [bit, bit - 1]
    const mask = -twice
    const half = bit >> 1
    const halfBelow = level === 0 ? 0 : half - 1
    for (let i = 0; i < height; i += 2) {
      const under = i + 1 < height
      let at = i * columns
      let j = 0
      for (; under && j + 1 < width; j += 2, at += 2) {
        let h0 = a[at]
        let hx = a[at + columns]
        let hy = a[at + 1]
        let hc = a[at + columns + 1]
        hx = (hx + (hx >= 0 ? up : upBelow)) & mask
        hy = (hy + (hy >= 0 ? up : upBelow)) & mask
        hc = (hc + (hc >= 0 ? half : halfBelow)) & -bit
        const low = hc & bit
        hx = hx >= 0 ? hx - low : hx + low
        hy = hy >= 0 ? hy - low : hy + low
        const next = (hc ^ hx ^ hy) & twice
        h0 += h0 >= 0 ? low - next : low === 0 ? next : low - next
        a[at + columns + 1] = (h0 + hx + hy + hc) >> shift
        a[at + columns] = (h0 + hx - hy - hc) >> shift
        a[at + 1] = (h0 - hx + hy - hc) >> shift
        a[at] = (h0 - hx - hy + hc) >> shift
      }
      // What the edge cuts: pairs along one axis, and the corner.
      for (; j < width; j += 2, at += 2) {
        const pair = under ? at + columns : j + 1 < width ? at + 1 : -1
        let h0 = a[at]
        if (pair < 0) {
          a[at] = h0 >> shift
          continue
        }
        let h = a[pair]
        h = (h + (h >= 0 ? up : upBelow)) & mask
        const next = h & twice
        h0 += h0 >= 0 ? -next : next
        a[pair] = (h0 + h) >> shift
        a[at] = (h0 - h) >> shift
      }
    }
    bit /= 2
  }
}

/** Nearest multiple of `unit`, halves away from zero upwards as the transform was rounded. */
function roundTo(value: number, unit: number): number {
  return Math.floor((value + (value >= 0 ? unit / 2 : unit / 2 - 1)) / unit) * unit
}

/** True where the bit of place `unit` is set in the two's complement of a whole number. */
function hasBit(value: number, unit: number): boolean {
  return Math.abs(Math.floor(value / unit)) % 2 === 1
}

/** `inverseH` for coefficients beyond 32 bits, in doubles that hold whole numbers. */
export function inverseWideH(a: Float64Array, rows: number, columns: number, scale: number): void {
  const levels = levelsOf(rows, columns)
  if (levels === 0) return void (a[0] = Math.floor(roundTo(a[0], 2) / 4))
  const spare = new Float64Array(spareLength(rows, columns))
  let bit = 2 ** (levels - 1)
  a[0] = roundTo(a[0], 4 * bit)
  for (let level = levels - 1; level >= 0; level--) {
    const height = Math.ceil(rows / 2 ** level)
    const width = Math.ceil(columns / 2 ** level)
    const share = level === 0 ? 0.25 : 0.5
    unfold(a, height, width, columns, spare)
    if (scale > 1) smoothen(a, height, width, columns, scale)
    for (let i = 0; i < height; i += 2) {
      const under = i + 1 < height
      for (let j = 0, at = i * columns; j < width; j += 2, at += 2) {
        const right = j + 1 < width
        let h0 = a[at]
        if (!under || !right) {
          const pair = under ? at + columns : right ? at + 1 : -1
          const h = pair < 0 ? 0 : roundTo(a[pair], 2 * bit)
          const next = pair >= 0 && hasBit(h, 2 * bit) ? 2 * bit : 0
          h0 += h0 >= 0 ? -next : next
          if (pair >= 0) a[pair] = Math.floor((h0 + h) * share)
          a[at] = Math.floor((h0 - h) * share)
          continue
        }
        let hx = roundTo(a[at + columns], 2 * bit)
        let hy = roundTo(a[at + 1], 2 * bit)
        const hc = level === 0 ? a[at + columns + 1] : roundTo(a[at + columns + 1], bit)
        const low = hasBit(hc, bit) ? bit : 0
        hx += hx >= 0 ? -low : low
        hy += hy >= 0 ? -low : low
        const odd = [hc, hx, hy].filter((each) => hasBit(each, 2 * bit)).length % 2
        const next = odd * 2 * bit
        h0 += h0 >= 0 ? low - next : low === 0 ? next : low - next
        a[at + columns + 1] = Math.floor((h0 + hx + hy + hc) * share)
        a[at + columns] = Math.floor((h0 + hx - hy - hc) * share)
        a[at + 1] = Math.floor((h0 - hx + hy - hc) * share)
        a[at] = Math.floor((h0 - hx - hy + hc) * share)
      }
    }
    bit /= 2
  }
}
