import { drawPsf, emptyPsfImage, placePsf, type PsfImage, type SplinePsf } from './psf.ts'
import type { GridStar } from './grid.ts'

/** Relative error of fluxes from place to place that a point spread may bring. */
export const mostWavering = 0.008

/** A star of the model, and what it was before. */
export interface ModelStar {
  readonly row: number
  readonly star: GridStar
  readonly given: readonly [number, number]
  /** Where pixels can be used at all. */
  readonly good: Uint8Array
  /** Pixels as they were read; the star's `values` are those over its own level. */
  readonly read: Float64Array
  level: number
  chi2: number
  residual: number
}

/** Finds the mean of what a star's model leaves further out than `from`; how many pixels that is. */
function levelBeside(psf: SplinePsf, each: ModelStar, image: PsfImage, from: number): number {
  const { star, read } = each
  placePsf(image, psf, star.x, star.y)
  drawPsf(image, psf, star.x, star.y, star.x0, star.y0)
  const side = 2 * psf.radius + 1
  let [sum, count] = [0, 0]
  for (let p = 0; p < read.length; p++) {
    if (star.weights[p] === 0) continue
    const [dx, dy] = [(p % side) - psf.radius, Math.floor(p / side) - psf.radius]
    if (dx * dx + dy * dy < from * from) continue
    sum += read[p] - star.flux * image.values[p]
    count++
  }
  each.level = count > 0 ? sum / count : 0
  return count
}

/**
 * What stands under stars (sources that were not found, a wrong background) does not grow with their flux; wings do.
 * Of the levels that were fitted, the part that is proportional to the flux is given back to the point spread, which has
 * taken it for one. Where the stars cannot tell the two apart (too few, all of one flux), there are no levels.
 */
export function settleLevels(
  psf: SplinePsf,
  stars: readonly ModelStar[],
  { noise, fwhm }: { readonly noise: number; readonly fwhm: number },
): void {
  const image = emptyPsfImage(psf)
  const pixels = image.values.length
  let far = 0
  for (const each of stars) far = Math.max(far, levelBeside(psf, each, image, 1.5 * fwhm))
  const least = noise / Math.sqrt(far)
  // The wings of bright stars tell what is proportional; a model that is not right there yet must not bend the rest.
  const weight = ({ star }: ModelStar) => 1 / (least ** 2 + ((mostWavering * star.flux) / pixels) ** 2)
  let used = stars.filter(({ star }) => star.used)
  let [slope, error, common, scatter] = [0, Infinity, 0, 0]
  for (let pass = 0; pass < 3 && used.length >= 8; pass++) {
    const all = used.reduce((sum, each) => sum + weight(each), 0)
    const mean = (of: (each: ModelStar) => number) =>
      used.reduce((sum, each) => sum + weight(each) * of(each), 0) / all
    const flux = mean(({ star }) => star.flux)
    const level = mean((each) => each.level)
    const square = mean(({ star }) => (star.flux - flux) ** 2)
    slope = mean((each) => (each.star.flux - flux) * (each.level - level)) / square
    common = level - slope * flux
    const off = (each: ModelStar) => each.level - common - slope * each.star.flux
    scatter = Math.sqrt(mean((each) => off(each) ** 2))
    error = scatter / Math.sqrt(used.length * square)
    const most = (2.5 * scatter) ** 2 * (all / used.length)
    used = used.filter((each) => off(each) ** 2 * weight(each) <= most)
  }
  const told =
    error * pixels < mostWavering &&
    Math.abs(common) > (3 * Math.max(scatter, least)) / Math.sqrt(used.length)
  // Of differences between stars, what is more than noise.
  const own = told ? Math.max(0, 1 - (least / scatter) ** 2) : 0
  for (const each of stars) {
    each.level = told ? common + own * (each.level - common - slope * each.star.flux) : 0
    for (let p = 0; p < each.read.length; p++) each.star.values[p] = each.read[p] - each.level
  }
}
