/** Resampling by SWarp: one picture onto the pixels of another. Which pixels are masked, and why, is worked out by Urania. */
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { z } from 'zod'
import { card, formatHeader } from '#science/fits/header.ts'
import { wcsCards } from '#science/fits/wcs/cards.ts'
import { maskBits } from '#science/image/plane.ts'
import { resample } from '#science/image/resample/resample.ts'
import { readPixels, writeConfiguration, writePixels } from './files.ts'
import type { ProgramEngine } from './port.ts'
import { swarpProgram } from './programs.ts'
import { asTpv } from './tangent.ts'

const settings = z.strictObject({
  RESAMPLING_TYPE: z.enum(['NEAREST', 'BILINEAR', 'LANCZOS2', 'LANCZOS3', 'LANCZOS4']).optional(),
  OVERSAMPLING: z.coerce.number().int().min(0).max(32).optional(),
  PROJECTION_ERR: z.coerce.number().min(0).max(1).optional(),
})

export const swarp: ProgramEngine<'warp'> = {
  key: 'swarp',
  port: 'warp',
  title: 'SWarp',
  programs: [swarpProgram],
  settings,
  async run({ input, target, conserve, workshop }, given, { scratch, programs, log, hands }) {
    const at = (name: string): string => join(scratch.folder, name)
    const { plane, mask, variance } = input
    const { width, height } = target
    const weights = new Float32Array(plane.data.length)
    const data = new Float32Array(plane.data.length)
    for (let i = 0; i < data.length; i++) {
      const value = plane.data[i]!
      // Saturated pixels are taken as they are, as by the built-in engine.
      const good = Number.isFinite(value) && ((mask?.data[i] ?? 0) & ~maskBits.saturated) === 0
      data[i] = good ? value : 0
      weights[i] = good ? (variance ? 1 / variance.data[i]! : 1) : 0
    }
    const cards = wcsCards(asTpv(input.wcs, 'SWarp'))
    writePixels(at('in.fits'), { ...plane, data }, cards)
    writePixels(at('in.weight.fits'), { ...plane, data: weights }, cards)
    writeFileSync(at('out.head'), headerLines(target.wcs, width, height))
    writeConfiguration(
      at('config.swarp'),
      {
        IMAGEOUT_NAME: 'out.fits',
        WEIGHTOUT_NAME: 'out.weight.fits',
        HEADER_ONLY: 'N',
        WEIGHT_TYPE: 'MAP_WEIGHT',
        WEIGHT_SUFFIX: '.weight.fits',
        RESCALE_WEIGHTS: 'N',
        COMBINE: 'Y',
        COMBINE_TYPE: 'WEIGHTED',
        RESAMPLE: 'Y',
        RESAMPLE_DIR: '.',
        RESAMPLING_TYPE: 'LANCZOS3',
        OVERSAMPLING: 0,
        INTERPOLATE: 'N',
        FSCALASTRO_TYPE: conserve === 'flux' ? 'VARIABLE' : 'NONE',
        FSCALE_KEYWORD: 'NONE',
        FSCALE_DEFAULT: 1,
        GAIN_KEYWORD: 'NONE',
        SATLEV_KEYWORD: 'NONE',
        SUBTRACT_BACK: 'N',
        PROJECTION_ERR: 0.001,
        VMEM_DIR: '.',
        DELETE_TMPFILES: 'Y',
        COPY_KEYWORDS: 'OBJECT',
        WRITE_XML: 'N',
        VERBOSE_TYPE: 'QUIET',
        NTHREADS: hands,
      },
      given,
    )
    await scratch.run({
      program: programs['swarp']!,
      args: ['in.fits', '-c', 'config.swarp'],
      seconds: 3_600,
      onLine: log,
    })
    const moved = readPixels(at('out.fits')).data
    const coverage = readPixels(at('out.weight.fits')).data
    // Bits of the mask by the same rule as everywhere; the values are SWarp's.
    const ours = resample(input, target, { kernel: 'bilinear', conserve }, workshop)
    for (let i = 0; i < moved.length; i++) {
      if (coverage[i]! > 0) ours.plane.data[i] = moved[i]!
      else {
        ours.plane.data[i] = Number.NaN
        ours.mask.data[i]! |= maskBits.outside
      }
    }
    return ours
  },
}

/** The grid, as the lines of text that are read for it. */
function headerLines(wcs: Parameters<typeof asTpv>[0], width: number, height: number): string {
  const bytes = formatHeader([
    card('SIMPLE', true),
    card('BITPIX', -32),
    card('NAXIS', 2),
    card('NAXIS1', width),
    card('NAXIS2', height),
    ...wcsCards(asTpv(wcs, 'SWarp')),
  ])
  const text = String.fromCharCode(...bytes)
  const lines = Array.from({ length: text.length / 80 }, (_, i) => text.slice(80 * i, 80 * (i + 1)).trimEnd())
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}
