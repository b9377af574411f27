/**
 * Image subtraction by Alard & Lupton (1998) with a kernel and background that vary over the frame (Alard 2000): the kernel that turns
 * one frame's stars into the other's is fitted on many stars, each pixel by its noise, and applied everywhere.
 */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { differenceStrip, stripsOf } from './apply.ts'
import { kernelBasis, usualBasis } from './basis.ts'
import { directionMerits, matchSigma, stampHalfWidth, type Seeing } from './direction.ts'
import { fitKernel } from './fit.ts'
import { correlationFactor, kernelAt, kernelSumAt, type KernelModel } from './model.ts'
import { frameOf, type Frame } from './noise.ts'
import type { MatchedDifference, SubtractDiagnostics, SubtractInput, SubtractOptions } from './options.ts'
import { polynomialCount } from './polynomial.ts'
import { chooseStamps, findStars, medianFwhm, type Stamp } from './stamps.ts'

/** Stars for the fit unless said otherwise: they fill the frame of 2048² and leave time for the rest. */
const MOST_STARS = 250

/** Error of the kernel's sum, as a share of it, above which it is said. */
const LARGE_ERROR = 0.004

/** Of fewer stars, one that varies unnoticed makes more than that error. */
const FEW = 15

/**
 * Science − template, on the science frame's flux scale. Both frames lie on the same grid; results are planes on the workshop's memory.
 *
 * Throws Problem `subtract.shape` where planes differ in size, `subtract.empty` where a frame has no usable pixel, `subtract.no_stars` where no
 * star stands out in both, `subtract.no_fit` where those there do not determine a kernel.
 */
export function subtract(
  science: SubtractInput,
  template: SubtractInput,
  options: SubtractOptions,
  workshop: Workshop,
): MatchedDifference {
  const frames = { science: readyFrame('science', science), template: readyFrame('template', template) }
  sameShape(science, template)
  const notes: string[] = []
  const most = options.stamps?.most ?? MOST_STARS
  const found = findStars(frames.science, frames.template, most, options.positions)
  const fwhm = seeingOf(science, template, frames, found, notes)
  const { direction, merit } = directionOf(frames, found, fwhm, options, workshop)
  const reversed = direction === 'science'
  const [reference, convolved] = reversed
    ? [frames.template, frames.science]
    : [frames.science, frames.template]
  const [own, other] = reversed ? [fwhm.template, fwhm.science] : [fwhm.science, fwhm.template]
  const { width, height } = reference.plane
  const room = Math.floor((Math.min(width, height) - 3) / 4)
  const shape = usualBasis(own, other, options.basis)
  if (shape.halfWidth > room) {
    notes.push(
      `The kernel was cut from ${shape.halfWidth} to ${Math.max(1, room)} pixels of half width: the frame is small.`,
    )
    shape.halfWidth = Math.max(1, room)
  }
  const basis = kernelBasis(shape)
  const halfWidth = Math.max(2, Math.min(room, stampHalfWidth(own, other, options)))
  const chosen = chooseStamps(reference, convolved, found, { most, halfWidth, reach: basis.halfWidth })
  if (chosen.length === 0) {
    throw new Problem(
      'subtract.no_stars',
      found.length > 0
        ? `None of ${found.length} stars has room for a kernel of ${basis.halfWidth} px without masked pixels; give a smaller kernel, a better mask or other positions.`
        : 'No star stands out in both frames; check that they are aligned, or give positions of stars.',
    )
  }
  const orders = ordersFor(chosen.length, options, notes)
  const fit = fitKernel(
    {
      reference,
      convolved,
      basis,
      stamps: chosen,
      orders: { kernel: orders.kernel, scale: orders.scale, width, height },
      backgroundOrder: orders.background,
      halfWidth,
      clip: options.clip ?? 4,
      holdOut: options.holdOut ?? 0.1,
      rounds: 1,
      sigma: matchSigma(own, other),
    },
    workshop,
  )
  const { arena, crew } = workshop
  const plane = () => ({ width, height, data: arena.float32(width * height) })
  const difference = plane()
  const noise = plane()
  const mask = { width, height, data: arena.uint8(width * height) }
  const matched = options.convolved ? plane() : null
  const middle = kernelAt(fit.model, (width - 1) / 2, (height - 1) / 2)
  const spread = correlationFactor(middle, fit.model.halfWidth, own)
  const correlation = options.noiseFor === 'pixels' ? 1 : spread
  const strips = stripsOf({
    reference,
    convolved,
    model: fit.model,
    reversed,
    difference: difference.data,
    noise: noise.data,
    mask: mask.data,
    correlation,
    matched: matched?.data ?? null,
  })
  const usable = crew.each(differenceStrip, strips, workshop).reduce((sum, n) => sum + n, 0)
  const smoothed = middle.reduce((sum, k) => sum + k * k, 0) * convolved.rms ** 2
  const raised = (reference.rms ** 2 + spread * smoothed) / (reference.rms ** 2 + smoothed)
  const kernelSum = { ...sumsOf(fit.model), error: fit.sumError * Math.sqrt(raised) }
  if (!(kernelSum.centre > 0)) {
    throw new Problem(
      'subtract.no_fit',
      `The kernel that fits best has a sum of ${kernelSum.centre.toPrecision(2)}: the frames do not show the same stars. Check that the template lies on the same sky.`,
      { kernelSum: kernelSum.centre },
    )
  }
  const taking = fit.stars.filter((star) => star.use === 'fit').length
  if (kernelSum.error > LARGE_ERROR * kernelSum.centre || taking < FEW) {
    notes.push(
      `The flux scale is known to ${((100 * kernelSum.error) / kernelSum.centre).toFixed(1)} % at best, by ${taking} stars: more or brighter ones would tell it better.`,
    )
  }
  if (usable === 0) {
    notes.push('No pixel of the difference is usable: masked pixels, spread by the kernel, cover everything.')
  }
  const uses = (use: string) => fit.stars.filter((star) => star.use === use).length
  const diagnostics: SubtractDiagnostics = {
    kernelSum,
    noiseFactor: middle.reduce((sum, k) => sum + k * k, 0),
    correlation,
    chi2: fit.chi2,
    stamps: { found: found.length, fit: uses('fit'), heldOut: uses('held out'), rejected: uses('rejected') },
    clippedPixels: fit.clippedPixels,
    stars: fit.stars,
    fwhm,
    merit,
    usable: usable / (width * height),
    notes,
  }
  return {
    method: 'al98',
    difference,
    noise,
    mask,
    convolved: matched,
    direction,
    fluxScale: reversed ? 1 / kernelSum.centre : kernelSum.centre,
    kernel: fit.model,
    diagnostics,
  }
}

export function readyFrame(name: string, input: SubtractInput): Frame {
  const frame = frameOf(input)
  if (Number.isFinite(frame.level)) {
    // A frame without noise has no stars and no weights; then every pixel counts alike.
    return frame.rms > 0 ? frame : { ...frame, rms: 1e-6 * Math.max(1, Math.abs(frame.level)) }
  }
  throw new Problem(
    'subtract.empty',
    `The ${name} frame has no usable pixel: all are masked, saturated or without a value; check its mask and saturation level.`,
  )
}

export function sameShape(science: SubtractInput, template: SubtractInput): void {
  const { width, height } = science.plane
  const planes = { template: template.plane, 'science mask': science.mask, 'template mask': template.mask }
  for (const [name, plane] of Object.entries(planes)) {
    if (!plane || (plane.width === width && plane.height === height)) continue
    throw new Problem(
      'subtract.shape',
      `The ${name} has ${plane.width} × ${plane.height} pixels, the science frame ${width} × ${height}; bring it to the same grid first.`,
    )
  }
}

/** FWHMs given, or measured on stars that both frames show. */
export function seeingOf(
  science: SubtractInput,
  template: SubtractInput,
  frames: { science: Frame; template: Frame },
  found: readonly Stamp[],
  notes: string[],
): Seeing {
  const given = { science: science.fwhm, template: template.fwhm }
  if (given.science !== undefined && given.template !== undefined) {
    return { science: given.science, template: given.template }
  }
  const chosen = chooseStamps(frames.science, frames.template, found, { most: 60, halfWidth: 10, reach: 10 })
  const measured = (name: 'science' | 'template'): number => {
    const value = given[name] ?? medianFwhm(frames[name], chosen)
    if (value > 0) return value
    notes.push(`The FWHM of the ${name} frame could not be measured and is taken as 4 px.`)
    return 4
  }
  return { science: measured('science'), template: measured('template') }
}

function directionOf(
  frames: { science: Frame; template: Frame },
  found: readonly Stamp[],
  fwhm: Seeing,
  options: SubtractOptions,
  workshop: Workshop,
): { direction: 'template' | 'science'; merit: SubtractDiagnostics['merit'] } {
  if (options.direction === 'template' || options.direction === 'science') {
    return { direction: options.direction, merit: null }
  }
  const merit = directionMerits(frames.science, frames.template, found, fwhm, options, workshop)
  if (!(merit.template < Infinity) && !(merit.science < Infinity)) {
    return { direction: fwhm.template <= fwhm.science ? 'template' : 'science', merit: null }
  }
  return { direction: merit.template <= merit.science ? 'template' : 'science', merit }
}

/** Orders that the number of stars can carry: three stars for each polynomial. */
function ordersFor(
  stars: number,
  options: SubtractOptions,
  notes: string[],
): { kernel: number; scale: number; background: number } {
  const fitting = (what: string, wanted: number) => {
    let order = wanted
    while (order > 0 && stars < 3 * polynomialCount(order)) order--
    if (order < wanted) {
      notes.push(`${what} varies by order ${order} instead of ${wanted}: there are only ${stars} stars.`)
    }
    return order
  }
  return {
    kernel: fitting('The kernel', options.kernelOrder ?? 2),
    scale: fitting('The flux scale', options.scaleOrder ?? 0),
    background: fitting('The background', options.backgroundOrder ?? 1),
  }
}

function sumsOf(model: KernelModel): Omit<SubtractDiagnostics['kernelSum'], 'error'> {
  const { width, height } = model
  const sums: number[] = []
  for (let j = 0; j <= 8; j++) {
    for (let i = 0; i <= 8; i++) sums.push(kernelSumAt(model, ((width - 1) * i) / 8, ((height - 1) * j) / 8))
  }
  return {
    centre: kernelSumAt(model, (width - 1) / 2, (height - 1) / 2),
    least: Math.min(...sums),
    greatest: Math.max(...sums),
  }
}
