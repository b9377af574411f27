import { mkdir } from 'node:fs/promises'
import { iauDesignation } from '#science/sky/angles.ts'
import type { ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { writeWhole } from '#platform/files/whole.ts'
import { at, needs, type StepContext } from './context.ts'
import { besideCutouts } from './beside.ts'
import { cutout } from './cutouts.ts'
import { chosenObjects } from './objects.ts'
import { calibrateObjects, objectsTable, regionsOf } from './objects-table.ts'
import { plausible, type Found } from './subtract-filter.ts'
import { writeTable } from './tables.ts'

/** Cut-outs that are written, for the brightest candidates. */
const mostCutouts = 300

const planes = [
  ['IMAGE', 'image.fits'],
  ['TEMPLATE', 'sub_template.fits'],
  ['CONVOLVED', 'sub_conv.fits'],
  ['DIFF', 'sub_diff.fits'],
  ['ERR', 'sub_ediff.fits'],
  ['MASK', 'mask.fits'],
  ['FOOTPRINT', 'segmentation.fits'],
  ['FILTERED', 'filtered.fits'],
] as const

/** Planes of a cut-out. Products of the subtraction begin at the region's corner; those of the frame at the frame's. */
export function partPlanes({
  x0,
  y0,
}: Box): readonly (readonly [string, string, { x: number; y: number }])[] {
  return planes.map(([name, file]) => [
    name,
    file,
    file.startsWith('sub_') ? { x: x0, y: y0 } : { x: 0, y: 0 },
  ])
}

/** Writes what may be new or has changed as candidates.parquet, candidates.reg and cut-outs. */
export async function writeCandidates(
  context: StepContext,
  found: Found,
  model: ZeroPoint,
  region: Box,
  meta: Record<string, string | number>,
): Promise<{ count: number; negative: number; without: string[] }> {
  const { config } = context
  const { detections, adjustments, wcs } = found
  const { kept, without } = await plausible(context, found)
  const measured = needs(context, 'photometry')
  const count = (n: number): string => n.toLocaleString('en-US')
  const sky = wcs.pixelsToSky(detections.x, detections.y)
  const fwhmArcsec = measured.fwhm * measured.field.pixelScaleArcsec
  kept.sort((i, j) => Math.abs(detections.flux[j]!) - Math.abs(detections.flux[i]!))
  const some = chosenObjects(detections, kept)
  const rows = calibrateObjects(
    { ...some, flux: some.flux.map(Math.abs) },
    wcs,
    model,
    config.zero_point_floor,
  )
  const shown = { ...rows, objects: some }
  const f = (pick: (i: number) => number | undefined): Float64Array =>
    Float64Array.from(kept, (i) => pick(i) ?? Number.NaN)
  const names = kept.map((i) => iauDesignation(sky.ra[i]!, sky.dec[i]!, { digits: 2 }))
  await writeTable(
    context.columns,
    at(context, 'candidates.parquet'),
    objectsTable(shown, meta, [
      { name: 'name', values: names, description: 'By its position' },
      {
        name: 'unchecked',
        values: names.map(() => without.join(', ')),
        description: 'Checks that could not be made: catalogues, minor planets',
      },
      {
        name: 'sn',
        values: f((i) => detections.flux[i]! / detections.fluxErr[i]!),
        description: 'S/N of the flux; negative where it has faded',
      },
      {
        name: 'fading',
        type: 'boolean',
        values: Uint8Array.from(kept, (i) => (detections.flux[i]! < 0 ? 1 : 0)),
        description: 'Fainter than on the template',
      },
      {
        name: 'adjust_chi2',
        values: f((i) => adjustments[i]?.chi2),
        description: 'χ² left when the template is shifted and scaled',
      },
      {
        name: 'adjust_dx',
        values: f((i) => adjustments[i]?.dx),
        unit: 'pix',
        description: 'Shift that explains most',
      },
      {
        name: 'adjust_dy',
        values: f((i) => adjustments[i]?.dy),
        unit: 'pix',
        description: 'Shift that explains most',
      },
      {
        name: 'adjust_scale',
        values: f((i) => adjustments[i]?.scale),
        description: 'Scale that explains most',
      },
    ]),
    context.signal,
  )
  await writeWhole(
    at(context, 'candidates.reg'),
    regionsOf(rows.ra, rows.dec, Math.max(2, 2 * fwhmArcsec), (i) => names[i]!),
  )
  await mkdir(at(context, 'candidates'), { recursive: true })
  const shownAt = kept.slice(0, mostCutouts).map((i) => ({ x: detections.x[i]!, y: detections.y[i]! }))
  const beside = await besideCutouts(context, wcs, shownAt)
  try {
    for (const [k, place] of shownAt.entries()) {
      const i = kept[k]!
      await cutout(
        context,
        `candidates/${names[k]}.fits`,
        place,
        partPlanes(region),
        {
          OBJECT: names[k]!,
          RA: sky.ra[i]!,
          DEC: sky.dec[i]!,
          FLUX: detections.flux[i]!,
          FLUXERR: detections.fluxErr[i]!,
          MAG: rows.magCalib[k]!,
          MAGERR: rows.magCalibErr[k]!,
        },
        { ...beside, adjustment: adjustments[i] },
      )
    }
  } finally {
    beside.close()
  }
  const negative = kept.filter((i) => detections.flux[i]! < 0).length
  context.log(`${count(kept.length)} candidates, ${count(negative)} of them fading.`)
  if (kept.length > mostCutouts) context.log(`Cut-outs are written for the ${mostCutouts} brightest.`)
  return { count: kept.length, negative, without }
}
