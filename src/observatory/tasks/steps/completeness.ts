import type { ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import { tableOf } from '#science/table/table.ts'
import type { CompletenessFindings, Limit } from '#observatory/tasks/findings.ts'
import { at, type StepContext } from './context.ts'
import { injectIntoFrame } from './injection-work.ts'
import type { MeasureInput } from './measure-work.ts'
import { writeTable } from './tables.ts'
import { runSpeaking } from './voice.ts'

/** How many artificial stars photometry finds again, by magnitude: completeness.parquet, injected.parquet, and the limits. */
export async function completenessOfFrame(
  context: StepContext,
  input: MeasureInput & { fwhm: number },
  model: ZeroPoint,
  limits: { bySn: readonly Limit[]; background: { mag: number } | null },
): Promise<CompletenessFindings | null> {
  const { config } = context
  if (config.inject_stars === 0) return null
  const limit = limits.bySn.find(({ sn }) => sn === config.sn)?.mag ?? limits.background?.mag ?? null
  if (limit === null) {
    context.warn(
      'No artificial stars are put in: the limit of the frame about which to draw them is not known.',
    )
    return null
  }
  const [brightest, faintest] = [config.inject_from ?? limit - 2.5, config.inject_to ?? limit + 1.5]
  const { curve, ...stars } = await runSpeaking(context, injectIntoFrame, {
    ...input,
    model,
    brightest,
    faintest,
    count: config.inject_stars,
    seed: config.inject_seed,
  })
  for (const warning of curve.warnings) context.warn(warning)
  const meta = { seed: config.inject_seed, stars: config.inject_stars, point_spread: stars.stars }
  const column = (name: string, values: number[], unit: string | undefined, description: string) => ({
    name,
    values: Float64Array.from(values),
    ...(unit === undefined ? {} : { unit }),
    description,
  })
  await writeTable(
    context.columns,
    at(context, 'completeness.parquet'),
    tableOf({
      meta,
      columns: [
        column(
          'mag',
          curve.bins.map((bin) => bin.magnitude),
          'mag',
          'Middle of the bin',
        ),
        column(
          'injected',
          curve.bins.map((bin) => bin.injected),
          undefined,
          'Artificial stars',
        ),
        column(
          'found',
          curve.bins.map((bin) => bin.found),
          undefined,
          'Of them found',
        ),
        column(
          'fraction',
          curve.bins.map((bin) => bin.share),
          undefined,
          'found / injected',
        ),
        column(
          'fraction_low',
          curve.bins.map((bin) => bin.low),
          undefined,
          'Lower end of its 68 % range',
        ),
        column(
          'fraction_high',
          curve.bins.map((bin) => bin.high),
          undefined,
          'Upper end of it',
        ),
      ],
    }),
    context.signal,
  )
  await writeTable(
    context.columns,
    at(context, 'injected.parquet'),
    tableOf({
      meta,
      columns: [
        column('x', [...stars.x], 'pix', 'Where it was put; the first pixel is 0'),
        column('y', [...stars.y], 'pix', 'Where it was put; the first pixel is 0'),
        column('mag', [...stars.magnitude], 'mag', 'Calibrated magnitude that it was given'),
        { name: 'found', type: 'boolean', values: stars.found, description: 'Found again' },
        column(
          'flux_ratio',
          [...stars.ratio],
          undefined,
          'Measured over given flux; NaN where it was not found',
        ),
      ],
    }),
    context.signal,
  )
  const words = (share: number, found: { magnitude: number; error: number } | null): string =>
    `${share} % ${found ? `at ${found.magnitude.toFixed(2)} ± ${found.error.toFixed(2)} mag` : 'not reached'}`
  context.log(
    `Completeness from ${config.inject_stars} artificial stars (seed ${config.inject_seed}): ${words(90, curve.limit90)}, ${words(50, curve.limit50)}; ${(100 * curve.most).toFixed(0)} % of the brightest are found.`,
  )
  return {
    stars: config.inject_stars,
    seed: config.inject_seed,
    limit50: curve.limit50,
    limit90: curve.limit90,
    most: curve.most,
    bins: curve.bins,
  }
}
