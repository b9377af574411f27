import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { replaceWcs } from '#science/fits/wcs/cards.ts'
import { sectionWcs } from '#science/fits/wcs/make.ts'
import { wcsOf, type Wcs } from '#science/fits/wcs/wcs.ts'
import type { Adjustment } from '#science/image/candidates/adjust.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { SubtractionFindings } from '#observatory/tasks/findings.ts'
import { detectDifferences, measureTargets } from './difference-sources.ts'
import { cropped } from './inspect-pixels.ts'
import type { Objects } from './measure-work.ts'
import { readMask, readProduct, writePlane } from './pixel-files.ts'
import { croppedMask, type Planes, type SubtractWork } from './subtract-region.ts'
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

/** Subtracts a template from a part of image.fits, writes sub_*.fits, and measures what is left. */
export const subtractRegion = computeTask(
  import.meta.url,
  'subtractRegion',
  (input: SubtractWork & Speaking): Promise<Subtracted> =>
    speaking(input.channel, (voice) => work(input, voice)),
)

async function work(input: SubtractWork, voice: Voice): Promise<Subtracted> {
  const { folder, config, region, tiles, fwhm } = input
  // Before any work: what is configured can be done.
  kernelOptions(config)
  const workshop = createWorkshop({ hands: input.hands })
  const total = tiles.length + 4
  let done = 0
  const step = (): void => voice.progress(++done, total, 'parts')
  try {
    const wcs = input.wcs && wcsOf(input.wcs)
    const [width, height] = [region.x1 - region.x0, region.y1 - region.y0]
    const { science, mask, cards } = readScience(input, wcs, workshop)
    step()
    const template = await readTemplate(
      input,
      wcs && sectionWcs(wcs, region.x0, region.y0),
      width,
      height,
      workshop,
      voice,
    )
    const covered = shareUsable(template.mask)
    voice.log(`The template covers ${(100 * covered).toFixed(1)} % of the region.`)
    if (covered < 0.05)
      throw new Problem(
        'task.no_template',
        'The template hardly overlaps with the frame; choose another one, or check the astrometry of both.',
      )
    step()
    const templateFwhm =
      config.template_fwhm_override ?? workshop.arena.during(() => widthOf(template, input, workshop))
    voice.log(
      templateFwhm === null
        ? 'The template has too few stars to measure its FWHM; the subtraction measures it itself.'
        : `FWHM of the template ${templateFwhm.toFixed(2)} pixels (${config.template_fwhm_override === null ? 'measured' : 'configuration'}), of the frame ${fwhm.toFixed(2)}.`,
    )
    step()

    const empty = (): Plane => ({
      width,
      height,
      data: workshop.arena.float32(width * height).fill(Number.NaN),
    })
    const difference = empty()
    const noise = empty()
    const model = empty()
    const bad: Mask = { width, height, data: workshop.arena.uint8(width * height).fill(maskBits.outside) }
    const reports: SubtractionFindings['tiles'][number][] = []
    for (const [i, core] of tiles.entries()) {
      const report = await workshop.arena.during(() =>
        subtractTile(
          { input, core, science, mask, template, templateFwhm, difference, noise, model, bad },
          workshop,
          voice,
          `Tile ${i + 1} of ${tiles.length}`,
        ),
      )
      reports.push(report)
      step()
    }
    const failed = reports.filter((report) => report.failed !== null)
    if (failed.length === reports.length)
      throw new Problem('task.no_template', `No tile could be subtracted: ${failed[0]!.failed}`)
    if (failed.length > 0)
      voice.warn(
        `${failed.length} of ${reports.length} tiles could not be subtracted; they are blank in the products, and nothing is found there.`,
      )

    write(folder, { science, mask, template, difference, noise, model, bad }, cards, voice)
    const found = input.detect
      ? detectDifferences(input, { science, difference, noise, model, bad }, workshop, voice)
      : null
    const targets =
      input.targets.x.length === 0 ? null : measureTargets(input, difference, noise, bad, workshop)
    voice.progress(total, total, 'parts')
    return {
      tiles: reports,
      templateFwhm,
      detections: found?.objects ?? null,
      adjustments: found?.adjustments ?? [],
      targets,
      covered,
    }
  } finally {
    await workshop.close()
  }
}

function readScience(
  { folder, region }: SubtractWork,
  wcs: Wcs | null,
  workshop: Workshop,
): { science: Plane; mask: Mask; cards: Card[] } {
  const { plane, hdu } = readProduct(join(folder, 'image.fits'), workshop)
  const whole = region.x0 === 0 && region.y0 === 0 && region.x1 === plane.width && region.y1 === plane.height
  const science = whole ? plane : cropped(plane, region, workshop)
  const full = readMask(join(folder, 'mask.fits'), workshop)
  const mask = whole ? full : croppedMask(full, region, workshop)
  const cards = wcs
    ? replaceWcs(hdu.header.cards, sectionWcs(wcs, region.x0, region.y0))
    : [...hdu.header.cards]
  return { science, mask, cards }
}

/** Writes the products; masked pixels of the difference are blank afterwards, and the template is gone. */
function write(folder: string, p: Planes, cards: readonly Card[], voice: Voice): void {
  const put = (name: string, plane: Plane | Mask): void => writePlane(join(folder, name), plane, cards)
  put('sub_image.fits', p.science)
  put('sub_mask.fits', p.mask)
  put('sub_template.fits', p.template.plane)
  put('sub_template_mask.fits', p.template.mask)
  put('sub_conv.fits', p.model)
  put('sub_ediff.fits', p.noise)
  // Masked pixels are blank: zero would be a value.
  const { data } = p.difference
  for (let i = 0; i < data.length; i++) if (p.bad.data[i] !== 0) data[i] = Number.NaN
  put('sub_diff.fits', p.difference)
  // The template is written and done with: its place is taken, for another plane would be the largest of all.
  const ratio = p.template.plane
  for (let i = 0; i < data.length; i++) ratio.data[i] = data[i]! / p.noise.data[i]!
  put('sub_sdiff.fits', ratio)
  let [sum, count] = [0, 0]
  for (const value of ratio.data) {
    if (!Number.isFinite(value) || Math.abs(value) > 5) continue
    sum += value * value
    count++
  }
  if (count > 0)
    voice.log(
      `Scatter of single pixels of the difference over its noise: ${Math.sqrt(sum / count).toFixed(3)} (below 1 where the convolution has correlated them; the noise is that for fluxes of sources).`,
    )
}
