/** From connected pixels to objects: deblended, measured within their isophotes, and drawn into the segmentation. */
import { deblend, type DeblendRule, type PixelList, pixelList } from './deblend.ts'
import { type Detections, emptyDetections, grownDetections } from './detections.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { sourceFlags } from '#science/image/plane.ts'
import { emptyShape, leastDeterminant, measureShape, pixelVariance, type Shape } from './shape.ts'
import { runLength } from './threshold-rows.ts'
import type { Part } from '#science/image/workshop.ts'

export interface ObjectRule extends DeblendRule {
  readonly threshold: number
  /** Variance of a sky pixel, and variance per unit of flux (1 / gain, or 0). */
  readonly variance: number
  readonly photons: number
  /** A pixel as high, its background included, is saturated. */
  readonly saturation: number
}

export interface ObjectInput {
  readonly plane: Plane
  readonly mask: Mask | null
  /** Standard deviation of each pixel, instead of `rule.variance`. */
  readonly noise: Plane | null
  /** Level of the sky that was taken away, about (what counts is saturation). */
  readonly sky: number
  readonly runs: Int32Array
  readonly values: Float32Array
  readonly offsets: Int32Array
  readonly members: Int32Array
  /** First label of each component; there is room for area / minArea of them. */
  readonly labels: Int32Array
  /** Zeros where this is called; the labels of the objects afterwards. */
  readonly segmentation: Int32Array
  readonly rule: ObjectRule
  /** Components from … to − 1. */
  readonly from: number
  readonly to: number
}

export const objectsOf: Part<ObjectInput, Detections> = {
  module: import.meta.url,
  name: 'objectsOf',
  run(input, workshop) {
    const { runs, values, offsets, members, labels, segmentation, rule, plane, from, to } = input
    const { width } = plane
    const kept = workshop.once('image/objects', () => ({ list: pixelList(), shape: emptyShape() }))
    let largest = 0
    for (let c = from; c < to; c++) largest = Math.max(largest, areaOf(input, c))
    const list = largest > kept.list.pixels.length ? pixelList(largest) : kept.list
    // A list for a component of a whole frame is not kept.
    if (largest < 2 ** 20) kept.list = list
    let found = emptyDetections(Math.ceil(1.1 * (to - from)) + 16)
    let rows = 0
    for (let c = from; c < to; c++) {
      let count = 0
      for (let m = offsets[c]; m < offsets[c + 1]; m++) {
        const at = runLength * members[m]
        let pixel = runs[at] * width + runs[at + 1]
        let value = runs[at + 3]
        for (const end = pixel + runs[at + 2] - runs[at + 1]; pixel < end; pixel++, value++) {
          list.pixels[count] = pixel
          list.values[count] = values[value]
          segmentation[pixel] = ++count
        }
      }
      list.count = count
      const branches = deblend(list, segmentation, width, rule.threshold, rule)
      for (let i = 0; i < count; i++) segmentation[list.pixels[i]] = 0
      let label = labels[c]
      for (const { first, last, core } of branches) {
        measureShape(
          kept.shape,
          list.pixels,
          list.values,
          list.next,
          first,
          last,
          width,
          rule.threshold,
          core,
        )
        if (kept.shape.area < rule.minArea) continue
        if (rows === found.rows) found = grownDetections(found, 2 * rows)
        describe(found, rows, kept.shape, list, first, last, input)
        if (branches.length > 1) found.flags[rows] |= sourceFlags.deblended
        found.label[rows++] = label
        for (let i = first; ; i = list.next[i]) {
          segmentation[list.pixels[i]] = label
          if (i === last) break
        }
        label++
      }
    }
    return { ...found, rows }
  },
}

function areaOf({ runs, offsets, members }: ObjectInput, component: number): number {
  let area = 0
  for (let m = offsets[component]; m < offsets[component + 1]; m++) {
    const at = runLength * members[m]
    area += runs[at + 2] - runs[at + 1]
  }
  return area
}

function describe(
  found: Detections,
  row: number,
  shape: Shape,
  list: PixelList,
  first: number,
  last: number,
  { plane, mask, noise, rule, sky }: ObjectInput,
): void {
  const { data, width, height } = plane
  const { pixels, next, values } = list
  let [flux, variance, vxx, vyy, vxy] = [0, 0, 0, 0, 0]
  let peak = -Infinity
  for (let i = first; ; i = next[i]) {
    const pixel = pixels[i]
    const value = data[pixel]
    const y = (pixel / width) | 0
    const dx = pixel - y * width - shape.x
    const dy = y - shape.y
    let spread = noise ? noise.data[pixel] * noise.data[pixel] : rule.variance
    if (value > 0) spread += value * rule.photons
    flux += value
    variance += spread
    vxx += spread * dx * dx
    vyy += spread * dy * dy
    vxy += spread * dx * dy
    if (value > peak) peak = value
    if (i === last) break
  }
  const squared = shape.light * shape.light
  vxx /= squared
  vyy /= squared
  vxy /= squared
  if (
    shape.singular ||
    vxx * vyy - vxy * vxy < (leastDeterminant * variance * variance) / squared / squared
  ) {
    const added = (pixelVariance * variance) / squared
    vxx += added
    vyy += added
  }
  found.x[row] = shape.x
  found.y[row] = shape.y
  found.x2Err[row] = vxx
  found.y2Err[row] = vyy
  found.xyErr[row] = vxy
  found.xPeak[row] = shape.xPeak
  found.yPeak[row] = shape.yPeak
  found.xMin[row] = shape.xMin
  found.xMax[row] = shape.xMax
  found.yMin[row] = shape.yMin
  found.yMax[row] = shape.yMax
  found.x2[row] = shape.x2
  found.y2[row] = shape.y2
  found.xy[row] = shape.xy
  found.a[row] = shape.a
  found.b[row] = shape.b
  found.theta[row] = shape.theta
  found.cxx[row] = shape.cxx
  found.cyy[row] = shape.cyy
  found.cxy[row] = shape.cxy
  found.fluxIso[row] = flux
  found.fluxIsoErr[row] = Math.sqrt(variance)
  found.light[row] = shape.light
  found.peak[row] = peak
  found.filteredPeak[row] = shape.peak
  found.area[row] = shape.area
  found.threshold[row] = rule.threshold
  found.correction[row] = shape.correction
  found.faintest[row] = highest(values, next, first, last, rule.minArea)
  let flags = 0
  if (peak + sky >= rule.saturation) flags |= sourceFlags.saturated
  if (shape.xMin === 0 || shape.yMin === 0 || shape.xMax === width - 1 || shape.yMax === height - 1) {
    flags |= sourceFlags.truncated
  }
  if (mask && touches(mask, list, first, last)) flags |= sourceFlags.maskedInFootprint
  found.flags[row] = flags
  found.fwhm[row] =
    flags & sourceFlags.saturated
      ? 2 * Math.sqrt(shape.area / Math.PI)
      : coreWidth(shape, list, first, last, plane, peak)
}

/**
 * The `nth` highest of the values of a chain, with SExtractor's two oddities, which decide what cleaning takes: of a chain
 * of `nth` it is the first value, and the value after the first `nth` does not count.
 */
function highest(values: Float32Array, next: Int32Array, first: number, last: number, nth: number): number {
  const top: number[] = []
  let seen = 0
  for (let i = first; ; i = next[i]) {
    const value = values[i]
    seen++
    if (seen !== nth + 1 && (top.length < nth || value > top[top.length - 1])) {
      if (top.length === nth) top.pop()
      let k = top.length
      top.push(value)
      for (; k > 0 && top[k - 1] < value; k--) top[k] = top[k - 1]
      top[k] = value
    }
    if (i === last) break
  }
  return seen === nth ? values[first] : top[top.length - 1]
}

/** True where a masked pixel lies in the object or next to it: masked pixels themselves are never detected. */
function touches(mask: Mask, { pixels, next }: PixelList, first: number, last: number): boolean {
  const { width, height, data } = mask
  for (let i = first; ; i = next[i]) {
    const pixel = pixels[i]
    const y = (pixel / width) | 0
    const x = pixel - y * width
    if (x > 0 && data[pixel - 1]) return true
    if (x < width - 1 && data[pixel + 1]) return true
    if (y > 0 && data[pixel - width]) return true
    if (y < height - 1 && data[pixel + width]) return true
    if (i === last) return false
  }
}

/** FWHM of the Gaussian fitted to the logarithm of the pixels above a fifth of the peak, weighted by their squares; 0: none. */
function coreWidth(
  shape: Shape,
  { pixels, next }: PixelList,
  first: number,
  last: number,
  { data, width }: Plane,
  peak: number,
): number {
  const least = peak / 5
  let [s, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0]
  for (let i = first; ; i = next[i]) {
    const pixel = pixels[i]
    const value = data[pixel]
    if (value > least && value > 0) {
      const y = (pixel / width) | 0
      const dx = pixel - y * width - shape.x
      const dy = y - shape.y
      const r2 = dx * dx + dy * dy
      const weight = value * value
      const logarithm = Math.log(value)
      s += weight
      sx += weight * r2
      sy += weight * logarithm
      sxx += weight * r2 * r2
      sxy += weight * r2 * logarithm
    }
    if (i === last) break
  }
  const spread = s * sxx - sx * sx
  if (!(spread > 0)) return 0
  const fall = -(s * sxy - sx * sy) / spread
  if (!(fall > 0)) return 0
  const fwhm = 2 * Math.sqrt(Math.LN2 / fall)
  // Without the width of the pixels themselves.
  return Math.max(0, fwhm - 1 / (4 * fwhm))
}
