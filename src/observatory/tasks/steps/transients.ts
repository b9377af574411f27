import { mkdir } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import { iauDesignation } from '#science/sky/angles.ts'
import { separation } from '#science/sky/vectors.ts'
import { nearestSky } from '#science/sources/match.ts'
import { writeWhole } from '#platform/files/whole.ts'
import { brightest, flagCounts, unwantedFlags } from '#observatory/tasks/candidate-filter.ts'
import type { TransientFindings } from '#observatory/tasks/findings.ts'
import { at, needs, type Step, type StepContext } from './context.ts'
import { besideCutouts } from './beside.ts'
import { cutout } from './cutouts.ts'
import { bestWcs } from './frame-wcs.ts'
import { placeOf } from './frame-wcs.ts'
import { knownMovers } from './known-movers.ts'
import { knownStars } from './known-stars.ts'
import {
  chosenCalibrated,
  objectsFrom,
  objectsTable,
  regionsOf,
  type CalibratedObjects,
} from './objects-table.ts'
import { hasColumn, numbersOf, readTable, writeTable } from './tables.ts'

const count = (value: number): string => value.toLocaleString('en-US')

/** Objects of the frame that no catalogue, no blend of stars and no minor planet explains. */
export const transients: Step<'transients'> = {
  name: 'transients',
  title: 'Transients: objects that catalogues do not know',
  async run(context) {
    const { config } = context
    const frame = needs(context, 'inspect')
    const measured = needs(context, 'photometry')
    const table = await readTable(context.columns, at(context, 'objects.parquet'), context.signal)
    const all = objectsFrom(table)
    const { objects, ra, dec, magCalib } = all
    const fwhmArcsec = measured.fwhm * measured.field.pixelScaleArcsec
    let kept = [...objects.flags.keys()]
    const keep = (why: string, left: number[]): void => {
      if (left.length < kept.length)
        context.log(`${count(kept.length - left.length)} ${why}, ${count(left.length)} left.`)
      kept = left
    }
    context.log(`${count(kept.length)} objects.`)
    if (config.simple_center.trim() !== '') {
      const place = await placeOf(context, config.simple_center)
      const radius = config.simple_sr0 ?? measured.field.radiusDeg
      keep(
        `lie further than ${radius.toFixed(3)}° from ${config.simple_center}`,
        kept.filter((i) => separation(place.ra, place.dec, ra[i]!, dec[i]!) <= radius),
      )
    }
    const unwanted = unwantedFlags(config.simple_prefilter)
    keep(
      `are flagged (${flagCounts(
        kept.map((i) => objects.flags[i]!),
        unwanted,
      )})`,
      kept.filter((i) => (objects.flags[i]! & unwanted) === 0),
    )
    const considered = kept.length
    kept = await againstOthers(context, kept, all, fwhmArcsec / 2, keep)

    const known = await knownStars(
      context,
      {
        ra: Float64Array.from(kept, (i) => ra[i]!),
        dec: Float64Array.from(kept, (i) => dec[i]!),
        mag: Float64Array.from(kept, (i) => magCalib[i]!),
      },
      {
        filter: filterNamed(frame.filter.value).name,
        radiusArcsec: fwhmArcsec / 2,
        brighterBy: config.simple_mag_diff,
        blendArcsec: config.simple_blends ? 2 * fwhmArcsec : null,
      },
    )
    if (known.without.length > 0 && known.without.length === known.asked)
      throw new Problem(
        'task.missing',
        `None of the catalogues (${known.without.join(', ')}) could be asked, so nothing can be told from a known star. Import one ("urania catalogues import FILE --name ${known.without[0]}", or under a name that cat_name says), or try again.`,
      )
    keep(
      'are explained by the catalogues',
      kept.filter((_, k) => known.rejected[k] === 0),
    )
    const without = [...known.without, ...(await dropMovers(context, all, kept, keep))]

    const found = kept.length
    const left = new Set(kept)
    kept = brightest(magCalib, (i) => left.has(i), config.simple_most)
    if (found > kept.length)
      context.log(`The ${count(kept.length)} brightest of ${count(found)} are kept (simple_most).`)
    const names = kept.map((i) => iauDesignation(ra[i]!, dec[i]!, { digits: 2 }))
    const rows = chosenCalibrated(all, kept)
    await writeTable(
      context.columns,
      at(context, 'candidates_simple.parquet'),
      objectsTable(rows, { filter: frame.filter.value, time: frame.time?.value ?? '' }, [
        { name: 'name', values: names, description: 'By its position' },
        {
          name: 'unchecked',
          values: names.map(() => without.join(', ')),
          description: 'Checks that could not be made: catalogues, minor planets',
        },
      ]),
      context.signal,
    )
    await writeWhole(
      at(context, 'candidates_simple.reg'),
      regionsOf(rows.ra, rows.dec, Math.max(2, 2 * fwhmArcsec), (i) => names[i]!),
    )
    await mkdir(at(context, 'candidates_simple'), { recursive: true })
    const places = kept.map((i) => ({ x: objects.x[i]!, y: objects.y[i]! }))
    const beside = await besideCutouts(context, bestWcs(context), places)
    try {
      for (const [k, i] of kept.entries()) {
        context.progress(k + 1, kept.length, 'cut-outs')
        await cutout(
          context,
          `candidates_simple/${names[k]}.fits`,
          places[k]!,
          [
            ['IMAGE', 'image.fits'],
            ['MASK', 'mask.fits'],
            ['FOOTPRINT', 'segmentation.fits'],
            ['FILTERED', 'filtered.fits'],
          ],
          { OBJECT: names[k]!, RA: ra[i]!, DEC: dec[i]!, MAG: magCalib[i]!, MAGERR: all.magCalibErr[i]! },
          beside,
        )
      }
    } finally {
      beside.close()
    }
    context.log(`${count(kept.length)} candidates.`)
    return { considered, candidates: found, kept: kept.length, without } satisfies TransientFindings
  },
}

/** Compares with the objects of other tasks, as simple_others_keep says. @throws Problem `task.missing` for a task that is not there */
async function againstOthers(
  context: StepContext,
  kept: readonly number[],
  { ra, dec }: CalibratedObjects,
  radiusArcsec: number,
  keep: (why: string, left: number[]) => void,
): Promise<number[]> {
  const { simple_others: text, simple_others_keep: which } = context.config
  let left = [...kept]
  for (const id of text.split(/[\s,]+/).filter((word) => word !== '')) {
    const other = await context.sky.task(id)
    if (!other?.objects || !hasColumn(other.objects, 'ra'))
      throw new Problem(
        'task.missing',
        `The task ${id} (simple_others) has no measured objects that may be used here; run its photometry, or name another.`,
      )
    const { index } = nearestSky(
      Float64Array.from(left, (i) => ra[i]!),
      Float64Array.from(left, (i) => dec[i]!),
      numbersOf(other.objects, 'ra'),
      numbersOf(other.objects, 'dec'),
      radiusArcsec,
    )
    left = left.filter((_, k) => index[k]! >= 0 === (which === 'present'))
    keep(which === 'present' ? `are not among the objects of ${id}` : `are among the objects of ${id}`, left)
  }
  return left
}

/** Takes minor planets out; what could not be asked is named. */
async function dropMovers(
  context: StepContext,
  { ra, dec }: CalibratedObjects,
  kept: readonly number[],
  keep: (why: string, left: number[]) => void,
): Promise<string[]> {
  if (!context.config.simple_skybot || kept.length === 0) return []
  const { names, without } = await knownMovers(context, {
    ra: Float64Array.from(kept, (i) => ra[i]!),
    dec: Float64Array.from(kept, (i) => dec[i]!),
  })
  keep(
    'are minor planets',
    kept.filter((_, k) => names[k] === null),
  )
  return without
}
