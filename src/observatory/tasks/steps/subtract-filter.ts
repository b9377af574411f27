import { filterNamed } from '#science/image/calibration/filters.ts'
import { shapeOutliers } from '#science/image/calibration/shape-outliers.ts'
import type { Adjustment } from '#science/image/candidates/adjust.ts'
import { sourceFlags } from '#science/image/plane.ts'
import { unwantedFlags } from '#observatory/tasks/candidate-filter.ts'
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
    'are flagged',
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

/** Flags detections whose shape is unlike that of the objects of the frame. */
function flagAgainst(detections: Objects, science: Objects): void {
  const join = (pick: (objects: Objects) => ArrayLike<number>): Float64Array =>
    Float64Array.from([...Array.from(pick(science)), ...Array.from(pick(detections), Math.abs)])
  const { outlier } = shapeOutliers({
    x: join((o) => o.x),
    y: join((o) => o.y),
    magnitude: join((o) => o.fluxAuto).map((flux) => -2.5 * Math.log10(flux)),
    halfLightRadius: join((o) => o.fluxRadius),
    fwhm: join((o) => o.fwhm),
    peak: join((o) => o.fluxMax),
    flux: join((o) => o.fluxAuto),
    flags: Float64Array.from([...science.flags, ...detections.flags.map(() => 1)]),
  })
  for (let i = 0; i < detections.rows; i++)
    if (outlier[science.rows + i] === 1) detections.flags[i]! |= sourceFlags.shapeOutlier
}
