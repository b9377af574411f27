import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import { readWcs, wcsOf, type Wcs } from '#science/fits/wcs/wcs.ts'
import { sectionWcs } from '#science/fits/wcs/make.ts'
import { replaceWcs } from '#science/fits/wcs/cards.ts'
import { adjustTemplate, type Adjustment } from '#science/image/adjust.ts'
import { measureBackground, subtractBackground } from '#science/image/background.ts'
import { detectSources } from '#science/image/detect.ts'
import { extract } from '#science/image/extract.ts'
import { dilate } from '#science/image/mask.ts'
import { measureSources } from '#science/image/measure.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import type { ResampleInput } from '#science/image/resample.ts'
import { modelPsf } from '#science/image/psf-model.ts'
import { psfAt } from '#science/image/psf.ts'
import { sfft } from '#science/image/subtract/sfft.ts'
import { zogy, type ZogyInput } from '#science/image/subtract/zogy.ts'
import type { Difference, SubtractInput, SubtractOptions } from '#science/image/subtract/options.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { SubtractionFindings } from '#observatory/tasks/findings.ts'
import { maskBrought } from './inspect-work.ts'
import { linearise, cropped } from './inspect-pixels.ts'
import { forcedAt, markMasked, objectsOf, type Objects } from './measure-work.ts'
import { openFitsFile, readMask, readPlane, readProduct, writePlane } from './pixel-files.ts'
import { facts as factsOf } from '#observatory/frames/facts.ts'
import { mainHdu } from '#observatory/frames/images.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'
import { brought } from './brought.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

const mostPsfStars = 60

export interface Box {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

export interface SubtractWork {
  readonly folder: string
  readonly config: TaskConfig
  readonly hands: number
  /** Null where frame and template lie on the same pixels and at least one of them has no WCS. */
  readonly wcs: WcsTerms | null
  readonly gain: number
  readonly saturation: number
  readonly fwhm: number
  readonly bgSize: number
  readonly frameSize: readonly [width: number, height: number]
  /** The part of the frame that is subtracted, and the tiles that it is cut into. */
  readonly region: Box
  readonly tiles: readonly Box[]
  readonly pictures: readonly {
    image: string
    mask: string | null
    gain: number
    saturation: number | null
  }[]
  /** Drawn and uploaded masks of the template count. */
  readonly custom: boolean
  /** Unflagged objects of the frame, pixels of the frame. */
  readonly stars: { readonly x: Float64Array; readonly y: Float64Array }
  /** Places of targets, pixels of the frame. */
  readonly targets: { readonly x: readonly number[]; readonly y: readonly number[] }
  /** Look for what is new. */
  readonly detect: boolean
}

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

    write(folder, { science, mask, template, difference, noise, model, bad }, cards, input.gain, voice)
    const found = input.detect
      ? detect(input, { science, difference, noise, model, bad }, workshop, voice)
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

function croppedMask({ width, data }: Mask, { x0, y0, x1, y1 }: Box, workshop: Workshop): Mask {
  const out = workshop.arena.uint8((x1 - x0) * (y1 - y0))
  for (let y = y0; y < y1; y++) out.set(data.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0))
  return { width: x1 - x0, height: y1 - y0, data: out }
}

interface Template {
  readonly plane: Plane
  readonly mask: Mask
  readonly gain: number
  readonly saturation: number | null
}

/** The pictures of the template on the grid of the region; where the first has nothing the next one stands in. */
async function readTemplate(
  input: SubtractWork,
  wcs: Wcs | null,
  width: number,
  height: number,
  workshop: Workshop,
  voice: Voice,
): Promise<Template> {
  const { arena } = workshop
  const plane: Plane = { width, height, data: arena.float32(width * height).fill(Number.NaN) }
  const mask: Mask = { width, height, data: arena.uint8(width * height).fill(maskBits.outside) }
  for (const picture of input.pictures) {
    await arena.during(async () => {
      const name = picture.image.split('/').at(-1)
      const file = openFitsFile(picture.image)
      try {
        const hdu = mainHdu(file.hdus)
        if (!hdu) throw new Problem('task.no_template', `${name} holds no image.`)
        const own = readWcs(hdu.header)
        const source = readPlane(file, hdu, workshop)
        const facts = factsOf(file.hdus, hdu.index)
        linearise(source, facts.pixels)
        const bad: Mask = {
          width: source.width,
          height: source.height,
          data: arena.uint8(source.data.length),
        }
        const most = picture.saturation ?? (input.custom ? facts.saturation : null) ?? Infinity
        for (let i = 0; i < source.data.length; i++) {
          const value = source.data[i]!
          bad.data[i] = Number.isFinite(value) ? (value >= most ? maskBits.saturated : 0) : maskBits.invalid
        }
        if (picture.mask !== null) {
          const given = readMask(picture.mask, workshop)
          if (given.data.length === bad.data.length)
            for (let i = 0; i < bad.data.length; i++)
              if (given.data[i] !== 0) bad.data[i]! |= maskBits.invalid
        }
        if (input.custom) maskBrought(input.folder, '_template', bad, own ?? undefined, workshop, voice)
        const place = placeOfTemplate(own, wcs, source, input, name)
        const seen = await brought(
          { plane: source, wcs: place, mask: bad },
          { wcs, width, height },
          { ...input, log: voice.log },
          workshop,
        )
        for (let i = 0; i < plane.data.length; i++) {
          if (mask.data[i] === 0 || !Number.isFinite(seen.plane.data[i]!)) continue
          if (seen.mask.data[i] !== 0 && (mask.data[i]! & maskBits.outside) === 0) continue
          plane.data[i] = seen.plane.data[i]!
          mask.data[i] = seen.mask.data[i]!
        }
      } finally {
        file.close()
      }
    })
  }
  const first = input.pictures[0]!
  return { plane, mask, gain: first.gain, saturation: first.saturation }
}

/** By the WCS of both; without one they have to lie on the same pixels. @throws Problem `task.no_template` */
function placeOfTemplate(
  own: Wcs | null,
  wcs: Wcs | null,
  { width, height }: Plane,
  { region, frameSize }: SubtractWork,
  name: string | undefined,
): ResampleInput['wcs'] {
  if (own && wcs) return own
  if (width === frameSize[0] && height === frameSize[1])
    return { matrix: [1, 0, region.x0, 0, 1, region.y0, 0, 0, 1] }
  throw new Problem(
    'task.no_template',
    `${name ?? 'The template'} has ${own ? 'a WCS, but the frame has none' : 'no WCS'}, and not the size of the frame; solve it first ("urania solve").`,
  )
}

function shareUsable({ data }: Mask): number {
  let count = 0
  for (const bits of data) if (bits === 0) count++
  return count / data.length
}

/** FWHM of the template's stars, pixels of the frame; null where it has too few. */
function widthOf({ plane, mask }: Template, input: SubtractWork, workshop: Workshop): number | null {
  const { measures, detections, flags } = extract(
    plane,
    {
      mask,
      threshold: 5,
      gain: 0,
      saturation: Infinity,
      background: { mesh: input.bgSize },
      windowed: false,
      neighbours: 'none',
      variable: true,
    },
    workshop,
  )
  if (!measures) return null
  const widths = [...flags.keys()]
    .filter(
      (i) =>
        flags[i] === 0 &&
        measures.fluxAuto[i]! > 20 * measures.fluxAutoErr[i]! &&
        detections.b[i]! > 0.7 * detections.a[i]!,
    )
    .map((i) => 2 * measures.fluxRadius[0]![i]!)
    .filter((value) => value > 1)
    .toSorted((a, b) => a - b)
  return widths.length < 3 ? null : widths[widths.length >> 1]!
}

interface Mosaic {
  readonly input: SubtractWork
  readonly core: Box
  readonly science: Plane
  readonly mask: Mask
  readonly template: Template
  readonly templateFwhm: number | null
  readonly difference: Plane
  readonly noise: Plane
  readonly model: Plane
  readonly bad: Mask
}

/** Subtracts a tile with its overlap and puts what lies in its core into the mosaic. */
async function subtractTile(
  m: Mosaic,
  workshop: Workshop,
  voice: Voice,
  label: string,
): Promise<SubtractionFindings['tiles'][number]> {
  const { input, core, science, template } = m
  const { region, config } = input
  const { width, height } = science
  const over = config.sub_overlap
  const box: Box = {
    x0: Math.max(0, core.x0 - region.x0 - over),
    y0: Math.max(0, core.y0 - region.y0 - over),
    x1: Math.min(width, core.x1 - region.x0 + over),
    y1: Math.min(height, core.y1 - region.y0 + over),
  }
  const report = { x: core.x0, y: core.y0, width: core.x1 - core.x0, height: core.y1 - core.y0 }
  try {
    const first = side(
      cropped(science, box, workshop),
      croppedMask(m.mask, box, workshop),
      input.fwhm,
      input.gain,
      input,
      workshop,
    )
    const second = side(
      cropped(template.plane, box, workshop),
      croppedMask(template.mask, box, workshop),
      m.templateFwhm,
      template.gain,
      input,
      workshop,
    )
    const result = await subtractWith(
      input,
      first,
      { ...second, ...(template.saturation === null ? {} : {}) },
      starsIn(input, box),
      workshop,
      voice,
    )
    const { difference, noise, mask: bad, direction, fluxScale, diagnostics } = result
    const w = box.x1 - box.x0
    for (let y = core.y0 - region.y0; y < core.y1 - region.y0; y++) {
      for (let x = core.x0 - region.x0; x < core.x1 - region.x0; x++) {
        const from = (y - box.y0) * w + x - box.x0
        const to = y * width + x
        m.difference.data[to] = difference.data[from]!
        m.noise.data[to] = noise.data[from]!
        m.bad.data[to] = bad.data[from]!
        // What was taken away from the frame, on its flux scale.
        m.model.data[to] =
          direction === 'template'
            ? first.plane.data[from]! - difference.data[from]!
            : second.plane.data[from]! * fluxScale
      }
    }
    voice.log(
      `${label}: kernel sum ${diagnostics.kernelSum.centre.toFixed(4)} from ${diagnostics.stamps.fit} stars, the ${direction === 'template' ? 'template' : 'frame'} is convolved, flux scale ${fluxScale.toFixed(4)}, χ² ${diagnostics.chi2.fit.toFixed(2)}${diagnostics.chi2.heldOut === null ? '' : ` (stars not fitted ${diagnostics.chi2.heldOut.toFixed(2)})`}, ${(100 * diagnostics.usable).toFixed(1)} % usable.`,
    )
    if (config.sub_verbose) {
      for (const note of diagnostics.notes) voice.log(`  ${note}`)
      voice.log(
        `  kernel sum from ${diagnostics.kernelSum.least.toFixed(4)} to ${diagnostics.kernelSum.greatest.toFixed(4)}, stars found ${diagnostics.stamps.found}, rejected ${diagnostics.stamps.rejected}, clipped pixels ${diagnostics.clippedPixels}`,
      )
    }
    return { ...report, kernelSum: diagnostics.kernelSum.centre, direction, failed: null }
  } catch (error) {
    if (!isProblem(error)) throw error
    voice.warn(
      `${label} (columns ${core.x0 + 1}–${core.x1}, rows ${core.y0 + 1}–${core.y1}): ${error.message}`,
    )
    return { ...report, kernelSum: null, direction: 'none', failed: error.message }
  }
}

/** One of the two pictures of a tile, without background. */
function side(
  plane: Plane,
  mask: Mask,
  fwhm: number | null,
  gain: number,
  { bgSize }: SubtractWork,
  workshop: Workshop,
): SubtractInput {
  const background = measureBackground(plane, mask, { mesh: bgSize }, workshop)
  subtractBackground(plane, background, plane, workshop)
  const grow = Math.min(10, Math.ceil(fwhm ?? 2))
  dilate(mask, grow, maskBits.saturated)
  dilate(mask, Math.min(2, grow), maskBits.cosmic)
  return {
    plane,
    mask,
    noise: { gain, rms: background.globalRms, level: 0 },
    ...(fwhm === null ? {} : { fwhm }),
  }
}

const builtinOptions = ['ko', 'bgo', 'r', 'rss']

/** What `hotpants_extra` says of the kernel. @throws Problem `task.config` for what only HOTPANTS itself knows, or is no number */
function kernelOptions(config: TaskConfig): (name: string) => number | undefined {
  const { hotpants_extra: given, engine_subtraction: engine } = config
  if (engine === 'builtin')
    for (const [name, value] of Object.entries(given))
      if (!builtinOptions.includes(name) || !Number.isFinite(Number(value)))
        throw new Problem(
          'task.config',
          `The built-in subtraction takes ${builtinOptions.join(', ')} as numbers, not ${name}=${value}; take it out of hotpants_extra, or choose engine_subtraction=hotpants.`,
        )
  return (name) => {
    const value = Number(given[name])
    return Number.isFinite(value) ? value : undefined
  }
}

/** By the method and engine that are configured. @throws Problem `subtract.*` */
function subtractWith(
  input: SubtractWork,
  science: SubtractInput,
  template: SubtractInput,
  positions: { x: Float64Array; y: Float64Array },
  workshop: Workshop,
  voice: Voice,
): Difference | Promise<Difference> {
  const { config } = input
  const extra = kernelOptions(config)
  const radius = extra('r')
  const stampHalf = extra('rss')
  const options: SubtractOptions = {
    kernelOrder: extra('ko') ?? 0,
    backgroundOrder: extra('bgo') ?? 0,
    ...(radius === undefined ? {} : { basis: { halfWidth: radius } }),
    ...(stampHalf === undefined ? {} : { stamps: { halfWidth: stampHalf } }),
    ...(positions.x.length >= 8 ? { positions } : {}),
  }
  if (config.subtraction_method === 'al98')
    return runChosen(
      'subtraction',
      config,
      { science, template, options, workshop },
      { folder: input.folder, hands: input.hands, log: voice.log },
    )
  const found = options.positions ? { positions } : {}
  if (config.subtraction_method === 'sfft') {
    const { sfft_kernel_poly_order: kernelOrder, sfft_flux_poly_order: scaleOrder } = config
    const backgroundOrder = config.sfft_bg_poly_order
    const halfWidth = radius === undefined ? {} : { halfWidth: radius }
    return sfft(
      science,
      template,
      { kernelOrder, scaleOrder, backgroundOrder, ...halfWidth, ...found },
      workshop,
    )
  }
  const withPsf = (side: SubtractInput): ZogyInput => ({ ...side, psf: pointSpreadOf(side, positions) })
  return zogy(withPsf(science), withPsf(template), { mesh: 0, ...found }, workshop)
}

/**
 * The point spread of a tile from the brightest stars of the frame, which the template shows too; pixels near others are left out.
 * @throws Problem image.no_psf
 */
function pointSpreadOf(
  { plane, mask = null, noise, fwhm = 3 }: SubtractInput,
  positions: { x: Float64Array; y: Float64Array },
): ZogyInput['psf'] {
  const facts = noise && !('data' in noise) ? noise : {}
  // Brightest first, as the objects are; alone, or the wings of others widen the point spread.
  const { x, y } = positions
  const alone = [...x.keys()].filter((i) =>
    x.every((other, k) => k === i || Math.hypot(other - x[i]!, y[k]! - y[i]!) > 3 * fwhm),
  )
  const chosen = (alone.length >= 8 ? alone : [...x.keys()]).slice(0, mostPsfStars)
  const { psf } = modelPsf(
    plane,
    chosen.map((i) => x[i]!),
    chosen.map((i) => y[i]!),
    {
      fwhm,
      degree: 1,
      mask,
      noise: facts.rms ?? 1,
      neighbours: positions,
      ...(facts.gain === undefined ? {} : { gain: facts.gain }),
    },
  )
  return (px, py) => {
    const { side, values } = psfAt(psf, Math.round(px), Math.round(py))
    return { size: side, data: values }
  }
}

/** Stars of the frame that lie well inside a box, in its pixels. */
function starsIn(
  { stars, region }: SubtractWork,
  { x0, y0, x1, y1 }: Box,
): { x: Float64Array; y: Float64Array } {
  const rows = [...stars.x.keys()].filter((i) => {
    const [x, y] = [stars.x[i]! - region.x0, stars.y[i]! - region.y0]
    return x > x0 + 5 && x < x1 - 6 && y > y0 + 5 && y < y1 - 6
  })
  return {
    x: Float64Array.from(rows, (i) => stars.x[i]! - region.x0 - x0),
    y: Float64Array.from(rows, (i) => stars.y[i]! - region.y0 - y0),
  }
}

interface Planes {
  readonly science: Plane
  readonly mask: Mask
  readonly template: Template
  readonly difference: Plane
  readonly noise: Plane
  readonly model: Plane
  readonly bad: Mask
}

/** Writes the products; masked pixels of the difference are blank afterwards, and the template is gone. */
function write(folder: string, p: Planes, cards: readonly Card[], _gain: number, voice: Voice): void {
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

/** Sources of the difference: brighter than on the template, and fainter. */
function detect(
  input: SubtractWork,
  p: Omit<Planes, 'template' | 'mask'>,
  workshop: Workshop,
  voice: Voice,
): { objects: Objects; adjustments: (Adjustment | null)[] } {
  const { config, region, fwhm } = input
  const { difference, noise, bad } = p
  const { width, height } = difference
  const parts: { objects: Objects; sign: 1 | -1; sn: Float64Array }[] = []
  for (const sign of config.filter_negative ? ([1, -1] as const) : ([1] as const)) {
    workshop.arena.during(() => {
      const plane: Plane =
        sign === 1 ? difference : { width, height, data: workshop.arena.float32(width * height) }
      if (sign === -1) for (let i = 0; i < plane.data.length; i++) plane.data[i] = -difference.data[i]!
      const { detections, segmentation } = detectSources(
        plane,
        bad,
        { noise, threshold: 2, minArea: config.minarea, gain: 0, saturation: Infinity },
        workshop,
      )
      if (detections.rows === 0) return
      const measures = measureSources(
        plane,
        detections,
        {
          mask: bad,
          segmentation,
          noise: noise.data,
          apertures: [config.rel_aper * fwhm],
          neighbours: 'none',
          windowed: false,
        },
        workshop,
      )
      const flags = detections.flags.map((value, i) => value | measures.flags[i]!)
      const objects = objectsOf({ detections, measures, flags } as never, [...detections.flags.keys()])
      markMasked(objects, segmentation, bad)
      const places = { fwhm, gain: 0, x: [...objects.x], y: [...objects.y], noise: noise.data, workshop }
      const forced = (optimal: boolean): Objects =>
        forcedAt(plane, bad, 0, {
          ...places,
          config: { ...config, centroid_targets: false, optimal_extraction: optimal },
        })
      // Whether something is there is judged by the sum of its pixels, for which the noise is made.
      const summed = forced(false)
      const told = config.optimal_extraction ? forced(true) : summed
      parts.push({
        objects: {
          ...objects,
          flux: told.flux,
          fluxErr: told.fluxErr,
          flags: objects.flags.map((value, i) => value | told.flags[i]!),
          bgLocal: summed.bgLocal,
          bgFluxErr: told.bgFluxErr,
        },
        sign,
        sn: summed.flux.map((flux, i) => flux / summed.fluxErr[i]!),
      })
    })
  }
  const kept = parts.flatMap(({ objects, sign, sn }) =>
    [...sn.keys()].filter((i) => sn[i]! >= config.sn).map((i) => ({ objects, sign, i })),
  )
  voice.log(
    `${parts.reduce((sum, { objects }) => sum + objects.rows, 0)} detections on the difference, ${kept.length} of them with S/N ≥ ${config.sn}${config.filter_negative ? ` (${kept.filter(({ sign }) => sign < 0).length} fading)` : ''}.`,
  )
  const f = (pick: (objects: Objects) => Float64Array, signed = false): Float64Array =>
    Float64Array.from(kept, ({ objects, sign, i }) => (signed ? sign : 1) * pick(objects)[i]!)
  const all: Objects = {
    rows: kept.length,
    x: f((o) => o.x),
    y: f((o) => o.y),
    xErr: f((o) => o.xErr),
    yErr: f((o) => o.yErr),
    flux: f((o) => o.flux, true),
    fluxErr: f((o) => o.fluxErr),
    flags: Uint32Array.from(kept, ({ objects, i }) => objects.flags[i]!),
    a: f((o) => o.a),
    b: f((o) => o.b),
    theta: f((o) => o.theta),
    fwhm: f((o) => o.fwhm),
    fluxRadius: f((o) => o.fluxRadius),
    fluxAuto: f((o) => o.fluxAuto),
    fluxMax: f((o) => o.fluxMax, true),
    isoArea: Int32Array.from(kept, ({ objects, i }) => objects.isoArea[i]!),
    number: Int32Array.from(kept, (_, k) => k + 1),
    bg: new Float64Array(kept.length),
    bgLocal: f((o) => o.bgLocal, true),
    bgFluxErr: f((o) => o.bgFluxErr),
  }
  const adjustments = config.filter_adjust
    ? kept.map((_, k) => {
        const around: Plane = { width, height, data: difference.data }
        return adjusted(around, p, all.x[k]!, all.y[k]!, fwhm)
      })
    : []
  for (let k = 0; k < all.rows; k++) {
    all.x[k]! += region.x0
    all.y[k]! += region.y0
  }
  return { objects: all, adjustments }
}

/** What an error of the flux scale may be. A greater factor is a source that varies, and no misalignment explains that. */
const mostScale = 1.05

/** Whether the residual at a place is only the template lying a little beside. */
function adjusted(
  difference: Plane,
  { model, noise, bad }: Pick<Planes, 'model' | 'noise' | 'bad'>,
  x: number,
  y: number,
  fwhm: number,
): Adjustment | null {
  const half = Math.ceil(2 * fwhm) + 6
  const [cx, cy] = [Math.round(x), Math.round(y)]
  const box = {
    x0: Math.max(0, cx - half),
    y0: Math.max(0, cy - half),
    x1: Math.min(model.width, cx + half + 1),
    y1: Math.min(model.height, cy + half + 1),
  }
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0]
  const part = (pick: (i: number) => number): Plane => {
    const data = new Float32Array(width * height)
    for (let v = 0; v < height; v++)
      for (let u = 0; u < width; u++) data[v * width + u] = pick((v + box.y0) * model.width + u + box.x0)
    return { width, height, data }
  }
  const template = part((i) => model.data[i]!)
  const science = part((i) => model.data[i]! + difference.data[i]!)
  const mask: Mask = { width, height, data: Uint8Array.from(part((i) => bad.data[i]!).data) }
  return adjustTemplate(
    science,
    template,
    part((i) => noise.data[i]!),
    x - box.x0,
    y - box.y0,
    { radius: 2 * fwhm, mostScale, mask },
  )
}

function measureTargets(
  { config, fwhm, region, targets }: SubtractWork,
  difference: Plane,
  noise: Plane,
  bad: Mask,
  workshop: Workshop,
): Objects {
  const objects = forcedAt(difference, bad, 0, {
    config: { ...config, centroid_targets: false },
    fwhm,
    gain: 0,
    x: targets.x.map((x) => x - region.x0),
    y: targets.y.map((y) => y - region.y0),
    noise: noise.data,
    workshop,
  })
  return { ...objects, x: objects.x.map((x) => x + region.x0), y: objects.y.map((y) => y + region.y0) }
}
