/**
 * Sources that do not look like the frame's stars: cosmic rays and hot pixels, split trails, galaxies. Three features
 * (half-flux radius, FWHM, peak over flux), each without its smooth trend in magnitude and over the frame, are compared
 * with the scatter that sources of the same brightness have, by a robust distance (minimum covariance determinant,
 * Rousseeuw & Van Driessen 1999, from a start that needs no chance). Same input, same answer.
 */
import { Problem } from '#problem.ts'
import { inverseOf, weightedLeastSquares } from '#science/image/least-squares.ts'
import { madSigma, medianOf } from '#science/image/median.ts'

export interface ShapeSources {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** Instrumental. */
  readonly magnitude: ArrayLike<number>
  /** NaN where it is larger than can be told. */
  readonly halfLightRadius: ArrayLike<number>
  readonly fwhm: ArrayLike<number>
  /** Peak pixel above the sky, and whole flux. */
  readonly peak: ArrayLike<number>
  readonly flux: ArrayLike<number>
  /** Sources with any do not shape the trends, but are judged. */
  readonly flags?: ArrayLike<number>
}

export interface ShapeOutliers {
  /** 1 for an outlier; `sourceFlags.shapeOutlier` is to be set there. */
  readonly outlier: Uint8Array
  /** In σ, as of one normal number; NaN where a feature is missing (such sources are outliers). */
  readonly distance: Float64Array
  readonly warnings: readonly string[]
}

const features = 3
/** Squared distance that 1 in 3000 normal triples exceeds. */
const cutSquared = 18.7
/** Relative width below which shapes are not told apart. */
const leastScatter = 0.02

/** Marks outliers. With fewer than 20 sources to learn from, none is. */
export function shapeOutliers(sources: ShapeSources): ShapeOutliers {
  const n = sources.x.length
  for (const name of ['y', 'magnitude', 'halfLightRadius', 'fwhm', 'peak', 'flux', 'flags'] as const) {
    const values = sources[name]
    if (values && values.length !== n)
      throw new Problem('photometry.lengths', `"${name}" has ${values.length} sources where "x" has ${n}.`)
  }
  const logs = [
    Float64Array.from({ length: n }, (_, i) => Math.log(sources.halfLightRadius[i])),
    Float64Array.from({ length: n }, (_, i) => Math.log(sources.fwhm[i])),
    Float64Array.from({ length: n }, (_, i) => Math.log(sources.peak[i] / sources.flux[i])),
  ]
  // An aperture so full of neighbours that half of its light has no radius: larger than any other.
  const largest = logs[0].reduce((most, each) => (Number.isFinite(each) ? Math.max(most, each) : most), 0)
  logs[0].forEach((each, i) => {
    if (Number.isNaN(each)) logs[0][i] = largest
  })
  const distance = new Float64Array(n).fill(NaN)
  const outlier = new Uint8Array(n)
  const whole: number[] = []
  for (let i = 0; i < n; i++) {
    const finite = logs.every((each) => Number.isFinite(each[i]))
    if (finite && Number.isFinite(sources.magnitude[i] + sources.x[i] + sources.y[i])) whole.push(i)
    else outlier[i] = 1
  }
  const learning = whole.filter((i) => (sources.flags?.[i] ?? 0) === 0)
  if (learning.length < 20) {
    const warnings = [
      `${learning.length} unflagged sources are too few to tell odd shapes; none is marked by its shape.`,
    ]
    return { outlier: new Uint8Array(n), distance, warnings }
  }
  const scaled = logs.map((each) => standardised(sources, each, whole, learning))
  const place = new Map(whole.map((i, k) => [i, k]))
  const squared = robustDistances(
    scaled,
    learning.map((i) => place.get(i)!),
  )
  for (const [k, i] of whole.entries()) {
    distance[i] = Math.sqrt(squared[k])
    if (squared[k] > cutSquared) outlier[i] = 1
  }
  return { outlier, distance, warnings: [] }
}

/** A feature of the `whole` sources without its trends, in units of the scatter at its brightness. */
function standardised(
  { x, y, magnitude }: ShapeSources,
  values: Float64Array,
  whole: readonly number[],
  learning: readonly number[],
): Float64Array {
  const order = [...learning].sort((a, b) => magnitude[a] - magnitude[b] || a - b)
  const sortedMagnitudes = Float64Array.from(order, (i) => magnitude[i])
  const rest = values.slice()
  const reach = Math.max(8, Math.min(100, Math.floor(order.length / 16)))
  const [x0, y0] = [
    medianOf(Float64Array.from(learning, (i) => x[i])),
    medianOf(Float64Array.from(learning, (i) => y[i])),
  ]
  let size = 1
  for (const i of learning) size = Math.max(size, Math.abs(x[i] - x0), Math.abs(y[i] - y0))
  const degree = order.length >= 60 ? 2 : order.length >= 30 ? 1 : 0
  const columnsFor = (list: readonly number[]): Float64Array[] => {
    const columns: Float64Array[] = []
    for (let i = 0; i <= degree; i++)
      for (let j = 0; j <= i; j++)
        columns.push(
          Float64Array.from(list, (k) => ((x[k] - x0) / size) ** (i - j) * ((y[k] - y0) / size) ** j),
        )
    return columns
  }
  // Brightness first, then place, then brightness again: each hides a little in the other.
  for (let round = 0; round < 2; round++) {
    const running = runningMedians(
      order.map((i) => rest[i]),
      reach,
    )
    const trend = (m: number) => interpolated(sortedMagnitudes, running, m)
    for (const i of whole) rest[i] -= trend(magnitude[i])
    if (degree === 0) continue
    const columns = columnsFor(order)
    const target = Float64Array.from(order, (i) => rest[i])
    const weights = new Float64Array(order.length).fill(1)
    let coefficients: Float64Array | undefined
    for (let step = 0; step < 4; step++) {
      const solved = weightedLeastSquares(columns, target, weights)
      if (!solved) break
      ;({ coefficients } = solved)
      const left = target.map((value, k) =>
        columns.reduce((sum, each, a) => sum - solved.coefficients[a] * each[k], value),
      )
      const scale = Math.max(leastScatter, madSigma(left, 0))
      for (let k = 0; k < left.length; k++) {
        const u = left[k] / (4.685 * scale)
        weights[k] = Math.abs(u) < 1 ? (1 - u * u) ** 2 : 0
      }
    }
    if (!coefficients) continue
    const every = columnsFor(whole)
    for (const [k, i] of whole.entries())
      for (let a = 0; a < every.length; a++) rest[i] -= coefficients[a] * every[a][k]
  }
  const deviations = runningMedians(
    order.map((i) => Math.abs(rest[i])),
    2 * reach,
  )
  return Float64Array.from(whole, (i) => {
    const scatter = Math.max(leastScatter, 1.4826 * interpolated(sortedMagnitudes, deviations, magnitude[i]))
    return rest[i] / scatter
  })
}

/** Median of each number and `reach` on both sides. */
function runningMedians(values: readonly number[], reach: number): Float64Array {
  // A window that is moved keeps its order: one number goes, one comes.
  const window: number[] = []
  const placeOf = (value: number): number => {
    let low = 0
    let high = window.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (window[middle] < value) low = middle + 1
      else high = middle
    }
    return low
  }
  const out = new Float64Array(values.length)
  for (let k = 0; k < Math.min(reach, values.length); k++) window.splice(placeOf(values[k]), 0, values[k])
  for (let k = 0; k < values.length; k++) {
    if (k + reach < values.length) window.splice(placeOf(values[k + reach]), 0, values[k + reach])
    if (k - reach - 1 >= 0) window.splice(placeOf(values[k - reach - 1]), 1)
    const middle = window.length >> 1
    out[k] = window.length % 2 === 1 ? window[middle] : (window[middle - 1] + window[middle]) / 2
  }
  return out
}

/** Straight between sorted places; the ends go on. */
function interpolated(places: Float64Array, values: Float64Array, at: number): number {
  let low = 0
  let high = places.length - 1
  if (at <= places[low]) return values[low]
  if (at >= places[high]) return values[high]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (places[middle] <= at) low = middle
    else high = middle
  }
  const span = places[high] - places[low]
  return span === 0 ? values[low] : values[low] + ((at - places[low]) / span) * (values[high] - values[low])
}

/** Squared robust distances of all, with centre and covariance from the three quarters of the learning ones nearest. */
function robustDistances(columns: readonly Float64Array[], learning: readonly number[]): Float64Array {
  const n = columns[0].length
  const squared = new Float64Array(n)
  for (let k = 0; k < n; k++) for (const column of columns) squared[k] += column[k] ** 2
  const rounds = 10
  const kept = Math.max(features + 2, Math.floor(0.75 * learning.length))
  for (let round = 0; round < rounds; round++) {
    const nearest = [...learning].sort((a, b) => squared[a] - squared[b] || a - b).slice(0, kept)
    const centre = columns.map((each) => nearest.reduce((sum, k) => sum + each[k], 0) / kept)
    const covariance = new Float64Array(features * features)
    for (let a = 0; a < features; a++)
      for (let b = 0; b < features; b++) {
        let sum = 0
        for (const k of nearest) sum += (columns[a][k] - centre[a]) * (columns[b][k] - centre[b])
        covariance[a * features + b] = sum / kept
      }
    // Features of a simulated or coarse frame may say all the same.
    for (let a = 0; a < features; a++) covariance[a * features + a] += 0.05
    const inverse = inverseOf(covariance, features)
    if (!inverse) return squared
    for (let k = 0; k < n; k++) {
      let sum = 0
      for (let a = 0; a < features; a++)
        for (let b = 0; b < features; b++)
          sum += (columns[a][k] - centre[a]) * inverse[a * features + b] * (columns[b][k] - centre[b])
      squared[k] = sum
    }
    // The nearest three quarters are too narrow a set; the median of all learning ones sets the scale (2.366 for three).
    const middle = medianOf(Float64Array.from(learning, (k) => squared[k]))
    const scale = middle > 0 ? 2.366 / middle : 1
    for (let k = 0; k < n; k++) squared[k] *= scale
    if (round === rounds - 1)
      for (let k = 0; k < n; k++)
        squared[k] = Math.min(
          squared[k],
          scale *
            aloneSquared(
              columns.map((each, a) => each[k] - centre[a]),
              inverse,
            ),
        )
  }
  return squared
}

/**
 * Squared distance that a source would have without the light of neighbours, which makes it larger (first feature) and its
 * peak a smaller part of the whole (third), and leaves its core as it is: the least over what may have been added to these.
 */
function aloneSquared(z: readonly number[], inverse: Float64Array): number {
  const distance = (v: readonly number[]): number => {
    let sum = 0
    for (let a = 0; a < features; a++)
      for (let b = 0; b < features; b++) sum += v[a] * inverse[a * features + b] * v[b]
    return sum
  }
  // Where a feature is free, its best value follows from the others.
  const freed = (v: readonly number[], free: readonly number[]): number[] => {
    const out = [...v]
    for (let turn = 0; turn < (free.length > 1 ? 50 : 1); turn++)
      for (const a of free) {
        let sum = 0
        for (let b = 0; b < features; b++) if (b !== a) sum += inverse[a * features + b] * out[b]
        out[a] = -sum / inverse[a * features + a]
      }
    return out
  }
  let least = distance(z)
  for (const free of [[0], [2], [0, 2]]) {
    const tried = freed(z, free)
    if (tried[0] <= z[0] && tried[2] >= z[2]) least = Math.min(least, distance(tried))
  }
  return least
}
