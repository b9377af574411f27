import { isProblem, Problem } from '#problem.ts'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import { cropMask, type Box } from '#science/image/preparation/crop.ts'
import { dilate } from '#science/image/preparation/mask.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import { modelPsf } from '#science/image/psf/model.ts'
import { psfAt } from '#science/image/psf/psf.ts'
import type { Difference, SubtractInput, SubtractOptions } from '#science/image/subtract/options.ts'
import { sfft } from '#science/image/subtract/sfft.ts'
import { convolveInPlace, whiten } from '#science/image/subtract/whiten.ts'
import { zogy, type ZogyDifference, type ZogyInput } from '#science/image/subtract/zogy.ts'
import type { Workshop } from '#science/image/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'
import type { SubtractionFindings } from '#observatory/tasks/findings.ts'
import { frameAlone, shareOfPoints, shareOfStars, type TileShare } from './difference-share.ts'
import type { KernelStamps } from './kernel-stamps.ts'
import type { RegionFiles, SubtractWork } from './subtract-region.ts'
import type { Voice } from './voice.ts'

/** Stars that a point spread is made of. */
const mostPsfStars = 60

interface Mosaic {
  readonly input: SubtractWork
  readonly core: Box
  readonly files: RegionFiles
  readonly mask: Mask
  readonly template: { readonly mask: Mask; readonly gain: number; readonly fwhm: number | null }
  /** Of the difference; filled in the core. */
  readonly bad: Mask
  readonly kernels: KernelStamps
  /** Filled tile by tile. */
  readonly shares: TileShare[]
}

/** Subtracts a tile with its overlap and puts what lies in its core into the products. */
export async function subtractTile(
  m: Mosaic,
  workshop: Workshop,
  voice: Voice,
  label: string,
): Promise<SubtractionFindings['tiles'][number]> {
  const { input, core, files, template } = m
  const { region, config } = input
  const { arena } = workshop
  const { width, height } = files.science
  const over = config.sub_overlap
  const box: Box = {
    x0: Math.max(0, core.x0 - region.x0 - over),
    y0: Math.max(0, core.y0 - region.y0 - over),
    x1: Math.min(width, core.x1 - region.x0 + over),
    y1: Math.min(height, core.y1 - region.y0 + over),
  }
  const report = { x: core.x0, y: core.y0, width: core.x1 - core.x0, height: core.y1 - core.y0 }
  try {
    const ready = (
      name: 'science' | 'template',
      mask: Mask,
      fwhm: number | null,
      gain: number,
    ): SubtractInput =>
      side(files[name].read(box, arena), cropMask(mask, box, arena), fwhm, gain, input, workshop)
    const first = ready('science', m.mask, input.fwhm, input.gain)
    const second = ready('template', template.mask, template.fwhm, template.gain)
    const stars = standingOut(starsIn(input, box), [first, second])
    const result = await subtractWith(input, first, second, stars, workshop, voice)
    putModel(m, box, first, second, result)
    const share = finish(input, first, second, stars, result, workshop)
    m.shares.push({ core, share })
    putDifference(m, box, result)
    m.kernels.add(result, core, box)
    const { direction, fluxScale, diagnostics } = result
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
    const size = { width: report.width, height: report.height }
    const blank = { ...size, data: arena.float32(size.width * size.height).fill(Number.NaN) }
    for (const name of ['difference', 'noise', 'model'] as const)
      files[name].write(core.x0 - region.x0, core.y0 - region.y0, blank)
    voice.warn(
      `${label} (columns ${core.x0 + 1}–${core.x1}, rows ${core.y0 + 1}–${core.y1}): ${error.message}`,
    )
    return { ...report, kernelSum: null, direction: 'none', failed: error.message }
  }
}

/** Whitens the difference where that is asked for, and returns its share of the frame's aperture fluxes. */
function finish(
  input: SubtractWork,
  first: SubtractInput,
  second: SubtractInput,
  stars: { x: Float64Array; y: Float64Array },
  result: Difference,
  workshop: Workshop,
): number {
  // What ZOGY gives is white as it comes.
  if (isZogy(result)) {
    const { width, height } = first.plane
    const own = pointSpreadOf(first, stars)(width >> 1, height >> 1)
    return shareOfPoints(own, result.psf, input, workshop)
  }
  const white = input.config.sub_decorrelate
  if (!white && result.direction === 'template') return 1
  return workshop.arena.during(() => {
    const alone = frameAlone(first, second, result, workshop)
    if (white) {
      const unused = result.mask.data.slice()
      const filter = whiten(first, second, result, workshop)
      convolveInPlace(alone, unused, filter, workshop)
    }
    return shareOfStars(first.plane, alone, result.mask, aloneAmong(stars, input.fwhm), input, workshop)
  })
}

const isZogy = (result: Difference): result is ZogyDifference => result.method === 'zogy'

/** What was taken away from the frame in the core of a tile, on its flux scale. */
function putModel(
  { input: { region }, core, files }: Mosaic,
  box: Box,
  first: SubtractInput,
  second: SubtractInput,
  { difference, direction, fluxScale }: Difference,
): void {
  const [left, wide, long] = [core.x0 - region.x0, core.x1 - core.x0, box.x1 - box.x0]
  const model: Plane = { width: wide, height: 1, data: new Float32Array(wide) }
  for (let y = core.y0 - region.y0; y < core.y1 - region.y0; y++) {
    const from = (y - box.y0) * long + left - box.x0
    for (let x = 0; x < wide; x++)
      model.data[x] =
        direction === 'template'
          ? first.plane.data[from + x]! - difference.data[from + x]!
          : second.plane.data[from + x]! * fluxScale
    files.model.write(left, y, model)
  }
}

/** Writes the core of a tile; masked pixels of the difference are blank, for zero would be a value. */
function putDifference(
  { input: { region }, core, files, bad }: Mosaic,
  box: Box,
  { difference, noise, mask }: Difference,
): void {
  const [left, wide, long] = [core.x0 - region.x0, core.x1 - core.x0, box.x1 - box.x0]
  const row = (): Plane => ({ width: wide, height: 1, data: new Float32Array(wide) })
  const [residue, sigma] = [row(), row()]
  for (let y = core.y0 - region.y0; y < core.y1 - region.y0; y++) {
    const from = (y - box.y0) * long + left - box.x0
    const to = y * bad.width + left
    bad.data.set(mask.data.subarray(from, from + wide), to)
    sigma.data.set(noise.data.subarray(from, from + wide))
    for (let x = 0; x < wide; x++)
      residue.data[x] = bad.data[to + x] === 0 ? difference.data[from + x]! : Number.NaN
    files.difference.write(left, y, residue)
    files.noise.write(left, y, sigma)
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
export function kernelOptions(config: TaskConfig): (name: string) => number | undefined {
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
  // Or the wings of others widen the point spread.
  const alone = aloneAmong(positions, fwhm)
  const { psf } = modelPsf(
    plane,
    [...alone.x.subarray(0, mostPsfStars)],
    [...alone.y.subarray(0, mostPsfStars)],
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

/** Stars without another near them, where at least eight are; in the order given, which is the brightest first. */
function aloneAmong(
  stars: { x: Float64Array; y: Float64Array },
  fwhm: number,
): { x: Float64Array; y: Float64Array } {
  const { x, y } = stars
  const rows = [...x.keys()].filter((i) =>
    x.every((other, k) => k === i || Math.hypot(other - x[i]!, y[k]! - y[i]!) > 3 * fwhm),
  )
  if (rows.length < 8) return stars
  return { x: Float64Array.from(rows, (i) => x[i]!), y: Float64Array.from(rows, (i) => y[i]!) }
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

/** Brightest pixel of a star over the noise, from which it tells more of the kernel than its noise takes away. */
const bright = 30
/** So many are taken in any case. */
const leastStars = 30

/**
 * Stars that stand out of the noise of both pictures. The noise of the one that is convolved counts as light of its own in the fit of
 * the kernel, and each faint star makes its sum smaller.
 */
export function standingOut(
  stars: { readonly x: Float64Array; readonly y: Float64Array },
  sides: readonly Pick<SubtractInput, 'plane' | 'noise'>[],
): { x: Float64Array; y: Float64Array } {
  const contrast = Float64Array.from(stars.x, (x, i) =>
    Math.min(...sides.map(({ plane, noise }) => peakNear(plane, x, stars.y[i]!) / rmsOf(noise))),
  )
  const order = [...contrast.keys()]
    .filter((i) => contrast[i]! > 0)
    .toSorted((i, j) => contrast[j]! - contrast[i]!)
  const rows = order.slice(0, Math.max(leastStars, order.findLastIndex((i) => contrast[i]! >= bright) + 1))
  return { x: Float64Array.from(rows, (i) => stars.x[i]!), y: Float64Array.from(rows, (i) => stars.y[i]!) }
}

const rmsOf = (noise: SubtractInput['noise']): number =>
  noise !== undefined && 'rms' in noise && noise.rms !== undefined ? noise.rms : 1

function peakNear({ width, height, data }: Plane, x: number, y: number): number {
  const [cx, cy] = [Math.round(x), Math.round(y)]
  let peak = 0
  for (let v = Math.max(0, cy - 1); v <= Math.min(height - 1, cy + 1); v++)
    for (let u = Math.max(0, cx - 1); u <= Math.min(width - 1, cx + 1); u++)
      peak = Math.max(peak, data[v * width + u]!)
  return peak
}
