/** One yardstick for whatever made a difference of a seeded pair. */
import type { Plane } from '#science/image/plane.ts'
import { simulateField } from '#science/simulate/field.ts'
import type { Case } from './hotpants.ts'

export interface Judged {
  difference: Float32Array
  noise: Float32Array
  /** 1 where the pixel may be used. */
  usable: Uint8Array
  kernelSum: number
  seconds: number
  /** Of a method that measures by itself: flux of a point source at each pixel, its error, and the standard normal it detects on. */
  measured?: { flux: Float32Array; error: Float32Array; score: Float32Array }
}

export interface Score {
  /** Over truth. */
  kernelSum: number
  /** Recovered over true flux above S/N 20, weighted, with its standard error as the scatter of single ones tells it. */
  fluxRatio: number
  fluxRatioError: number
  /** rms of the error above S/N 7 over the σ that `yard` gives. */
  fluxScatter: number
  pull: number
  /** The same of fluxes measured on a grid of places where nothing changed: hundreds, where changes are a handful. */
  quiet: number
  /** Of those above a true S/N of 7, and of what is found above 7. */
  completeness: number
  purity: number
  /** Of vanished sources above a true S/N of 7, share found. */
  fading: number
  /** rms of difference over noise around unsaturated stars with a peak of 1–3, 3–10, 10–30 and above 30 thousand ADU. */
  residuals: (number | null)[]
  /** Those errors one by one, and those of fluxes measured at places on a grid where nothing changed; NaN where one cannot be had. */
  errors: { transients: number[]; places: number[] }
  /** What is found above S/N 7. */
  found: { x: number; y: number; sign: number }[]
  usable: number
}

/** Pixels around each transient that its flux is fitted on, and around each star that its residual is taken on. */
const REACH = 9
const NEAR = 4
/** Between the places where nothing changed. */
const APART = 16

/**
 * Judges a difference against the truth: fluxes by the true point spread, detection by that filter. `yard` is one noise plane for all that
 * are compared, for scatter and the stars' residuals, which are taken on pixels that `both` have.
 */
export function score(the: Case, judged: Judged, yard: Float32Array, both = judged.usable): Score {
  const { width, height } = the.science.plane
  const { transients } = the.pair
  const options = the.options
  const psf = { ...options.field?.psf, ...options.science?.psf }
  const shape = { width, height, noise: false, sky: 0, saturation: Infinity, count: 0, psf, wings: 1e-6 }
  const clean = simulateField({
    ...shape,
    stars: Array.from(transients.x, (x, i) => ({ x, y: transients.y[i], flux: 1e6 })),
  }).plane.data
  const { usable } = judged
  const at = (i: number) => measure(the, judged, yard, both, transients.x[i], transients.y[i], clean)
  const each = Array.from(transients.flux, (flux, i) => ({ flux, ...at(i) }))
  const expected = each.map((t) => t.clear && Math.abs(t.flux) > 7 * t.error)
  const errors = each.map((t) =>
    t.shared && Math.abs(t.flux) > 7 * t.common ? (t.measured - t.flux) / t.common : NaN,
  )
  const bright = each.filter((t) => t.clear && Math.abs(t.flux) > 20 * t.common)
  const found = detect(judged, width, height, psf)
  const truthOf = (d: { x: number; y: number; sign: number }) =>
    transients.x.findIndex(
      (x, i) => Math.hypot(x - d.x, transients.y[i] - d.y) < 3 && Math.sign(transients.flux[i]) === d.sign,
    )
  const hits = found.map(truthOf)
  const seen = new Set(hits)
  const still = places(the, judged, yard, both)
  const all = [...expected.keys()].filter((i) => expected[i])
  const faded = all.filter((i) => transients.flux[i] < 0)
  return {
    kernelSum: judged.kernelSum / the.fluxScale,
    ...slope(bright),
    fluxScatter: rms(errors.filter((value) => value === value)),
    pull: rms(each.filter((t) => t.clear).map((t) => (t.measured - t.flux) / t.error)),
    quiet: rms(still.own.filter((value) => value === value)),
    completeness: all.filter((i) => seen.has(i)).length / all.length,
    purity: hits.filter((i) => i >= 0).length / Math.max(1, hits.length),
    fading: faded.filter((i) => seen.has(i)).length / Math.max(1, faded.length),
    residuals: starResiduals(the, judged.difference, both, yard),
    errors: { transients: errors, places: still.common },
    found,
    usable: usable.reduce((sum, value) => sum + value, 0) / usable.length,
  }
}

interface Measured {
  measured: number
  error: number
  /** σ by the common yard. */
  common: number
  /** Its core is usable; also for the others. */
  clear: boolean
  shared: boolean
}

/** Flux at a place by the true point spread, of which `clean` holds a million ADU; by itself where the method measures. */
function measure(
  { science: { plane } }: Case,
  { difference, noise, usable, measured }: Judged,
  yard: Float32Array,
  both: Uint8Array,
  px: number,
  py: number,
  clean: Float32Array,
  [dx, dy, stride] = [0, 0, plane.width],
): Measured {
  const { width } = plane
  const [cx, cy] = [Math.round(px), Math.round(py)]
  let [pd, pp, ppv, ppy, clear, shared] = [0, 0, 0, 0, true, true]
  for (let y = cy - REACH; y <= cy + REACH; y++) {
    for (let x = cx - REACH; x <= cx + REACH; x++) {
      const at = y * width + x
      const near = Math.abs(x - cx) <= NEAR && Math.abs(y - cy) <= NEAR
      if (near && !both[at]) shared = false
      if (!usable[at]) {
        if (near) clear = false
        continue
      }
      const p = clean[(y - dy) * stride + x - dx] / 1e6
      pd += p * difference[at]
      pp += p * p
      ppv += p * p * noise[at] ** 2
      ppy += p * p * (yard[at] > 0 ? yard[at] : noise[at]) ** 2
    }
  }
  const common = Math.sqrt(ppy) / pp
  const own = measured && {
    measured: between(measured.flux, width, px, py),
    error: measured.error[cy * width + cx],
  }
  return { measured: pd / pp, error: Math.sqrt(ppv) / pp, ...own, common, clear, shared: clear && shared }
}

/** Value between pixels by Lanczos of order 3. */
function between(data: Float32Array, width: number, x: number, y: number): number {
  const lanczos = (t: number) =>
    t === 0
      ? 1
      : Math.abs(t) < 3
        ? (3 * Math.sin(Math.PI * t) * Math.sin((Math.PI * t) / 3)) / (Math.PI * t) ** 2
        : 0
  let [sum, weight] = [0, 0]
  for (let v = Math.floor(y) - 2; v <= Math.floor(y) + 3; v++) {
    for (let u = Math.floor(x) - 2; u <= Math.floor(x) + 3; u++) {
      const w = lanczos(u - x) * lanczos(v - y)
      sum += w * data[v * width + u]
      weight += w
    }
  }
  return sum / weight
}

/** Fluxes at places where nothing changed, in σ of the yard and in one's own. */
function places(
  the: Case,
  judged: Judged,
  yard: Float32Array,
  both: Uint8Array,
): { common: number[]; own: number[] } {
  const { width, height } = the.science.plane
  const psf = { ...the.options.field?.psf, ...the.options.science?.psf }
  const size = 2 * REACH + 1
  const stars = [{ x: REACH, y: REACH, flux: 1e6 }]
  const shape = { width: size, height: size, noise: false, sky: 0, saturation: Infinity, count: 0, psf }
  const clean = simulateField({ ...shape, wings: 1e-6, stars }).plane.data
  const { x: tx, y: ty } = the.pair.transients
  const [common, own]: [number[], number[]] = [[], []]
  const edge = 24
  for (let y = edge; y < height - edge; y += APART) {
    for (let x = edge; x < width - edge; x += APART) {
      const free = tx.every((t, i) => Math.hypot(t - x, ty[i] - y) > 2 * REACH)
      const corner: [number, number, number] = [x - REACH, y - REACH, size]
      const found = measure(the, judged, yard, both, x, y, clean, corner)
      common.push(free && found.shared ? found.measured / found.common : NaN)
      own.push(free && found.shared ? found.measured / found.error : NaN)
    }
  }
  return { common, own }
}

/** Recovered over true flux by least squares, those further out than 5 times the scatter left out once. */
function slope(
  all: readonly { flux: number; measured: number; common: number }[],
): Pick<Score, 'fluxRatio' | 'fluxRatioError'> {
  let kept = all
  let [ratio, weight, scatter] = [NaN, 0, 1]
  for (let round = 0; round < 2; round++) {
    weight = kept.reduce((sum, t) => sum + (t.flux / t.common) ** 2, 0)
    ratio = kept.reduce((sum, t) => sum + (t.flux * t.measured) / t.common ** 2, 0) / weight
    const off = (t: (typeof all)[number]) => Math.abs(t.measured - ratio * t.flux) / t.common
    scatter = Math.max(1, 1.4826 * median(kept.map(off)))
    kept = all.filter((t) => off(t) < 5 * scatter)
  }
  return { fluxRatio: ratio, fluxRatioError: scatter / Math.sqrt(weight) }
}

/**
 * rms of one's errors over that of another at the same places, with its standard error: most of the noise is common to both, so that it is
 * far less than either's own.
 */
export function scatterRatio(
  mine: readonly number[],
  theirs: readonly number[],
): { ratio: number; error: number; n: number } {
  const square = (value: number) => Math.min(25, value * value)
  const pairs = mine
    .map((value, i) => [square(value), square(theirs[i])])
    .filter(([a, b]) => a === a && b === b)
  const n = pairs.length
  const mean = (k: number) => pairs.reduce((sum, pair) => sum + pair[k], 0) / n
  const [a, b] = [mean(0), mean(1)]
  const spread = pairs.reduce((sum, pair) => sum + (pair[0] - pair[1] - a + b) ** 2, 0) / n
  return { ratio: Math.sqrt(a / b), error: Math.sqrt(spread / n) / (2 * b), n }
}

function starResiduals(
  { pair, science: { plane } }: Case,
  difference: Float32Array,
  both: Uint8Array,
  yard: Float32Array,
): (number | null)[] {
  const { truth } = pair.science
  const { width, height, data } = plane
  const edges = [1e3, 3e3, 1e4, 3e4, Infinity]
  const sums = edges.map(() => [0, 0])
  const { transients } = pair
  for (let s = 0; s < truth.rows; s++) {
    const [cx, cy] = [Math.round(truth.x[s]), Math.round(truth.y[s])]
    if (truth.saturated[s] || truth.galaxy[s]) continue
    if (cx < 20 || cy < 20 || cx >= width - 20 || cy >= height - 20) continue
    if (transients.x.some((x, i) => Math.hypot(x - cx, transients.y[i] - cy) < 15)) continue
    const bin = edges.findIndex((edge) => data[cy * width + cx] - 500 < edge) - 1
    if (bin < 0) continue
    for (let y = cy - NEAR; y <= cy + NEAR; y++) {
      for (let x = cx - NEAR; x <= cx + NEAR; x++) {
        const at = y * width + x
        if (!both[at] || !(yard[at] > 0)) continue
        sums[bin][0] += (difference[at] / yard[at]) ** 2
        sums[bin][1]++
      }
    }
  }
  return sums.slice(0, 4).map(([sum, n]) => (n > 200 ? Math.sqrt(sum / n) : null))
}

/** Peaks of either sign above 7 σ under the point spread as filter; σ is corrected for correlated noise by the frame's own scatter. */
function detect(
  { difference, noise, usable, measured }: Judged,
  width: number,
  height: number,
  psf: object,
): { x: number; y: number; sign: number }[] {
  const size = 2 * NEAR + 1
  const filter = simulateField({
    width: size,
    height: size,
    noise: false,
    sky: 0,
    saturation: Infinity,
    count: 0,
    psf,
    wings: 1e-6,
    stars: [{ x: NEAR, y: NEAR, flux: 1 }],
  }).plane.data
  const image = new Float32Array(width * height)
  const samples: number[] = []
  for (let y = NEAR; y < height - NEAR; y++) {
    for (let x = NEAR; x < width - NEAR; x++) {
      if (!usable[y * width + x]) continue
      if (measured) {
        image[y * width + x] = measured.score[y * width + x]
        continue
      }
      let [sum, variance] = [0, 0]
      for (let v = 0; v < size; v++) {
        for (let u = 0; u < size; u++) {
          const at = (y + v - NEAR) * width + x + u - NEAR
          if (!usable[at]) continue
          const p = filter[v * size + u]
          sum += p * difference[at]
          variance += (p * noise[at]) ** 2
        }
      }
      image[y * width + x] = sum / Math.sqrt(variance)
      if ((x * 7 + y * 13) % 101 === 0) samples.push(Math.abs(sum / Math.sqrt(variance)))
    }
  }
  const scale = measured ? 1 : Math.max(1, 1.4826 * median(samples))
  const found: { x: number; y: number; sign: number }[] = []
  for (let y = NEAR; y < height - NEAR; y++) {
    for (let x = NEAR; x < width - NEAR; x++) {
      const at = y * width + x
      const value = Math.abs(image[at])
      if (!(value > 7 * scale)) continue
      let peak = true
      for (let v = -3; v <= 3 && peak; v++) {
        for (let u = -3; u <= 3; u++) {
          const other = image[at + v * width + u]
          if (Math.abs(other) > value && other * image[at] > 0) peak = false
        }
      }
      if (peak) found.push({ x, y, sign: Math.sign(image[at]) })
    }
  }
  return found
}

/** Root mean square, values beyond 5 counted as 5. */
function rms(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + Math.min(25, value * value), 0) / values.length)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length === 0 ? NaN : sorted[sorted.length >> 1]
}

/** What the yardstick takes, from a difference of ours. */
export function judgedOf(
  difference: Plane,
  noise: Plane,
  mask: { data: Uint8Array },
  kernelSum: number,
  seconds = 0,
): Judged {
  return {
    difference: difference.data,
    noise: noise.data,
    usable: Uint8Array.from(mask.data, (bits, i) => Number(bits === 0 && noise.data[i] > 0)),
    kernelSum,
    seconds,
  }
}
