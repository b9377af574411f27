/** Seeded pairs for image subtraction, HOTPANTS run on them, and one yardstick for whatever made a difference of them. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { tmpdir } from 'node:os'
import { openFits } from '#science/fits/file.ts'
import { textOf } from '#science/fits/header.ts'
import { readImage } from '#science/fits/image.ts'
import { writeFits } from '#science/fits/write.ts'
import type { Plane } from '#science/image/plane.ts'
import type { SubtractInput } from '#science/image/subtract/options.ts'
import { simulatePair, type PairOptions, type SimulatedPair } from '#science/simulate/field-pair.ts'
import { simulateField } from '#science/simulate/field.ts'

export interface Case {
  name: string
  seed: number
  pair: SimulatedPair
  options: Partial<PairOptions>
  fluxScale: number
  fwhm: { science: number; template: number }
  science: SubtractInput
  template: SubtractInput
}

const profile = { beta: 4.765 }
const gain = 1.5
const readNoise = 8

type Kind = (size: number, seed: number) => Partial<PairOptions>

const common = (size: number, seed: number, stars: number): Partial<PairOptions> => ({
  field: {
    width: size,
    height: size,
    seed,
    count: Math.round((stars * size * size) / 2048 ** 2),
    gain,
    readNoise,
    psf: profile,
  },
  template: { psf: { ...profile, fwhm: 2.6 }, sky: 300 },
  science: { psf: { ...profile, fwhm: 3.6 }, sky: 500 },
  appeared: Math.round((size / 1024) ** 2 * 24),
  vanished: Math.round((size / 1024) ** 2 * 12),
})

function merged(base: Partial<PairOptions>, more: Partial<PairOptions>): Partial<PairOptions> {
  return {
    ...base,
    ...more,
    field: { ...base.field, ...more.field },
    template: { ...base.template, ...more.template },
    science: { ...base.science, ...more.science },
  }
}

/** The kinds of pairs on which subtraction is judged. */
export const kinds: Record<string, Kind> = {
  sparse: (size, seed) => common(size, seed, 2000),
  crowded: (size, seed) => common(size, seed, 25_000),
  shifted: (size, seed) =>
    merged(common(size, seed, 4000), {
      shift: [0.4, -0.3],
      science: { psf: { ...profile, fwhm: 3.6, ellipticity: 0.08, angleDeg: 30, growth: 0.08 } },
    }),
  gradient: (size, seed) =>
    merged(common(size, seed, 4000), {
      science: { gradient: [120, -60] },
      template: { gradient: [-20, 40] },
    }),
  saturated: (size, seed) =>
    merged(common(size, seed, 4000), { field: { brightest: 3e6, saturation: 40_000 } }),
  edges: (size, seed) =>
    merged(common(size, seed, 4000), { apart: 22, field: { badColumns: 3, cosmicRays: 20 } }),
}

export function caseOf(name: string, size: number, seed: number): Case {
  const options = kinds[name](size, seed)
  const pair = simulatePair(options)
  const saturation = options.field?.saturation ?? 60_000
  const input = (which: 'science' | 'template'): SubtractInput => ({
    plane: pair[which].plane,
    mask: pair[which].defects,
    noise: { gain, readNoise },
    saturation,
  })
  return {
    name,
    seed,
    pair,
    options,
    fluxScale: options.fluxScale ?? 1.25,
    fwhm: { science: 3.6, template: 2.6 },
    science: input('science'),
    template: input('template'),
  }
}

/** The program on PATH. */
export const hotpants: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'hotpants'))
  .find((path) => existsSync(path))

export interface Judged {
  difference: Float32Array
  noise: Float32Array
  /** 1 where the pixel may be used. */
  usable: Uint8Array
  kernelSum: number
  seconds: number
}

/**
 * HOTPANTS as it is used in practice: noise maps and masks given, limits from the frames, template convolved, result on the science
 * scale, half width 10, kernel order 2, background order 1.
 */
export function runHotpants(the: Case, extra: readonly string[] = []): Judged {
  const folder = mkdtempSync(join(tmpdir(), 'hotpants-'))
  try {
    const path = (name: string) => join(folder, `${name}.fits`)
    const { width, height } = the.science.plane
    const flags: string[] = []
    for (const which of ['science', 'template'] as const) {
      const { plane, mask, saturation = Infinity } = the[which]
      const sorted = plane.data.slice().sort()
      const level = sorted[sorted.length >> 1]
      const spread = plane.data.map((value) => Math.abs(value - level)).sort()[sorted.length >> 1] * 1.4826
      const sigma = plane.data.map((value) => Math.sqrt(spread ** 2 + Math.max(0, value - level) / gain))
      const image = (name: string, data: Float32Array | Int16Array) =>
        writeFileSync(path(name), writeFits([{ kind: 'image', shape: [width, height], data }]))
      image(which, plane.data)
      image(`${which}-noise`, sigma)
      image(
        `${which}-mask`,
        Int16Array.from(mask?.data ?? new Uint8Array(width * height), (m) => Number(m !== 0)),
      )
      const [i, ni] = which === 'science' ? ['i', 'in'] : ['t', 'tn']
      flags.push(`-${i}u`, `${saturation}`, `-${i}l`, `${level - 10 * spread}`, `-${i}g`, `${gain}`)
      flags.push(`-${ni}i`, path(`${which}-noise`), `-${i}mi`, path(`${which}-mask`))
      if (which === 'template') flags.push('-tuk', `${saturation}`)
    }
    const started = performance.now()
    const files = ['-inim', path('science'), '-tmplim', path('template'), '-outim', path('out')]
    const shape = ['-c', 't', '-n', 'i', '-r', '10', '-ko', '2', '-bgo', '1', '-allm', '-hki', '-v', '0']
    execFileSync(hotpants ?? 'hotpants', [...files, ...shape, ...flags, ...extra], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const seconds = (performance.now() - started) / 1000
    const { hdus, bytes } = openFits(readFileSync(path('out')))
    const layer = (n: number) => Float32Array.from(readImage(bytes, hdus[n]).data as Float32Array)
    const difference = layer(0)
    const noise = layer(3)
    return {
      difference,
      noise,
      usable: Uint8Array.from(difference, (value, i) =>
        Number(Math.abs(value - 1e-30) > 1e-31 && noise[i] > 0),
      ),
      kernelSum: Number(textOf(hdus[0].header, 'KSUM00')),
      seconds,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export interface Score {
  /** Over truth. */
  kernelSum: number
  /** Median of recovered over true flux above S/N 20, and rms of the error above S/N 7 over the σ that `yard` gives. */
  fluxRatio: number
  fluxScatter: number
  pull: number
  /** Of those above a true S/N of 7, and of what is found above 7. */
  completeness: number
  purity: number
  /** Of vanished sources above a true S/N of 7, share found. */
  fading: number
  /** rms of difference over noise around unsaturated stars with a peak of 1–3, 3–10, 10–30 and above 30 thousand ADU. */
  residuals: (number | null)[]
  /** What is found above S/N 7. */
  found: { x: number; y: number; sign: number }[]
  usable: number
}

/** Pixels around each transient that its flux is fitted on, and around each star that its residual is taken on. */
const REACH = 9
const NEAR = 4

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
  const { difference, noise, usable } = judged
  const ratios: number[] = []
  const scatter: number[] = []
  const pulls: number[] = []
  const expected: boolean[] = []
  for (let i = 0; i < transients.rows; i++) {
    const [cx, cy] = [Math.round(transients.x[i]), Math.round(transients.y[i])]
    let [pd, pp, ppv, ppy, clear, shared] = [0, 0, 0, 0, true, true]
    for (let y = cy - REACH; y <= cy + REACH; y++) {
      for (let x = cx - REACH; x <= cx + REACH; x++) {
        const at = y * width + x
        if (!both[at] && Math.abs(x - cx) <= NEAR && Math.abs(y - cy) <= NEAR) shared = false
        if (!usable[at]) {
          if (Math.abs(x - cx) <= NEAR && Math.abs(y - cy) <= NEAR) clear = false
          continue
        }
        const p = clean[at] / 1e6
        pd += p * difference[at]
        pp += p * p
        ppv += p * p * noise[at] ** 2
        ppy += p * p * (yard[at] > 0 ? yard[at] : noise[at]) ** 2
      }
    }
    const flux = pd / pp
    const error = Math.sqrt(ppv) / pp
    expected.push(clear && Math.abs(transients.flux[i]) > 7 * error)
    if (!clear) continue
    const off = flux - transients.flux[i]
    pulls.push(off / error)
    const common = Math.sqrt(ppy) / pp
    if (shared && Math.abs(transients.flux[i]) > 7 * common) scatter.push(off / common)
    if (Math.abs(transients.flux[i]) > 20 * common) ratios.push(flux / transients.flux[i])
  }
  const found = detect(judged, width, height, psf)
  const truthOf = (d: { x: number; y: number; sign: number }) =>
    transients.x.findIndex(
      (x, i) => Math.hypot(x - d.x, transients.y[i] - d.y) < 3 && Math.sign(transients.flux[i]) === d.sign,
    )
  const hits = found.map(truthOf)
  const seen = new Set(hits)
  const all = [...expected.keys()].filter((i) => expected[i])
  const faded = all.filter((i) => transients.flux[i] < 0)
  return {
    kernelSum: judged.kernelSum / the.fluxScale,
    fluxRatio: median(ratios),
    fluxScatter: rms(scatter),
    pull: rms(pulls),
    completeness: all.filter((i) => seen.has(i)).length / all.length,
    purity: hits.filter((i) => i >= 0).length / Math.max(1, hits.length),
    fading: faded.filter((i) => seen.has(i)).length / Math.max(1, faded.length),
    residuals: starResiduals(the, difference, both, yard),
    found,
    usable: usable.reduce((sum, value) => sum + value, 0) / usable.length,
  }
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
  { difference, noise, usable }: Judged,
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
  const scale = Math.max(1, 1.4826 * median(samples))
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
