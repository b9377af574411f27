/** Aligned frames put together pixel by pixel, a strip of rows at a time: N frames never lie in memory at once. */
import { Problem } from '#problem.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'
import type { RowSource } from '#science/image/rows.ts'
import { stackFacts } from './facts.ts'
import type { FrameFacts, StackFacts, StackMethod } from './facts.ts'
import { combineStrip } from './strip.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface StackFrame<P extends Pixels = Float32Array> extends FrameFacts {
  readonly rows: RowSource<P>
}

export interface StackOptions {
  readonly method?: StackMethod
  /** Of `clipped_mean`, standard deviations; 3. */
  readonly clip?: number
  /** Bits of masks whose pixels have no part; by default all but `saturated`. */
  readonly excluded?: number
  /** Of `sum`: pixels that not all frames cover are scaled up rather than NaN; false. */
  readonly partial?: boolean
  /** Bytes for the rows of all frames; 64 MiB. */
  readonly bytes?: number
  /** Rows done of all, for progress. */
  readonly onRows?: (done: number, of: number) => void
}

export interface Stacked<P extends Pixels = Float32Array> {
  readonly plane: Plane<P>
  /** Where every frame has one. */
  readonly variance: Plane<P> | null
  readonly mask: Mask
  /** How many frames each pixel is made of. */
  readonly count: { readonly width: number; readonly height: number; readonly data: Uint16Array }
  readonly facts: StackFacts
}

/**
 * Stack of frames on the same pixels; each is multiplied with its `fluxScale` first. `sum`: NaN where a frame is missing, unless
 * `partial`. `clipped_mean`: mean within 3σ of the median. `weighted`: by inverse variance, or the frames' `weight` where there is no
 * variance. Gain, saturation, exposure and mid-time follow the rules of facts.ts (sum: gain unchanged; mean and median: gain × N).
 * Results lie on the arena.
 * @throws Problem image.invalid for fewer than two frames, or frames of different sizes
 */
export function stack(frames: readonly StackFrame[], options: StackOptions, workshop: Workshop): Stacked {
  const make = (length: number) => workshop.arena.float32(length)
  return stackWith(frames, options, workshop, make, 4)
}

/** The same in double precision. */
export function stackFloat64(
  frames: readonly StackFrame<Float64Array>[],
  options: StackOptions,
  workshop: Workshop,
): Stacked<Float64Array> {
  const make = (length: number) => workshop.arena.float64(length)
  return stackWith(frames, options, workshop, make, 8)
}

function stackWith<P extends Pixels>(
  frames: readonly StackFrame<P>[],
  options: StackOptions,
  workshop: Workshop,
  make: (length: number) => P,
  size: number,
): Stacked<P> {
  const { method = 'sum', clip = 3, partial = false, bytes = 2 ** 26 } = options
  const { excluded = 0xff & ~maskBits.saturated, onRows } = options
  const n = frames.length
  if (n < 2) throw new Problem('image.invalid', `A stack needs two frames at least, not ${n}.`)
  const { width, height } = frames[0].rows
  const other = frames.findIndex(({ rows }) => rows.width !== width || rows.height !== height)
  if (other > 0) {
    const { rows } = frames[other]
    throw new Problem(
      'image.invalid',
      `Frame ${other + 1} of the stack has ${rows.width} × ${rows.height} pixels, the first ${width} × ${height}; resample them to the same.`,
      { frame: other, width: rows.width, height: rows.height },
    )
  }
  const { arena, crew } = workshop
  const known = frames.every(({ rows }) => rows.hasVariance)
  const pixels = width * height
  const out = make(pixels)
  const outVariance = known ? make(pixels) : null
  const outMask = arena.uint8(pixels)
  // Two bytes each; the arena has no such arrays.
  const countBytes = arena.uint8(2 * pixels)
  const outCount = new Uint16Array(countBytes.buffer, countBytes.byteOffset, pixels)
  const perRow = n * width * (size * (known ? 2 : 1) + 1)
  const most = Math.max(1, Math.min(height, Math.floor(bytes / perRow)))
  arena.during(() => {
    const room = most * width
    const data = make(n * room)
    const variance = known ? make(n * room) : null
    const masks = arena.uint8(n * room)
    for (let y0 = 0; y0 < height; y0 += most) {
      const y1 = Math.min(height, y0 + most)
      const length = (y1 - y0) * width
      frames.forEach(({ rows }, f) => {
        const part = <A extends Pixels | Uint8Array>(array: A) =>
          array.subarray(f * room, f * room + length) as A
        const rowArrays = { data: part(data), variance: variance && part(variance), mask: part(masks) }
        arena.during(() => rows.rows(y0, y1, rowArrays))
      })
      const pieces = Math.min(4 * crew.hands, Math.max(1, Math.floor(length / 4096)))
      const inputs = Array.from({ length: pieces }, (_, k) => ({
        method,
        data,
        variance,
        masks,
        frames: n,
        stride: room,
        first: Math.floor((length * k) / pieces),
        last: Math.floor((length * (k + 1)) / pieces),
        scales: frames.map(({ fluxScale = 1 }) => fluxScale),
        weights: frames.map(({ weight = 1 }) => weight),
        excluded,
        clip,
        partial,
        at: y0 * width,
        out,
        outVariance,
        outMask,
        outCount,
      }))
      crew.each(combineStrip, inputs, workshop)
      onRows?.(y1, height)
    }
  })
  return {
    plane: { width, height, data: out },
    variance: outVariance && { width, height, data: outVariance },
    mask: { width, height, data: outMask },
    count: { width, height, data: outCount },
    facts: stackFacts(frames, method),
  }
}
