/** Which stars the kernel is fitted on. */
import { isGood, type Frame } from './noise.ts'
import type { Positions } from './options.ts'

export interface Stamp {
  /** Whole pixels. */
  x: number
  y: number
  /** ADU of the science frame at the peak, above the sky. */
  peak: number
}

export interface StampSearch {
  most: number
  /** Of the square around each star. */
  halfWidth: number
  /** Of the kernel: so far the convolved frame must be there. */
  reach: number
}

/** Least S/N of the brightest pixel, in both frames. */
const BRIGHT = 8
const LEAST = 5

/** Stars that stand out in both frames, or those at given positions, the brightest in the science frame first. */
export function findStars(science: Frame, template: Frame, wanted: number, positions?: Positions): Stamp[] {
  if (positions) return placed(science, positions).sort((a, b) => b.peak - a.peak)
  const found = peaks(science, template, BRIGHT)
  const stars = found.length < wanted / 4 ? peaks(science, template, LEAST) : found
  return stars.sort((a, b) => b.peak - a.peak)
}

/**
 * Of the stars found those for the fit: the brightest of each part of the frame first, with a good core and mostly good surroundings, no
 * two on the same spot.
 */
export function chooseStamps(
  reference: Frame,
  convolved: Frame,
  found: readonly Stamp[],
  search: StampSearch,
): Stamp[] {
  const { width, height } = reference.plane
  // Cells that together hold about as many stars as are wanted, three or so each.
  const across = Math.max(1, Math.round(Math.sqrt((search.most / 3) * (width / height))))
  const down = Math.max(1, Math.round(search.most / 3 / across))
  const cells = Array.from({ length: across * down }, (): Stamp[] => [])
  for (const stamp of found) {
    const cell = Math.floor((stamp.y * down) / height) * across + Math.floor((stamp.x * across) / width)
    cells[cell].push(stamp)
  }
  const apart = 0.75 * search.halfWidth
  const chosen: Stamp[] = []
  const next = new Int32Array(cells.length)
  // Round by round one from each cell, so that the frame is covered evenly.
  for (let left = true; left && chosen.length < search.most;) {
    left = false
    for (let c = 0; c < cells.length && chosen.length < search.most; c++) {
      while (next[c] < cells[c].length) {
        const stamp = cells[c][next[c]++]
        if (chosen.some((c) => Math.abs(c.x - stamp.x) < apart && Math.abs(c.y - stamp.y) < apart)) continue
        if (!usable(reference, convolved, stamp, search)) continue
        chosen.push(stamp)
        left = true
        break
      }
    }
  }
  return chosen.sort((a, b) => b.peak - a.peak)
}

function placed(frame: Frame, { x, y }: Positions): Stamp[] {
  const { width, height, data } = frame.plane
  const stamps: Stamp[] = []
  for (let i = 0; i < x.length; i++) {
    const px = Math.round(x[i])
    const py = Math.round(y[i])
    if (!(px >= 0 && py >= 0 && px < width && py < height)) continue
    stamps.push({ x: px, y: py, peak: data[py * width + px] - frame.level })
  }
  return stamps
}

function peaks(reference: Frame, convolved: Frame, times: number): Stamp[] {
  const { width, height, data } = reference.plane
  const other = convolved.plane.data
  const floor = reference.level + times * reference.rms
  const otherFloor = convolved.level + times * convolved.rms
  const stamps: Stamp[] = []
  for (let y = 2; y < height - 2; y++) {
    for (let x = 2, i = y * width + 2; x < width - 2; x++, i++) {
      const v = data[i]
      if (!(v > floor) || v < data[i - 1] || v < data[i + 1] || v < data[i - width] || v < data[i + width]) {
        continue
      }
      if (v < data[i - width - 1] || v < data[i - width + 1] || v < data[i + width - 1]) continue
      if (v < data[i + width + 1] || v >= reference.saturation) continue
      const t = Math.max(other[i], other[i - 1], other[i + 1], other[i - width], other[i + width])
      // A peak of one pixel is no star.
      const around = (data[i - 1] + data[i + 1] + data[i - width] + data[i + width]) / 4 - reference.level
      if (!(t > otherFloor) || t >= convolved.saturation || around < 0.1 * (v - reference.level)) continue
      stamps.push({ x, y, peak: v - reference.level })
    }
  }
  return stamps
}

/** Core wholly good in both frames, and at least two thirds of the square. */
function usable(
  reference: Frame,
  convolved: Frame,
  stamp: Stamp,
  { halfWidth, reach }: StampSearch,
): boolean {
  const { width, height } = reference.plane
  let bad = 0
  let all = 0
  const h = halfWidth
  for (let y = stamp.y - h; y <= stamp.y + h; y++) {
    const inY = y >= reach && y < height - reach
    for (let x = stamp.x - h; x <= stamp.x + h; x++) {
      all++
      const i = y * width + x
      const there = inY && x >= reach && x < width - reach
      if (there && isGood(reference, i) && isGood(convolved, i)) continue
      bad++
      if (Math.abs(x - stamp.x) <= 3 && Math.abs(y - stamp.y) <= 3) return false
    }
  }
  return bad <= all / 3
}

/** FWHM of a star by moments under a Gaussian of its own width; NaN where that finds none. */
function starFwhm(frame: Frame, stamp: Stamp, halfWidth: number): number {
  const { width, height, data } = frame.plane
  const h = halfWidth
  if (stamp.x < h || stamp.y < h || stamp.x + h >= width || stamp.y + h >= height) return NaN
  let [cx, cy, variance] = [stamp.x, stamp.y, 2]
  for (let round = 0; round < 20; round++) {
    let [sum, sx, sy, sr] = [0, 0, 0, 0]
    for (let y = stamp.y - h; y <= stamp.y + h; y++) {
      for (let x = stamp.x - h; x <= stamp.x + h; x++) {
        const [dx, dy] = [x - cx, y - cy]
        const r2 = dx * dx + dy * dy
        const w = Math.exp(-r2 / (2 * variance)) * (data[y * width + x] - frame.level)
        sum += w
        sx += w * dx
        sy += w * dy
        sr += w * r2
      }
    }
    if (!(sum > 0)) return NaN
    cx += (2 * sx) / sum
    cy += (2 * sy) / sum
    const next = Math.max(0.1, sr / sum)
    if (!(Math.abs(cx - stamp.x) < 3 && Math.abs(cy - stamp.y) < 3 && next < h * h)) return NaN
    // Under a weight of its own width a Gaussian's moments are halved; a pixel's width is not the star's.
    if (Math.abs(next - variance) < 1e-4 * variance) break
    variance = next
  }
  return 2.3548 * Math.sqrt(variance)
}

/** Median FWHM of the brightest stamps; NaN where none can be measured. */
export function medianFwhm(frame: Frame, stamps: readonly Stamp[]): number {
  const values = stamps
    .slice(0, 60)
    .map((stamp) => starFwhm(frame, stamp, 10))
    .filter((value) => value > 0)
    .sort((a, b) => a - b)
  return values.length === 0 ? NaN : values[values.length >> 1]
}
