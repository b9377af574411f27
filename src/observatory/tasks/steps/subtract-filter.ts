import { filterNamed } from '#science/image/calibration/filters.ts'
import type { Adjustment } from '#science/image/candidates/adjust.ts'
import { madSigma, medianOf } from '#science/image/median.ts'
import { sourceFlags } from '#science/image/plane.ts'
import { flagCounts, unwantedFlags } from '#observatory/tasks/candidate-filter.ts'
import { needs, type StepContext } from './context.ts'
import { placeOf, type bestWcs } from './frame-wcs.ts'
import { knownMovers } from './known-movers.ts'
import { knownStars } from './known-stars.ts'
import type { Objects } from './objects.ts'

/** What was found on a difference, and what the frame itself shows. */
export interface Found {
  readonly detections: Objects
  readonly adjustments: readonly (Adjustment | null)[]
  readonly science: Objects
  readonly wcs: NonNullable<ReturnType<typeof bestWcs>>
}

/** Rows of the detections that may be new or changed sources, and the checks that could not be made. */
export async function plausible(
  context: StepContext,
  { detections, adjustments, science, wcs }: Found,
): Promise<{ kept: number[]; without: string[] }> {
  const { config } = context
  const frame = needs(context, 'inspect')
  const measured = needs(context, 'photometry')
  const count = (n: number): string => n.toLocaleString('en-US')
  if (config.filter_prefilter) flagAgainst(detections, science)
  const unwanted = unwantedFlags(config.filter_prefilter) | sourceFlags.badSky
  let kept = [...detections.flags.keys()]
  const drop = (why: string, left: number[]): void => {
    if (left.length < kept.length)
      context.log(`${count(kept.length - left.length)} ${why}, ${count(left.length)} left.`)
    kept = left
  }
  drop(
    `are flagged (${flagCounts(detections.flags, unwanted)})`,
    kept.filter((i) => (detections.flags[i]! & unwanted) === 0),
  )
  if (config.filter_center.trim() !== '') {
    const { ra, dec } = await placeOf(context, config.filter_center)
    const place = wcs.skyToPixel(ra, dec)
    const radius = config.filter_sr0 / wcs.pixelScaleDeg()
    if (place)
      drop(
        `lie further than ${config.filter_sr0}° from ${config.filter_center}`,
        kept.filter((i) => Math.hypot(detections.x[i]! - place[0], detections.y[i]! - place[1]) <= radius),
      )
  }
  if (config.filter_adjust)
    drop(
      'are explained by a shift or scale of the template',
      kept.filter(
        (i) => !onlyMisaligned(adjustments[i] ?? null, detections.flux[i]! / detections.fluxErr[i]!),
      ),
    )
  const sky = wcs.pixelsToSky(detections.x, detections.y)
  const fwhmArcsec = measured.fwhm * measured.field.pixelScaleArcsec
  const without: string[] = []
  if (config.filter_vizier && kept.length > 0) {
    const known = await knownStars(
      context,
      {
        ra: Float64Array.from(kept, (i) => sky.ra[i]!),
        dec: Float64Array.from(kept, (i) => sky.dec[i]!),
        mag: null,
      },
      {
        filter: filterNamed(frame.filter.value).name,
        radiusArcsec: fwhmArcsec,
        brighterBy: 0,
        blendArcsec: null,
      },
    )
    without.push(...known.without)
    drop(
      'are known stars',
      kept.filter((_, k) => known.rejected[k] === 0),
    )
  }
  if (config.filter_skybot && kept.length > 0) {
    const known = await knownMovers(context, {
      ra: Float64Array.from(kept, (i) => sky.ra[i]!),
      dec: Float64Array.from(kept, (i) => sky.dec[i]!),
    })
    without.push(...known.without)
    drop(
      'are minor planets',
      kept.filter((_, k) => known.names[k] === null),
    )
  }
  return { kept, without }
}

/**
 * What a shift explains loses its χ² by it. Of a faint source, whose pixels hardly differ from noise one by one, the test
 * alone would say that all is explained; so half of the source's own significance has to go.
 */
function onlyMisaligned(
  adjustment: { explained: boolean; chi2Before: number; chi2: number } | null,
  sn: number,
): boolean {
  return adjustment !== null && adjustment.explained && adjustment.chi2Before - adjustment.chi2 > sn ** 2 / 2
}

/** Further from a star's shape than this many σ of it, of the detection's noise and the scatter of stars. */
const mostUnlike = 4
/** Stars and point spread differ by so much from place to place, in logarithms. */
const leastScatter = 0.1

/**
 * Flags detections that are sharper or wider than stars of the frame by more than their noise explains. Isophotes would tell
 * less: of a source that is a few times its threshold they say how noise lies around it.
 */
export function flagAgainst(detections: Objects, science: Objects): void {
  const sharpness = (o: Objects, i: number): number => Math.log(Math.abs(o.fluxMax[i]! / o.flux[i]!))
  const width = (o: Objects, i: number): number => Math.log(o.fluxRadius[i]!)
  const sn = (o: Objects, i: number): number => Math.abs(o.flux[i]!) / o.fluxErr[i]!
  const stars = [...science.flags.keys()].filter((i) => science.flags[i] === 0 && sn(science, i) > 20)
  if (stars.length < 20) return
  const usual = (feature: typeof width): { middle: number; scatter: number } => {
    const values = Float64Array.from(stars, (i) => feature(science, i)).filter(Number.isFinite)
    const middle = medianOf(values)
    return { middle, scatter: Math.max(leastScatter, madSigma(values, middle)) }
  }
  const [sharp, wide] = [usual(sharpness), usual(width)]
  for (let i = 0; i < detections.rows; i++) {
    const share = 1 / sn(detections, i)
    // An aperture of about as many pixels as the square of the FWHM, that of stars being two half-light radii.
    const pixels = Math.PI * (2 * Math.exp(wide.middle)) ** 2
    const peak = detections.fluxErr[i]! / Math.sqrt(pixels) / Math.abs(detections.fluxMax[i]!)
    const sharper = (sharpness(detections, i) - sharp.middle) / Math.hypot(sharp.scatter, share, peak)
    const wider = (width(detections, i) - wide.middle) / Math.hypot(wide.scatter, 1.5 * share)
    if (!(sharper < mostUnlike && wider < mostUnlike)) detections.flags[i]! |= sourceFlags.shapeOutlier
  }
}
