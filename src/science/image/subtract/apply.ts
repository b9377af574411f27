/** The difference, its noise and its mask, in strips: the kernel is taken as constant over small blocks. */
import { maskBits } from '#science/image/plane.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import { coreHalfWidth, kernelAt, planesOf, type KernelModel } from './model.ts'
import { isGood, varianceOf, type Frame } from './noise.ts'
import type { Loops } from './loops.ts'
import { legendreRows, polynomialRow, polynomialsAt } from './polynomial.ts'

/** Block over which the kernel is taken at its centre. */
const WIDE = 32
const TALL = 16
/** Rows of a strip. */
const STRIP = 64

/** Least share of Σ |K| that has to fall on good pixels. */
const LEAST_SHARE = 0.99

export interface ApplyInput {
  reference: Frame
  convolved: Frame
  model: KernelModel
  /** The result is (reference − convolved) / divide, or its negative: science − template on the science frame's scale. */
  reversed: boolean
  from: number
  to: number
  difference: Float32Array
  noise: Float32Array
  mask: Uint8Array
  /** By how much the convolved frame's variance counts more than on single pixels, for its noise is correlated. */
  correlation: number
  matched: Float32Array | null
}

/** Fills rows `from` … `to` of the results. Returns how many pixels have no mask bit. */
export const differenceStrip: Part<ApplyInput, number> = {
  module: import.meta.url,
  name: 'differenceStrip',
  run: (input, workshop) => workshop.arena.during(() => strip(input, workshop)),
}

/** Inputs of the parts that together make the whole. */
export function stripsOf(input: Omit<ApplyInput, 'from' | 'to'>): ApplyInput[] {
  const { height } = input.reference.plane
  return Array.from({ length: Math.ceil(height / STRIP) }, (_, i) => ({
    ...input,
    from: i * STRIP,
    to: Math.min(height, (i + 1) * STRIP),
  }))
}

function strip(input: ApplyInput, workshop: Workshop): number {
  const { reference, convolved, model, from, to } = input
  const { width } = reference.plane
  const { arena } = workshop
  const loops = convolutionLoops(workshop)
  const r = model.halfWidth
  const size = 2 * r + 1
  const columns = Math.ceil(width / WIDE)
  const stride = columns * WIDE
  const rows = Math.ceil((to - from) / TALL) * TALL
  const wide = stride + 2 * r
  const tall = rows + 2 * r
  const source = arena.float32(wide * tall)
  const variance = arena.float32(wide * tall)
  const bad = arena.float32(wide * tall)
  const middle = kernelAt(model, (model.width - 1) / 2, (model.height - 1) / 2)
  const clipped = weightOfSaturated(input, middle)
  const spoilt = load(convolved, clipped, r, from, wide, tall, columns, { source, variance, bad }, loops)

  const matched = arena.float32(stride * rows)
  const spread = arena.float32(stride * rows)
  const share = arena.float32(stride * rows)
  share.fill(0)
  const touched = new Uint8Array(rows * columns)
  const area = size * size
  const padded = Math.ceil(area / 16) * 16
  const pictures = turnedPictures(model, padded, workshop)
  const factors = arena.float32(planesOf(model))
  const padding = arena.float32(padded)
  const taps = padding.subarray(0, area)
  const squares = arena.float32(area)
  const core = coreHalfWidth(middle, r, 1e-4)
  const coreSize = 2 * core + 1
  const off = (r - core) * wide + r - core
  for (let y = 0; y < rows; y += TALL) {
    for (let c = 0; c < columns; c++) {
      const x = c * WIDE
      const centre = [x + (WIDE - 1) / 2, from + y + (TALL - 1) / 2] as const
      factors.set(polynomialsAt(model.order, ...centre, model.width, model.height))
      loops.combine(pictures, padded, factors, padding)
      const at = y * wide + x
      const put = y * stride + x
      loops.convolve(source.subarray(at), wide, matched.subarray(put), stride, WIDE, TALL, taps, size)
      for (let v = 0; v < coreSize; v++) {
        for (let u = 0; u < coreSize; u++) {
          squares[v * coreSize + u] = input.correlation * taps[(v + r - core) * size + u + r - core] ** 2
        }
      }
      loops.convolve(
        variance.subarray(at + off),
        wide,
        spread.subarray(put),
        stride,
        WIDE,
        TALL,
        squares.subarray(0, coreSize * coreSize),
        coreSize,
      )
      if (!anySpoilt(spoilt, columns, c, y, r)) continue
      for (let v = 0; v < TALL; v++) touched[(y + v) * columns + c] = 1
      let total = 0
      for (let i = 0; i < taps.length; i++) total += squares[i] = Math.abs(taps[i])
      for (let i = 0; i < taps.length; i++) squares[i] /= total
      loops.convolve(bad.subarray(at), wide, share.subarray(put), stride, WIDE, TALL, squares, size)
    }
  }
  return write(input, stride, { convolution: matched, spread, share, touched, source, variance }, workshop)
}

/** The kernel's pictures one after the other, turned round. */
function turnedPictures(model: KernelModel, padded: number, { arena }: Workshop): Float32Array {
  const area = (2 * model.halfWidth + 1) ** 2
  const out = arena.float32(planesOf(model) * padded).fill(0)
  for (let p = 0; p < planesOf(model); p++) {
    for (let i = 0; i < area; i++) out[p * padded + area - 1 - i] = model.planes[p * area + i]
  }
  return out
}

/**
 * What a saturated pixel counts as among bad ones, which count as 1: it lacks an unknown amount, maybe as much as it shows, and that must
 * not reach a pixel that is used with more than the noise.
 */
function weightOfSaturated({ reference, convolved, model }: ApplyInput, kernel: Float64Array): number {
  if (!(convolved.saturation < Infinity)) return 1
  const sum = kernel.reduce((total, k) => total + Math.abs(k), 0)
  const lacking = (convolved.saturation - model.convolvedSky) * sum
  return Math.max(1, ((1 - LEAST_SHARE) * lacking) / reference.rms)
}

/** Copies rows around the strip: value less the sky, variance, and how bad. Tells which pieces of rows have a bad pixel. */
function load(
  frame: Frame,
  clipped: number,
  r: number,
  from: number,
  wide: number,
  tall: number,
  columns: number,
  out: { source: Float32Array; variance: Float32Array; bad: Float32Array },
  loops: Loops,
): Uint8Array {
  const { width, height, data } = frame.plane
  const spoilt = new Uint8Array(tall * columns)
  const { source, variance, bad } = out
  const spoil = (v: number, x: number) => {
    spoilt[v * columns + Math.min(columns - 1, Math.max(0, Math.floor(x / WIDE)))] = 1
  }
  bad.fill(0)
  for (let v = 0; v < tall; v++) {
    const y = from - r + v
    const inside = y >= 0 && y < height
    const row = Math.min(height - 1, Math.max(0, y)) * width
    const at = v * wide
    const odd = loops.prepare(
      data.subarray(row, row + width),
      frame.mask ? frame.mask.data.subarray(row, row + width) : null,
      frame,
      source.subarray(at + r, at + r + width),
      variance.subarray(at + r, at + r + width),
    )
    if (odd || frame.sigma) mend(frame, clipped, row, at + r, out, (x) => spoil(v, x))
    // Beyond its edge the frame goes on as it ends, and counts as bad.
    source.fill(source[at + r], at, at + r)
    variance.fill(variance[at + r], at, at + r)
    source.fill(source[at + r + width - 1], at + r + width, at + wide)
    variance.fill(variance[at + r + width - 1], at + r + width, at + wide)
    bad.fill(1, at, at + r)
    bad.fill(1, at + r + width, at + wide)
    if (!inside) bad.fill(1, at, at + wide)
    for (let c = 0; c < columns; c++) if (!inside || c === 0) spoil(v, c * WIDE)
    spoil(v, width - 1)
  }
  return spoilt
}

/** A row with pixels that are bad, or with a noise of its own for each. */
function mend(
  frame: Frame,
  clipped: number,
  row: number,
  at: number,
  { source, variance, bad }: { source: Float32Array; variance: Float32Array; bad: Float32Array },
  spoil: (x: number) => void,
): void {
  const usual = frame.rms ** 2
  for (let x = 0; x < frame.plane.width; x++) {
    const i = row + x
    const value = frame.plane.data[i]
    const good = isGood(frame, i)
    variance[at + x] = good || value > -Infinity ? varianceOf(frame, i) : usual
    if (good) continue
    // A cosmic ray must not reach further than its mask; a saturated star stays a star.
    const saturated = value >= frame.saturation && value < Infinity
    source[at + x] = saturated ? value - frame.level : 0
    if (!(variance[at + x] < Infinity)) variance[at + x] = usual
    bad[at + x] = saturated ? clipped : 1
    spoil(x)
  }
}

function anySpoilt(spoilt: Uint8Array, columns: number, column: number, y: number, r: number): boolean {
  const reach = Math.ceil(r / WIDE)
  const left = Math.max(0, column - reach)
  const right = Math.min(columns - 1, column + reach)
  for (let v = y; v < y + TALL + 2 * r; v++) {
    for (let c = left; c <= right; c++) if (spoilt[v * columns + c] === 1) return true
  }
  return false
}

interface Convolved {
  /** The convolved frame and its variance, and how bad what they were made of is. */
  convolution: Float32Array
  spread: Float32Array
  share: Float32Array
  /** 1 for the pieces of rows that something bad may reach. */
  touched: Uint8Array
  /** Of no use any more. */
  source: Float32Array
  variance: Float32Array
}

function write(
  input: ApplyInput,
  stride: number,
  { convolution, spread, share, touched, source, variance }: Convolved,
  workshop: Workshop,
): number {
  const { reference, convolved, model, reversed, from, to, difference, noise, mask, matched } = input
  const { width, height, data } = reference.plane
  const loops = convolutionLoops(workshop)
  const basis = legendreRows(model.backgroundOrder, width)
  const background = workshop.arena.float64(width)
  const sums = reversed ? sumRows(model, width) : null
  const scale = new Float64Array(width).fill(1)
  const other = convolved.plane.data
  const [own, theirs] = [reference.mask?.data ?? null, convolved.mask?.data ?? null]
  let usable = 0
  for (let y = from; y < to; y++) {
    const row = y * width
    const start = (y - from) * stride
    polynomialRow(model.background, model.backgroundOrder, y, height, basis, background)
    loops.finish(
      data.subarray(row, row + width),
      convolution.subarray(start, start + width),
      background,
      spread.subarray(start, start + width),
      reference,
      1,
      difference.subarray(row, row + width),
      noise.subarray(row, row + width),
    )
    // What is loaded was used; its memory serves to look through the reference frame's row.
    const odd = loops.prepare(
      data.subarray(row, row + width),
      own === null ? null : own.subarray(row, row + width),
      reference,
      source.subarray(0, width),
      variance.subarray(0, width),
    )
    for (let x = 0, i = row; x < width; x++, i++) {
      if (!odd && x % WIDE === 0 && touched[(start / stride) * (stride / WIDE) + x / WIDE] === 0) {
        const end = Math.min(width, x + WIDE)
        mask.fill(0, i, row + end)
        usable += end - x
        x = end - 1
        i = row + x
        continue
      }
      const bits = (own === null ? 0 : own[i]) | (theirs === null ? 0 : theirs[i])
      const lost = share[start + x]
      if (
        bits === 0 &&
        lost <= 1 - LEAST_SHARE &&
        data[i] < reference.saturation &&
        data[i] > -Infinity &&
        other[i] < convolved.saturation
      ) {
        mask[i] = 0
        usable++
        continue
      }
      mask[i] = bits | bitsOf(reference, convolved, i, lost)
      const hidden = other[i] >= convolved.saturation ? false : lost > 0.5
      if (hidden || !Number.isFinite(data[i])) difference[i] = noise[i] = NaN
    }
    if (matched) {
      for (let x = 0; x < width; x++) {
        matched[row + x] = convolution[start + x] + background[x] + model.referenceSky
      }
    }
    if (reference.sigma) {
      for (let x = 0; x < width; x++) {
        noise[row + x] = Math.sqrt(varianceOf(reference, row + x) + spread[start + x])
      }
    }
    if (!sums) continue
    polynomialRow(sums.coefficients, model.order, y, height, sums.basis, scale)
    for (let x = 0; x < width; x++) {
      difference[row + x] /= -scale[x]
      noise[row + x] /= scale[x]
    }
  }
  return usable
}

function bitsOf(reference: Frame, convolved: Frame, i: number, lost: number): number {
  let bits = lost > 1 - LEAST_SHARE ? maskBits.spread : 0
  if (!Number.isFinite(reference.plane.data[i])) bits |= maskBits.invalid
  else if (reference.plane.data[i] >= reference.saturation) bits |= maskBits.saturated
  if (convolved.plane.data[i] >= convolved.saturation) bits |= maskBits.saturated
  return bits
}

/** The kernel's sum as a polynomial. */
function sumRows(model: KernelModel, width: number): { coefficients: Float64Array; basis: Float64Array[] } {
  const area = (2 * model.halfWidth + 1) ** 2
  const coefficients = new Float64Array(model.planes.length / area)
  model.planes.forEach((value, i) => (coefficients[Math.floor(i / area)] += value))
  return { coefficients, basis: legendreRows(model.order, width) }
}
