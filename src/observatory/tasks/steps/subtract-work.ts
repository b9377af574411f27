import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { replaceWcs } from '#science/fits/wcs/cards.ts'
import { sectionWcs } from '#science/fits/wcs/make.ts'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import type { Adjustment } from '#science/image/candidates/adjust.ts'
import { cropMask } from '#science/image/preparation/crop.ts'
import { maskBits, type Mask } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { SubtractionFindings } from '#observatory/tasks/findings.ts'
import { detectDifferences, measureTargets } from './difference-sources.ts'
import { asOnFrame, type TileShare } from './difference-share.ts'
import { kernelStamps } from './kernel-stamps.ts'
import type { Objects } from './objects.ts'
import { readMask, writePlane } from './pixel-files.ts'
import { createPlaneFile, openPlaneFile, stripsOf, type NewPlaneFile, type PlaneFile } from './plane-file.ts'
import { planeNames, type RegionFiles, type SubtractWork } from './subtract-region.ts'
import { readTemplate, shareUsable, widthOf } from './subtract-template.ts'
import { kernelOptions, subtractTile } from './subtract-tile.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

export interface Subtracted {
  readonly tiles: SubtractionFindings['tiles']
  readonly templateFwhm: number | null
  /** Pixels of the frame; flux is negative where the source has faded. */
  readonly detections: Objects | null
  readonly adjustments: readonly (Adjustment | null)[]
  readonly targets: Objects | null
  /** Share of the region that both pictures cover. */
  readonly covered: number
}

const maskNames = ['sub_mask.fits', 'sub_template_mask.fits'] as const
const kernelsName = 'sub_kernels.fits'

/** Subtracts a template from a part of image.fits, writes sub_*.fits, and measures what is left. */
export const subtractRegion = computeTask(
  import.meta.url,
  'subtractRegion',
  (input: SubtractWork & Speaking): Promise<Subtracted> =>
    speaking(input.channel, (voice) => work(input, voice)),
)

async function work(input: SubtractWork, voice: Voice): Promise<Subtracted> {
  const { folder, config, tiles } = input
  // Before any work: what is configured can be done.
  kernelOptions(config)
  const workshop = createWorkshop({ hands: input.hands })
  const total = tiles.length + 4
  let done = 0
  const step = (): void => voice.progress(++done, total, 'parts')
  const made: NewPlaneFile[] = []
  try {
    const { arena } = workshop
    const { size, cards } = headerOf(input)
    const create = (name: keyof typeof planeNames): NewPlaneFile => {
      const file = createPlaneFile(join(folder, planeNames[name]), size, cards)
      made.push(file)
      return file
    }
    const files: RegionFiles = {
      science: create('science'),
      template: create('template'),
      model: create('model'),
      difference: create('difference'),
      noise: create('noise'),
    }
    copyScience(input, files.science, workshop)
    step()
    const kernels = kernelStamps(input.region)
    const shares: TileShare[] = []
    const bad: Mask = { ...size, data: arena.uint8(size.width * size.height).fill(maskBits.outside) }
    const { reports, ...template } = await arena.during(async () => {
      const mask = sectionOfMask(input, workshop)
      writePlane(join(folder, maskNames[0]), mask, cards)
      const template = await bringTemplate(input, files.template, cards, workshop, voice, step)
      const reports: SubtractionFindings['tiles'][number][] = []
      for (const [i, core] of tiles.entries()) {
        const mosaic = { input, core, files, mask, template, bad, kernels, shares }
        const label = `Tile ${i + 1} of ${tiles.length}`
        reports.push(await arena.during(() => subtractTile(mosaic, workshop, voice, label)))
        step()
      }
      return { reports, fwhm: template.fwhm, covered: template.covered }
    })
    const failed = reports.filter((report) => report.failed !== null)
    if (failed.length === reports.length)
      throw new Problem('task.no_template', `No tile could be subtracted: ${failed[0]!.failed}`)
    if (failed.length > 0)
      voice.warn(
        `${failed.length} of ${reports.length} tiles could not be subtracted; they are blank in the products, and nothing is found there.`,
      )
    writeRatio(files, create('ratio'), workshop, voice)
    const whole = { x0: 0, y0: 0, x1: size.width, y1: size.height }
    const planes = {
      difference: files.difference.read(whole, arena),
      noise: files.noise.read(whole, arena),
      model: files.model,
      bad,
    }
    const found = input.detect ? detectDifferences(input, planes, workshop, voice) : null
    const targets = input.targets.x.length === 0 ? null : measureTargets(input, planes, workshop)
    kernels.write(join(folder, kernelsName))
    for (const file of made) file.keep()
    voice.progress(total, total, 'parts')
    return {
      tiles: reports,
      templateFwhm: template.fwhm,
      detections: found ? asOnFrame(found.objects, shares) : null,
      adjustments: found?.adjustments ?? [],
      targets: targets && asOnFrame(targets, shares),
      covered: template.covered,
    }
  } catch (error) {
    for (const name of [...maskNames, kernelsName]) rmSync(join(folder, name), { force: true })
    throw error
  } finally {
    for (const file of made) file.close()
    await workshop.close()
  }
}

function headerOf({ folder, region, wcs }: SubtractWork): {
  size: { width: number; height: number }
  cards: Card[]
} {
  const image = openPlaneFile(join(folder, 'image.fits'))
  image.close()
  const { cards } = image
  return {
    size: { width: region.x1 - region.x0, height: region.y1 - region.y0 },
    cards: wcs ? replaceWcs(cards, sectionWcs(wcsOf(wcs), region.x0, region.y0)) : [...cards],
  }
}

/** The region of image.fits. */
function copyScience({ folder, region }: SubtractWork, copy: PlaneFile, { arena }: Workshop): void {
  const image = openPlaneFile(join(folder, 'image.fits'))
  try {
    for (const strip of stripsOf(copy))
      arena.during(() => {
        const [y0, y1] = [region.y0 + strip.y0, region.y0 + strip.y1]
        copy.write(0, strip.y0, image.read({ ...region, y0, y1 }, arena))
      })
  } finally {
    image.close()
  }
}

function sectionOfMask({ folder, region, frameSize }: SubtractWork, workshop: Workshop): Mask {
  const full = readMask(join(folder, 'mask.fits'), workshop)
  const whole = region.x1 - region.x0 === frameSize[0] && region.y1 - region.y0 === frameSize[1]
  return whole ? full : cropMask(full, region, workshop.arena)
}

/** Writes the template on the grid of the region; its mask stays on the arena. */
async function bringTemplate(
  input: SubtractWork,
  file: PlaneFile,
  cards: readonly Card[],
  workshop: Workshop,
  voice: Voice,
  step: () => void,
): Promise<{ mask: Mask; gain: number; fwhm: number | null; covered: number }> {
  const { folder, region, config } = input
  const { arena } = workshop
  const { width, height } = file
  const mask: Mask = { width, height, data: arena.uint8(width * height) }
  return arena.during(async () => {
    const wcs = input.wcs && sectionWcs(wcsOf(input.wcs), region.x0, region.y0)
    const template = await readTemplate(input, wcs, width, height, workshop, voice)
    const covered = shareUsable(template.mask)
    voice.log(`The template covers ${(100 * covered).toFixed(1)} % of the region.`)
    if (covered < 0.05)
      throw new Problem(
        'task.no_template',
        'The template hardly overlaps with the frame; choose another one, or check the astrometry of both.',
      )
    step()
    file.write(0, 0, template.plane)
    writePlane(join(folder, maskNames[1]), template.mask, cards)
    mask.data.set(template.mask.data)
    const fwhm = config.template_fwhm_override ?? arena.during(() => widthOf(template, input, workshop))
    voice.log(
      fwhm === null
        ? 'The template has too few stars to measure its FWHM; the subtraction measures it itself.'
        : `FWHM of the template ${fwhm.toFixed(2)} pixels (${config.template_fwhm_override === null ? 'measured' : 'configuration'}), of the frame ${input.fwhm.toFixed(2)}.`,
    )
    step()
    return { mask, gain: template.gain, fwhm, covered }
  })
}

/** Writes the difference over its noise, and says how it scatters. */
function writeRatio(
  files: Pick<RegionFiles, 'difference' | 'noise'>,
  ratio: PlaneFile,
  { arena }: Workshop,
  voice: Voice,
): void {
  let [sum, count] = [0, 0]
  for (const strip of stripsOf(files.difference))
    arena.during(() => {
      const part = files.difference.read(strip, arena)
      const { data: noise } = files.noise.read(strip, arena)
      const { data } = part
      for (let i = 0; i < data.length; i++) data[i]! /= noise[i]!
      ratio.write(0, strip.y0, part)
      for (const value of data) {
        if (!Number.isFinite(value) || Math.abs(value) > 5) continue
        sum += value * value
        count++
      }
    })
  if (count > 0)
    voice.log(
      `Scatter of single pixels of the difference over its noise: ${Math.sqrt(sum / count).toFixed(3)} (below 1 where the convolution has correlated them; the noise is that for fluxes of sources).`,
    )
}
