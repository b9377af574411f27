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
 * Figure of merit of convolving the template and of convolving the science frame: variance of a point source's flux in the difference
 * on the science frame's scale, times how much worse than noise the stars' residuals are. The lesser is better. It grows both
 * where a kernel has to sharpen, and so amplifies noise, and where it fits badly.
 */
export function directionMerits(
  science: Frame,
  template: Frame,
  fwhm: Seeing,
  options: SubtractOptions,
  workshop: Workshop,
): { template: number; science: number } {
  const merit = (convolvesTemplate: boolean): number => {
    const [reference, convolved] = convolvesTemplate ? [science, template] : [template, science]
    const [own, other] = convolvesTemplate ? [fwhm.science, fwhm.template] : [fwhm.template, fwhm.science]
    const basis = kernelBasis(usualBasis(own, other, options.basis))
    const halfWidth = Math.min(15, stampHalfWidth(own, other, options))
    const { chosen } = chooseStamps(
      reference,
      convolved,
      { most: STARS, halfWidth, reach: basis.halfWidth },
      options.positions,
    )
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
      const middle: Stamp = chosen[0]
      const kernel = kernelAt(model, middle.x, middle.y)
      let [sum, squares] = [0, 0]
      for (const k of kernel) {
        sum += k
        squares += k * k
      }
      const scale = convolvesTemplate ? 1 : 1 / sum
      const noise = (reference.rms ** 2 + convolved.rms ** 2 * squares) * scale ** 2
      const chi2 = stars.map((star) => star.chi2).sort((a, b) => a - b)[stars.length >> 1]
      const value = noise * Math.max(1, chi2) * own ** 2
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
