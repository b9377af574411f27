/** Seeded pairs for image subtraction, and HOTPANTS run on them. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { tmpdir } from 'node:os'
import { openFits } from '#science/fits/file.ts'
import { textOf } from '#science/fits/header.ts'
import { readImage } from '#science/fits/image.ts'
import { writeFits } from '#science/fits/write.ts'
import type { Kernel } from '#science/image/subtract/decorrelate.ts'
import type { SubtractInput } from '#science/image/subtract/options.ts'
import type { ZogyInput } from '#science/image/subtract/zogy.ts'
import { simulatePair, type PairOptions, type SimulatedPair } from '#science/simulate/field-pair.ts'
import { starShape, type PointSpread } from '#science/simulate/field-profile.ts'
import { simulateField } from '#science/simulate/field.ts'
import type { Judged } from './yardstick.ts'

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
const round: PointSpread = {
  profile: 'moffat',
  fwhm: 3,
  beta: 3,
  ellipticity: 0,
  angleDeg: 0,
  growth: 0,
  coma: 0,
}
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

/** Both frames with their true point spreads at each pixel, for a method that has to be told. */
export function withPsf(the: Case): [ZogyInput, ZogyInput] {
  const input = (which: 'science' | 'template'): ZogyInput => {
    const own = { ...the.options.field?.psf, ...the.options[which]?.psf }
    const { width, height } = the[which].plane
    return { ...the[which], psf: (x, y) => pointSpread(own, x, y, width, height) }
  }
  return [input('science'), input('template')]
}

/** As the simulator draws a star at a pixel's centre there. */
function pointSpread(psf: Partial<PointSpread>, x: number, y: number, width: number, height: number): Kernel {
  const size = 41
  const middle = (size - 1) / 2
  const { major, minor, theta } = starShape({ ...round, ...psf }, Math.round(x), Math.round(y), width, height)
  const local = { fwhm: Math.sqrt(major * minor), ellipticity: 1 - minor / major, angleDeg: theta }
  const { plane } = simulateField({
    width: size,
    height: size,
    noise: false,
    sky: 0,
    saturation: Infinity,
    count: 0,
    psf: { ...psf, ...local, growth: 0, coma: 0 },
    wings: 1e-9,
    stars: [{ x: middle, y: middle, flux: 1 }],
  })
  const data = Float64Array.from(plane.data)
  return { size, data }
}
