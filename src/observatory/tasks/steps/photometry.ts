import { mkdir } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { zeroPointAt, zeroPointsAt, type ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import type { ColumnInput } from '#science/table/table.ts'
import { writeWhole } from '#platform/files/whole.ts'
import type { Measured, PhotometryFindings } from '#observatory/tasks/findings.ts'
import type { Target } from '#observatory/tasks/task.ts'
import { calibrate, chanceOf, diagnose, starsOf, type Calibration, type Stars } from './calibrate.ts'
import { calibratorsTable } from './calibrators-table.ts'
import { at, needs, type Step, type StepContext } from './context.ts'
import { besideCutouts } from './beside.ts'
import { cutout } from './cutouts.ts'
import { fieldOf, mocOf } from './field.ts'
import { placedFrame } from './placed-frame.ts'
import { limitsOf } from './limits.ts'
import { completenessOfFrame } from './completeness.ts'
import { measureForced } from './forced-work.ts'
import { measureObjects } from './measure-work.ts'
import type { Objects } from './objects.ts'
import type { PointSpreadFluxes } from './point-spread.ts'
import { medianOf } from '#science/image/median.ts'
import { calibrateObjects, objectsTable, regionsOf, type CalibratedObjects } from './objects-table.ts'
import { writeTable } from './tables.ts'
import { runSpeaking } from './voice.ts'

/** Measures the objects of the frame, calibrates them with a catalogue, and says how deep the frame is. */
export const photometry: Step<'photometry'> = {
  name: 'photometry',
  title: 'Photometry: objects, zero point, limits, targets',
  async run(context) {
    const { config, folder, hands } = context
    const frame = needs(context, 'inspect')
    const input = {
      folder,
      config,
      gain: frame.gain.value,
      saturation: frame.saturation.value,
      bgSize: frame.bgSize,
      hands,
    }
    const { objects, psf, profile, fwhm, fwhmFrom, detected } = await runSpeaking(
      context,
      measureObjects,
      input,
    )
    const placed = await placedFrame(context, frame, objects, fwhm)
    const { wcs, field, answer, named } = placed
    const fwhmArcsec = fwhm * field.pixelScaleArcsec
    const stars = starsOf(
      answer.table,
      named,
      frame.filter.value,
      wcs,
      config,
      fwhmArcsec,
      frame.mjd,
      context,
    )
    const size = {
      width: frame.width,
      height: frame.height,
      radiusArcsec: config.sr_override ?? Math.max(fwhmArcsec / 2, 0.5 * field.pixelScaleArcsec),
    }
    const calibration = calibrate(
      objects,
      wcs.pixelsToSky(objects.x, objects.y),
      stars,
      config,
      size,
      context,
    )
    const { model } = calibration.fit
    const floor = config.zero_point_floor
    const middle = zeroPointAt(model, (frame.width - 1) / 2, (frame.height - 1) / 2)
    describe(context, model, middle, stars)
    sanity(context, objects, stars, calibration, named, size)

    const all = calibrateObjects(objects, wcs, model, floor)
    const limits = limitsOf(all, model, config.sn)
    if (limits.note !== null) context.warn(limits.note)
    for (const { sn, mag } of limits.bySn)
      if (mag !== null) context.log(`Limit at S/N ${sn}: ${mag.toFixed(2)} mag.`)
    if (limits.background)
      context.log(
        `Limit by the noise of the sky at S/N ${config.sn}: ${limits.background.mag.toFixed(2)} ± ${limits.background.scatter.toFixed(2)} mag.`,
      )

    const meta = {
      filter: frame.filter.value,
      color_name: stars.band.colourBands?.join('-') ?? '',
      color_term: model.colour?.terms[0] ?? 0,
      zero_point: middle.value,
      fwhm_pix: fwhm,
      aperture_pix: config.rel_aper * fwhm,
      time: frame.time?.value ?? '',
      catalogue: stars.catalogue,
    }
    await writeTable(
      context.columns,
      at(context, 'objects.parquet'),
      objectsTable(all, meta, psfColumns(psf, objects, apertureOverPsf(objects, psf), model)),
      context.signal,
    )
    await writeTable(context.columns, at(context, 'cat.parquet'), answer.table, context.signal)
    await writeTable(
      context.columns,
      at(context, 'calibrators.parquet'),
      calibratorsTable(objects, stars, calibration),
      context.signal,
    )
    await writeWhole(
      at(context, 'objects.reg'),
      regionsOf(all.ra, all.dec, Math.max(1, config.rel_aper * fwhmArcsec)),
    )
    const targets = await measureTargets(context, frame.targets, wcs, model, fwhm, input, meta, {
      objects,
      psf,
    })
    const completeness = await completenessOfFrame(context, { ...input, fwhm }, model, limits)
    const unflagged = objects.flags.reduce((sum, flags) => sum + (flags === 0 ? 1 : 0), 0)
    const found = fieldOf(wcs, frame.width, frame.height).field ?? field
    return {
      field: found,
      moc: mocOf(wcs, frame.width, frame.height, found.areaDeg2),
      wcs: placed.from,
      fwhm,
      fwhmFrom,
      profileFwhm: profile?.fwhm ?? null,
      detected,
      objects: objects.rows,
      unflagged,
      aperture: config.rel_aper * fwhm,
      catalogue: answer.from,
      stars: answer.table.rows,
      matched: calibration.objects.length,
      used: model.stars.used,
      filter: frame.filter.value,
      color: model.colour ? stars.band.colourBands : null,
      colorTerm: model.colour?.terms[0] ?? null,
      zeroPoint: middle.value,
      zeroPointErr: Math.hypot(middle.error, floor),
      scatter: model.rms,
      binnedScatter: model.systematic,
      solution: model,
      limits: limits.bySn,
      backgroundLimit: limits.background,
      completeness,
      targets,
      warnings: model.warnings,
    } satisfies PhotometryFindings
  },
}

/** Median of aperture over fitted flux of good stars: what brings fitted fluxes to the zero point of the apertures. */
function apertureOverPsf(objects: Objects, psf: PointSpreadFluxes | null): number {
  if (!psf) return Number.NaN
  const ratios = [...objects.flux.keys()]
    .filter((i) => objects.flags[i] === 0 && objects.flux[i]! > 20 * objects.fluxErr[i]!)
    .map((i) => objects.flux[i]! / psf.flux[i]!)
    .filter((ratio) => Number.isFinite(ratio) && ratio > 0)
  return ratios.length === 0 ? Number.NaN : medianOf(ratios)
}

function psfColumns(
  psf: PointSpreadFluxes | null,
  { x, y }: Objects,
  ratio: number,
  model: ZeroPoint,
): ColumnInput[] {
  if (!psf) return []
  const { value } = zeroPointsAt(model, x, y)
  return [
    {
      name: 'psf_flux',
      values: psf.flux,
      unit: 'adu',
      description: 'Flux of the fitted point spread: all of the light, not that of the aperture',
    },
    { name: 'psf_fluxerr', values: psf.fluxErr, unit: 'adu', description: 'Its error' },
    { name: 'psf_chi2', values: psf.chi2, description: 'Reduced χ² of the fit' },
    {
      name: 'psf_mag_calib',
      values: psf.flux.map((flux, i) =>
        flux > 0 ? -2.5 * Math.log10(flux * ratio) + value[i]! : Number.NaN,
      ),
      unit: 'mag',
      description: 'Calibrated magnitude of the fit, brought to the aperture by bright stars',
    },
  ]
}
function describe(
  context: StepContext,
  model: ZeroPoint,
  middle: { value: number; error: number },
  stars: Stars,
): void {
  const { used, usable } = model.stars
  context.log(
    `Zero point ${middle.value.toFixed(4)} ± ${middle.error.toFixed(4)} mag at the middle, from ${used} of ${usable} stars; scatter ${model.rms.toFixed(4)} mag${model.systematic === null ? '' : `, of parts of the frame ${model.systematic.toFixed(4)} mag`}.`,
  )
  if (model.errorScale > 1)
    context.log(
      `The errors explain the scatter when they are multiplied by ${model.errorScale.toFixed(2)}, with ${model.scatter.toFixed(4)} mag beyond them.`,
    )
  if (model.colour && stars.band.colourBands) {
    const [a, b] = stars.band.colourBands
    context.log(
      `Colour term ${model.colour.terms[0]!.toFixed(4)} ± ${model.colour.errors[0]!.toFixed(4)}${model.colour.forced ? ' (given)' : ''}: m(${stars.band.band}, ${stars.band.photometricSystem}) = m ${model.colour.terms[0]! < 0 ? '−' : '+'} ${Math.abs(model.colour.terms[0]!).toFixed(4)} (${a} − ${b}). Magnitudes here are m, of the instrument's own band; for a source of known colour add the term.`,
    )
  }
}

function sanity(
  context: StepContext,
  objects: Objects,
  stars: Stars,
  calibration: Calibration,
  name: string,
  size: { width: number; height: number },
): void {
  const chance = chanceOf(objects, stars, calibration)
  if (chance !== null) context.warn(`${chance} Solve anew (blind_match_wcs=true).`)
  const term = calibration.fit.model.colour?.terms[0] ?? 0
  if (Math.abs(term) <= 0.5 && !context.config.diagnose_color) return
  if (Math.abs(term) > 0.5)
    context.warn(`The colour term is ${term.toFixed(2)}: the filter is probably not ${stars.band.band}.`)
  const tried = diagnose(objects, stars, name, calibration, context.config, size)
  for (const { filter, term: each, rms } of tried)
    context.log(`Colour term with ${filter}: ${each.toFixed(3)}, scatter ${rms.toFixed(3)} mag.`)
}

async function measureTargets(
  context: StepContext,
  targets: readonly Target[],
  wcs: Wcs,
  model: ZeroPoint,
  fwhm: number,
  input: Omit<Parameters<typeof measureForced.run>[0], 'fwhm' | 'x' | 'y' | 'among' | 'channel'>,
  meta: Record<string, string | number>,
  measured: { objects: Objects; psf: PointSpreadFluxes | null },
): Promise<Measured[]> {
  if (targets.length === 0) return []
  const frame = needs(context, 'inspect')
  const places = targets.map((target): [number, number] | null => {
    if (target.x !== null && target.y !== null) return [target.x - 1, target.y - 1]
    return target.ra === null || target.dec === null ? null : wcs.skyToPixel(target.ra, target.dec)
  })
  const inside = (place: [number, number] | null): place is [number, number] =>
    place !== null &&
    place[0] >= -0.5 &&
    place[1] >= -0.5 &&
    place[0] <= frame.width - 0.5 &&
    place[1] <= frame.height - 0.5
  if (!inside(places[0]!))
    throw new Problem(
      'task.unusable',
      `The primary target ${targets[0]!.name} lies outside of the frame; correct the target or the astrometry.`,
    )
  const seen = targets
    .map((target, i) => ({ target, place: places[i]! }))
    .filter(({ target, place }) => {
      if (inside(place)) return true
      context.warn(`${target.name} lies outside of the frame and is not measured.`)
      return false
    })
  const { objects: forced, psf } = await runSpeaking(context, measureForced, {
    ...input,
    fwhm,
    x: seen.map(({ place }) => place[0]),
    y: seen.map(({ place }) => place[1]),
    among: measured.psf ? measured.objects : null,
  })
  const rows = calibrateObjects(forced, wcs, model, context.config.zero_point_floor)
  const told = measuredOf(
    rows,
    seen.map(({ target }) => target.name),
    model,
    context.config.sn,
  )
  for (const each of told) context.log(`Target ${each.name}: ${wordsOf(each, model, meta)}`)
  await writeTable(
    context.columns,
    at(context, 'target.parquet'),
    objectsTable(rows, meta, [
      { name: 'name', values: told.map(({ name }) => name), description: 'Target', ucd: 'meta.id' },
      {
        name: 'mag_limit',
        values: Float64Array.from(told, ({ limit }) => limit ?? Number.NaN),
        unit: 'mag',
        description: `Limit at S/N ${context.config.sn} at its place`,
      },
      {
        name: 'ra_orig',
        values: Float64Array.from(seen, ({ target }) => target.ra ?? Number.NaN),
        unit: 'deg',
        description: 'As it was given',
      },
      {
        name: 'dec_orig',
        values: Float64Array.from(seen, ({ target }) => target.dec ?? Number.NaN),
        unit: 'deg',
        description: 'As it was given',
      },
      ...psfColumns(psf, forced, apertureOverPsf(measured.objects, measured.psf), model),
    ]),
    context.signal,
  )
  await mkdir(at(context, 'targets'), { recursive: true })
  const beside = await besideCutouts(context, wcs, told)
  try {
    for (const [i, each] of told.entries())
      await cutout(
        context,
        `targets/target_${String(i).padStart(4, '0')}.fits`,
        { x: each.x, y: each.y },
        [
          ['IMAGE', 'image.fits'],
          ['MASK', 'mask.fits'],
        ],
        factsOf(each),
        beside,
      )
  } finally {
    beside.close()
  }
  return told
}

export function factsOf({
  name,
  ra,
  dec,
  flux,
  fluxErr,
  mag,
  magErr,
  limit,
}: Measured): Record<string, string | number | null> {
  return {
    OBJECT: name,
    RA: ra,
    DEC: dec,
    FLUX: flux,
    FLUXERR: fluxErr,
    MAG: mag,
    MAGERR: magErr,
    MAGLIM: limit,
  }
}

/** Rows of forced measurements as they are told. The limit is that of a source of nothing at its place. */
export function measuredOf(
  rows: CalibratedObjects,
  names: readonly string[],
  model: ZeroPoint,
  sn: number,
): Measured[] {
  const { objects, ra, dec, magCalib, magCalibErr } = rows
  return names.map((name, i) => {
    const flux = objects.flux[i]!
    const fluxErr = objects.fluxErr[i]!
    const noise = objects.bgFluxErr[i]!
    const zero = zeroPointAt(model, objects.x[i]!, objects.y[i]!).value
    const number = (value: number): number | null => (Number.isFinite(value) ? value : null)
    return {
      name,
      ra: number(ra[i]!),
      dec: number(dec[i]!),
      x: objects.x[i]!,
      y: objects.y[i]!,
      flux,
      fluxErr,
      // Of the flux: the error of the zero point is no part of whether something is there.
      sn: number(flux / fluxErr),
      mag: number(magCalib[i]!),
      magErr: number(magCalibErr[i]!),
      limit: noise > 0 ? number(-2.5 * Math.log10(sn * noise) + zero) : null,
      flags: objects.flags[i]!,
    }
  })
}

function wordsOf(
  { flux, fluxErr, mag, magErr, sn, limit, flags }: Measured,
  model: ZeroPoint,
  meta: Record<string, string | number>,
): string {
  const term = model.colour?.terms[0] ?? 0
  const system =
    term === 0
      ? ''
      : ` = ${meta['filter'] as string} ${term < 0 ? '+' : '−'} ${Math.abs(term).toFixed(3)} (${meta['color_name'] as string})`
  const edge = flags === 0 ? '' : `, flags 0x${flags.toString(16)}`
  if (mag === null || magErr === null || sn === null || flux <= 0)
    return `not detected: flux ${flux.toPrecision(4)} ± ${fluxErr.toPrecision(3)} ADU${limit === null ? '' : `, fainter than ${limit.toFixed(2)} mag`}${edge}`
  return `${mag.toFixed(3)} ± ${magErr.toFixed(3)} mag${system}, S/N ${sn.toFixed(1)} of the flux, limit ${limit?.toFixed(2) ?? '?'} mag${edge}`
}
