import type { Pixels } from './plane.ts'

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
  /** `own`, `neighbour` or `bad`, as the pixel was before it was replaced. */
  state: Uint8Array
}

export const pixelState = { own: 0, neighbour: 1, bad: 2 } as const

export function emptyStamp(): Stamp {
  return { x0: 0, y0: 0, width: 0, height: 0, values: new Float64Array(4096), state: new Uint8Array(4096) }
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
  const { data, width: across, height: up, mask } = frame
  const segmentation = correct ? frame.segmentation : null
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
  const { values, state } = stamp
  stamp.x0 = x0
  stamp.y0 = y0
  stamp.width = width
  stamp.height = height
  let spoilt = 0
  for (let row = 0; row < height; row++) {
    let from = (y0 + row) * across + x0
    let to = row * width
    for (let column = 0; column < width; column++, from++, to++) {
      const value = data[from]
      values[to] = value
      let is: number = pixelState.own
      if (value - value !== 0 || (mask !== null && mask[from] !== 0)) is = pixelState.bad
      else if (segmentation !== null) {
        const owner = segmentation[from]
        if (owner !== 0 && owner !== label) is = pixelState.neighbour
      }
      state[to] = is
      spoilt += is
    }
  }
  if (spoilt > 0) replacePixels(stamp, frame, label, x, y, correct)
}

function replacePixels(
  stamp: Stamp,
  frame: MeasureFrame,
  label: number,
  x: number,
  y: number,
  correct: boolean,
): void {
  const { data, width: across, height: up, mask } = frame
  const segmentation = correct ? frame.segmentation : null
  for (let row = 0; row < stamp.height; row++) {
    const oppositeY = Math.floor(2 * y + 0.49999 - (stamp.y0 + row))
    for (let column = 0; column < stamp.width; column++) {
      const at = row * stamp.width + column
      if (stamp.state[at] === pixelState.own) continue
      stamp.values[at] = 0
      const oppositeX = Math.floor(2 * x + 0.49999 - (stamp.x0 + column))
      if (oppositeX < 0 || oppositeY < 0 || oppositeX >= across || oppositeY >= up) continue
      const other = oppositeY * across + oppositeX
      const value = data[other]
      if (value - value !== 0 || (mask !== null && mask[other] !== 0)) continue
      const owner = segmentation === null ? 0 : segmentation[other]
      if (owner === 0 || owner === label) stamp.values[at] = value
    }
  }
}
