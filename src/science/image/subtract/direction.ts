/** Which frame should be convolved. */
import type { Workshop } from '#science/image/workshop.ts'
import { kernelBasis, usualBasis } from './basis.ts'
import { fitKernel } from './fit.ts'
import { kernelAt } from './model.ts'
import type { Frame } from './noise.ts'
import type { SubtractOptions } from './options.ts'
import { chooseStamps, type Stamp } from './stamps.ts'

export interface Seeing {
  science: number
  template: number
}

/** Stars that are enough to tell. */
const STARS = 40

/**
 * Figure of merit of convolving the template and of convolving the science frame; the lesser is better: how much worse than noise the
 * residuals of a constant kernel are, times the square of Σ |K| over Σ K. That grows where a kernel has to sharpen, which makes
 * rings and amplifies noise and whatever a frame has wrong.
 */
export function directionMerits(
  science: Frame,
  template: Frame,
  found: readonly Stamp[],
  fwhm: Seeing,
  options: SubtractOptions,
  workshop: Workshop,
): { template: number; science: number } {
  const merit = (convolvesTemplate: boolean): number => {
    const [reference, convolved] = convolvesTemplate ? [science, template] : [template, science]
    const [own, other] = convolvesTemplate ? [fwhm.science, fwhm.template] : [fwhm.template, fwhm.science]
    const basis = kernelBasis(usualBasis(own, other, options.basis))
    const halfWidth = Math.min(15, stampHalfWidth(own, other, options))
    const chosen = chooseStamps(reference, convolved, found, {
      most: STARS,
      halfWidth,
      reach: basis.halfWidth,
    })
    if (chosen.length === 0) return Infinity
    try {
      const { model, stars } = fitKernel(
        {
          reference,
          convolved,
          basis,
          stamps: chosen,
          orders: { kernel: 0, scale: 0, width: reference.plane.width, height: reference.plane.height },
          backgroundOrder: 0,
          halfWidth,
          clip: 4,
          holdOut: 0,
          rounds: 1,
          sigma: matchSigma(own, other),
        },
        workshop,
      )
      const kernel = kernelAt(model, chosen[0].x, chosen[0].y)
      let [sum, size] = [0, 0]
      for (const k of kernel) {
        sum += k
        size += Math.abs(k)
      }
      const chi2 = stars.map((star) => star.chi2).sort((a, b) => a - b)[stars.length >> 1]
      const value = Math.max(1, chi2) * (size / sum) ** 2
      return sum > 0 && value > 0 ? value : Infinity
    } catch {
      return Infinity
    }
  }
  return { template: merit(true), science: merit(false) }
}

/** σ of the Gaussian that takes one width to the other, at least half a pixel. */
export function matchSigma(fwhmReference: number, fwhmConvolved: number): number {
  return Math.max(0.5, Math.sqrt(Math.abs(fwhmReference ** 2 - fwhmConvolved ** 2)) / 2.3548)
}

/** Half width of the square around each star: far enough into the wings, a whole number of SIMD lanes with one pixel to spare. */
export function stampHalfWidth(own: number, other: number, { stamps }: SubtractOptions): number {
  if (stamps?.halfWidth) return stamps.halfWidth
  const wanted = 3.2 * Math.max(own, other)
  return wanted <= 8 ? 7 : wanted <= 18 ? 15 : 23
}
