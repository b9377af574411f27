import type { Pixels } from '#science/image/plane.ts'

/** What the measuring of one source after the other needs of its frame. The plane is without its background. */
export interface MeasureFrame {
  readonly data: Pixels
  readonly width: number
  readonly height: number
  /** Number of the source that each pixel belongs to, 0 for none. */
  readonly segmentation: Int32Array | null
  /** Not 0 where a pixel is not to be used. */
  readonly mask: Uint8Array | null
}

/** A source's surroundings, neighbours and bad pixels replaced. Written over for each source; grows, never shrinks. */
export interface Stamp {
  /** Frame coordinates of its first pixel. */
  x0: number
  y0: number
  width: number
  height: number
  values: Float64Array
  /** `own`, `neighbour` or `bad`, as the pixel was before it was replaced; holds nothing where `clean`. */
  state: Uint8Array
  /** All pixels are the source's own or the sky's. */
  clean: boolean
}

export const pixelState = { own: 0, neighbour: 1, bad: 2 } as const

export function emptyStamp(): Stamp {
  const room = 4096
  return {
    x0: 0,
    y0: 0,
    width: 0,
    height: 0,
    values: new Float64Array(room),
    state: new Uint8Array(room),
    clean: true,
  }
}

/**
 * Copies the pixels within `halfX` and `halfY` of (`x`, `y`) that lie in the frame. Pixels of other sources (where
 * `correct`) and bad pixels get the value of the pixel opposite the centre, 0 where that one is no good either: what
 * SExtractor calls MASK_TYPE CORRECT. Bad pixels are replaced in any case.
 */
export function gatherStamp(
  stamp: Stamp,
  frame: MeasureFrame,
  label: number,
  x: number,
  y: number,
  halfX: number,
  halfY: number,
  correct: boolean,
): void {
  const { width: across, height: up } = frame
  const x0 = Math.max(0, Math.floor(x - halfX))
  const y0 = Math.max(0, Math.floor(y - halfY))
  const x1 = Math.min(across - 1, Math.ceil(x + halfX))
  const y1 = Math.min(up - 1, Math.ceil(y + halfY))
  const width = Math.max(0, x1 - x0 + 1)
  const height = Math.max(0, y1 - y0 + 1)
  if (width * height > stamp.values.length) {
    stamp.values = new Float64Array(2 * width * height)
    stamp.state = new Uint8Array(2 * width * height)
  }
  stamp.x0 = x0
  stamp.y0 = y0
  stamp.width = width
  stamp.height = height
  stamp.clean = copyPixels(stamp, frame, label, correct) === 0
  if (!stamp.clean) replacePixels(stamp, x, y)
}

/** Copies values and states; 0 where all pixels are the source's own or nobody's, finite and not masked. */
function copyPixels(stamp: Stamp, frame: MeasureFrame, label: number, correct: boolean): number {
  const { values, state, x0, y0, width, height } = stamp
  const { data, mask } = frame
  const segmentation = correct ? frame.segmentation : null
  let spoilt = 0
  for (let row = 0; row < height; row++) {
    let from = (y0 + row) * frame.width + x0
    let at = row * width
    const end = at + width
    if (segmentation !== null) {
      for (; at < end; at++, from++) {
        const owner = segmentation[from]
        const value = data[from]
        const is =
          value - value !== 0
            ? pixelState.bad
            : owner === 0 || owner === label
              ? pixelState.own
              : pixelState.neighbour
        values[at] = value
        state[at] = is
        spoilt |= is
      }
    } else {
      for (; at < end; at++, from++) {
        const value = data[from]
        const is = value - value !== 0 ? pixelState.bad : pixelState.own
        values[at] = value
        state[at] = is
        spoilt |= is
      }
    }
    if (mask === null) continue
    from -= width
    for (at -= width; at < end; at++, from++) {
      if (mask[from] === 0) continue
      state[at] = pixelState.bad
      spoilt |= pixelState.bad
    }
  }
  return spoilt
}

/** Gives what is not the source's own the value opposite the centre, where that is its own or the sky's, else 0. */
function replacePixels(stamp: Stamp, x: number, y: number): void {
  const { values, state, width, height } = stamp
  // Column + its opposite, and row + its opposite, within the stamp.
  const sumX = Math.floor(2 * x + 0.49999) - 2 * stamp.x0
  const sumY = Math.floor(2 * y + 0.49999) - 2 * stamp.y0
  for (let row = 0, at = 0; row < height; row++) {
    const otherRow = sumY - row
    for (let column = 0; column < width; column++, at++) {
      if (state[at] === pixelState.own) continue
      const otherColumn = sumX - column
      values[at] = 0
      if (otherRow < 0 || otherColumn < 0 || otherRow >= height || otherColumn >= width) continue
      const other = otherRow * width + otherColumn
      if (state[other] === pixelState.own) values[at] = values[other]
    }
  }
}
