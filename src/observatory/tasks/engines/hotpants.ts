/** Subtraction by HOTPANTS (A. Becker's programme of the method of Alard & Lupton), its options derived from the pictures. */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import { numberOf } from '#science/fits/header.ts'
import { maskBits, type Mask } from '#science/image/plane.ts'
import { readyFrame, sameShape, seeingOf } from '#science/image/subtract/al98.ts'
import { isGood, varianceOf, type Frame } from '#science/image/subtract/noise.ts'
import type { Difference } from '#science/image/subtract/options.ts'
import { findStars } from '#science/image/subtract/stamps.ts'
import { readPixels, writePixels } from './files.ts'
import type { ProgramEngine, SubtractionWork } from './port.ts'
import { hotpantsProgram } from './programs.ts'

const number = z.coerce.number()
const whole = z.coerce.number().int()
const settings = z.strictObject({
  ko: whole.min(0).max(4).optional(),
  bgo: whole.min(0).max(4).optional(),
  r: whole.min(2).max(100).optional(),
  rss: whole.min(3).max(200).optional(),
  nsx: whole.min(1).max(200).optional(),
  nsy: whole.min(1).max(200).optional(),
  nss: whole.min(1).max(20).optional(),
  ft: number.optional(),
  sft: number.optional(),
  nft: number.optional(),
  mins: number.optional(),
  mous: number.optional(),
  ssig: number.optional(),
  ks: number.optional(),
  kfm: number.optional(),
  ng: z
    .string()
    .regex(/^\d+( \d+ [\d.]+)+$/)
    .optional(),
})

/** What it writes where it has no value. */
const fill = 1e-30

export const hotpants: ProgramEngine<'subtraction'> = {
  key: 'hotpants',
  port: 'subtraction',
  title: 'HOTPANTS',
  programs: [hotpantsProgram],
  settings,
  async run(work, given, { scratch, programs, log }) {
    const { science, template, options } = work
    sameShape(science, template)
    const frames = { science: readyFrame('science', science), template: readyFrame('template', template) }
    const notes: string[] = []
    const fwhm = seeingOf(
      science,
      template,
      frames,
      findStars(frames.science, frames.template, 200, options.positions),
      notes,
    )
    for (const note of notes) log(note)
    const at = (name: string): string => join(scratch.folder, name)
    const { positions } = options
    if (positions) {
      const lines = Array.from(
        positions.x,
        (x, i) => `${(x + 1).toFixed(2)} ${(positions.y[i]! + 1).toFixed(2)}`,
      )
      writeFileSync(at('stars.txt'), `${lines.join('\n')}\n`)
    }
    const args = [
      ['-inim', 'science.fits', '-tmplim', 'template.fits', '-outim', 'difference.fits'],
      picture('science', frames.science, at),
      picture('template', frames.template, at),
      positions ? ['-ssf', 'stars.txt'] : [],
      ['-c', options.direction === 'science' ? 'i' : 't', '-n', 'i', '-fi', `${fill}`, '-fin', '0'],
      ['-allm', '-hki', '-v', '1'],
      Object.entries(derived(work, fwhm, given)).flatMap(([name, value]) => [
        `-${name}`,
        ...`${value}`.split(' '),
      ]),
    ].flat()
    const said: string[] = []
    await scratch.run({
      program: programs['hotpants']!,
      args,
      seconds: 3_600,
      onLine: (line) => {
        if (/warning|error|fail/i.test(line)) log(`hotpants: ${line.trim()}`)
        else said.push(line)
      },
    })
    return answer(work, fwhm, at('difference.fits'), said)
  },
}

/** Kernel, stamps and orders from the two seeings, unless they are set. */
function derived(
  { options }: SubtractionWork,
  fwhm: { science: number; template: number },
  given: Readonly<Record<string, string | number>>,
): Record<string, string | number> {
  const sigma = Math.max(1, Math.sqrt(Math.abs(fwhm.science ** 2 - fwhm.template ** 2)) / 2.35)
  const { widths, degrees, halfWidth } = options.basis ?? {}
  const gaussians = (widths ?? [0.5 * sigma, sigma, 2 * sigma]).map(
    (width, i) => `${degrees?.[i] ?? 6 - 2 * i} ${width.toFixed(3)}`,
  )
  const most = Math.max(fwhm.science, fwhm.template)
  const stamp = options.stamps?.halfWidth
  return {
    ko: options.kernelOrder ?? 2,
    bgo: options.backgroundOrder ?? 1,
    r: halfWidth ?? Math.ceil(3 * most),
    rss: stamp ?? Math.ceil(4 * most),
    ng: `${gaussians.length} ${gaussians.join(' ')}`,
    ...given,
  }
}

/** Writes a picture with its noise and mask; its options. */
function picture(name: 'science' | 'template', frame: Frame, at: (name: string) => string): string[] {
  const { plane, mask, level, rms } = frame
  const { width, height } = plane
  const count = plane.data.length
  const [data, noise, bad] = [new Float32Array(count), new Float32Array(count), new Int16Array(count)]
  let [least, most] = [Infinity, -Infinity]
  for (let i = 0; i < count; i++) {
    const value = plane.data[i]!
    // It takes NaN for numbers.
    data[i] = Number.isFinite(value) ? value : level
    noise[i] = Math.sqrt(varianceOf(frame, i))
    if (isGood(frame, i)) {
      least = Math.min(least, value)
      most = Math.max(most, value)
    } else bad[i] = 1
    if (mask && mask.data[i] !== 0) bad[i] = 1
  }
  if (!(most >= least)) throw new Problem('subtract.empty', `The ${name} has no usable pixel.`)
  writePixels(at(`${name}.fits`), { width, height, data })
  writePixels(at(`${name}-noise.fits`), { width, height, data: noise })
  writePixels(at(`${name}-mask.fits`), { width, height, data: bad })
  const upper = Math.min(frame.saturation, most + 0.01 * (most - least))
  const [i, ni] = name === 'science' ? ['i', 'in'] : ['t', 'tn']
  return [
    [`-${i}l`, `${level - 10 * rms}`, `-${i}u`, `${upper}`, `-${i}uk`, `${upper}`],
    [`-${i}g`, `${frame.photon > 0 ? 1 / frame.photon : 1e6}`],
    [`-${ni}i`, `${name}-noise.fits`, `-${i}mi`, `${name}-mask.fits`],
  ].flat()
}

function answer(
  { science, template, options }: SubtractionWork,
  fwhm: { science: number; template: number },
  path: string,
  said: readonly string[],
): Difference {
  const { width, height } = science.plane
  const { header, data } = readPixels(path)
  const noise = readPixels(path, 3).data
  const sum = numberOf(header, 'KSUM00')
  if (sum === undefined || !(sum > 0))
    throw new Problem('subtract.no_fit', 'HOTPANTS could not fit a kernel: too few stars, or none in common.')
  const mask: Mask = { width, height, data: new Uint8Array(data.length) }
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (Math.abs(value - fill) > fill / 10 && Number.isFinite(value) && noise[i]! > 0) continue
    data[i] = Number.NaN
    noise[i] = Number.NaN
    mask.data[i] = (science.mask?.data[i] ?? 0) | (template.mask?.data[i] ?? 0) || maskBits.spread
  }
  const direction = options.direction === 'science' ? 'science' : 'template'
  // The result is on the scale of the science frame, whichever was convolved.
  const fluxScale = direction === 'template' ? sum : 1 / sum
  const counted = (pattern: RegExp): number =>
    said.reduce((last, line) => Number(pattern.exec(line)?.[1] ?? last), 0)
  const fit = counted(/(\d+) out of \d+ stamps remain/)
  const found = counted(/\d+ out of (\d+) stamps remain/)
  const usable = mask.data.reduce((good, bits) => good + (bits === 0 ? 1 : 0), 0) / mask.data.length
  return {
    method: 'al98',
    difference: { width, height, data },
    noise: { width, height, data: noise },
    mask,
    convolved: options.convolved ? { width, height, data: readPixels(path, 1).data } : null,
    direction,
    fluxScale,
    diagnostics: {
      kernelSum: { centre: sum, error: null, least: sum, greatest: sum },
      noiseFactor: Number.NaN,
      correlation: 1,
      chi2: { fit: numberOf(header, 'X2NRM00') ?? Number.NaN, heldOut: null },
      stamps: { found, fit, heldOut: 0, rejected: found - fit },
      clippedPixels: 0,
      stars: [],
      fwhm,
      merit: null,
      usable,
      notes: [],
    },
  }
}
