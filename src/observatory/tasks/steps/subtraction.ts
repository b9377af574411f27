import { mkdir, stat } from 'node:fs/promises'
import { isProblem, Problem } from '#problem.ts'
import type { Adjustment } from '#science/image/candidates/adjust.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import { sourceFlags } from '#science/image/plane.ts'
import { shapeOutliers } from '#science/image/calibration/shape-outliers.ts'
import type { ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import { iauDesignation } from '#science/sky/angles.ts'
import { unwantedFlags } from '#observatory/tasks/candidate-filter.ts'
import type { Measured, SubtractionFindings } from '#observatory/tasks/findings.ts'
import { at, needs, type Step, type StepContext } from './context.ts'
import { cutout } from './cutouts.ts'
import { bestWcs, placeOf } from './frame-wcs.ts'
import { knownMovers } from './known-movers.ts'
import { knownStars } from './known-stars.ts'
import { chosenObjects, type Objects } from './objects.ts'
import { calibrateObjects, objectsFrom, objectsTable, regionsOf } from './objects-table.ts'
import { factsOf, measuredOf } from './photometry.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import { writeWhole } from '#platform/files/whole.ts'
import type { SubtractWork } from './subtract-region.ts'
import { subtractRegion } from './subtract-work.ts'
import { readTable, writeTable } from './tables.ts'
import { runSpeaking } from './voice.ts'

/** Cut-outs that are written, for the brightest candidates. */
const mostCutouts = 300

const planes = [
  ['IMAGE', 'image.fits'],
  ['TEMPLATE', 'sub_template.fits'],
  ['CONVOLVED', 'sub_conv.fits'],
  ['DIFF', 'sub_diff.fits'],
  ['ERR', 'sub_ediff.fits'],
  ['MASK', 'mask.fits'],
] as const

/** Subtracts a template, measures the targets on the difference, and looks for what is new or has faded. */
export const subtraction: Step<'subtraction'> = {
  name: 'subtraction',
  title: 'Subtraction: template, difference, candidates',
  async run(context) {
    const { config } = context
    const frame = needs(context, 'inspect')
    const measured = needs(context, 'photometry')
    const wcs = bestWcs(context)
    if (!wcs) throw new Problem('task.missing', 'The frame has no WCS; run photometry first.')
    const model = measured.solution as ZeroPoint
    const table = await readTable(context.columns, at(context, 'objects.parquet'), context.signal)
    const { objects } = objectsFrom(table)
    const mode =
      config.subtraction_mode === 'auto'
        ? measured.targets.length > 0
          ? 'target'
          : 'detection'
        : config.subtraction_mode
    const primary = measured.targets[0]
    if (mode === 'target' && !primary)
      throw new Problem(
        'task.missing',
        'The mode is "target", but no target was measured on the frame; name one, or set subtraction_mode=detection.',
      )
    const region =
      mode === 'target' ? aroundTarget(primary!, frame, config.sub_size) : await regionOf(context, wcs, frame)
    const tiles = mode === 'target' ? [region] : tilesOf(region, config.sub_size)
    context.log(
      `Mode ${mode}: columns ${region.x0 + 1}–${region.x1}, rows ${region.y0 + 1}–${region.y1}, ${tiles.length} ${tiles.length === 1 ? 'piece' : 'tiles'}.`,
    )
    const source = config.template ?? frame.template
    const pictures = await picturesOf(context, source, wcs, region)

    const seen = measured.targets.filter(
      ({ x, y }) => x >= region.x0 && x < region.x1 && y >= region.y0 && y < region.y1,
    )
    const clean = [...objects.flags.keys()].filter((i) => objects.flags[i] === 0)
    const input: SubtractWork = {
      folder: context.folder,
      config,
      hands: context.hands,
      wcs: wcs.terms,
      frameSize: [frame.width, frame.height],
      gain: frame.gain.value,
      saturation: frame.saturation.value,
      fwhm: measured.fwhm,
      bgSize: frame.bgSize,
      region,
      tiles,
      pictures: pictures.files,
      custom: source === 'custom',
      stars: {
        x: Float64Array.from(clean, (i) => objects.x[i]!),
        y: Float64Array.from(clean, (i) => objects.y[i]!),
      },
      targets: { x: seen.map(({ x }) => x), y: seen.map(({ y }) => y) },
      detect: mode === 'detection',
    }
    const result = await runSpeaking(context, subtractRegion, input)
    const meta = {
      filter: frame.filter.value,
      template: pictures.from,
      fwhm_pix: measured.fwhm,
      time: frame.time?.value ?? '',
    }

    let targets: Measured[] = []
    if (result.targets) {
      const rows = calibrateObjects(result.targets, wcs, model, config.zero_point_floor)
      targets = measuredOf(
        rows,
        seen.map(({ name }) => name),
        model,
        config.sn,
      )
      for (const each of targets)
        context.log(
          each.flux > 0 && each.mag !== null && each.magErr !== null
            ? `${each.name} on the difference: ${each.mag.toFixed(3)} ± ${each.magErr.toFixed(3)} mag, S/N ${each.sn?.toFixed(1)} of the flux.`
            : `${each.name} on the difference: not brighter than on the template, flux ${each.flux.toPrecision(4)} ± ${each.fluxErr.toPrecision(3)} ADU${each.limit === null ? '' : `; new light fainter than ${each.limit.toFixed(2)} mag`}.`,
        )
      await writeTable(
        context.columns,
        at(context, 'sub_target.parquet'),
        objectsTable(rows, meta, [
          { name: 'name', values: targets.map(({ name }) => name), description: 'Target' },
          {
            name: 'mag_limit',
            values: Float64Array.from(targets, ({ limit }) => limit ?? Number.NaN),
            unit: 'mag',
            description: `Limit at S/N ${config.sn}`,
          },
        ]),
        context.signal,
      )
      const [first] = targets
      if (first) await cutout(context, 'sub_target.cutout.fits', first, partPlanes(region), factsOf(first))
    }
    const found = result.detections
      ? await candidates(context, result.detections, result.adjustments, objects, wcs, model, region, meta)
      : null
    return {
      template: pictures.from,
      templateFwhm: result.templateFwhm,
      mode,
      method: config.subtraction_method,
      tiles: result.tiles,
      targets,
      detections: result.detections?.rows ?? 0,
      candidates: found?.count ?? 0,
      negative: found?.negative ?? 0,
      without: found?.without ?? [],
    } satisfies SubtractionFindings
  },
}

/** Products of the subtraction begin at the region's corner; those of the frame at the frame's. */
function partPlanes({ x0, y0 }: Box): readonly (readonly [string, string, { x: number; y: number }])[] {
  return planes.map(([name, file]) => [
    name,
    file,
    file.startsWith('sub_') ? { x: x0, y: y0 } : { x: 0, y: 0 },
  ])
}

function aroundTarget(
  { x, y }: { x: number; y: number },
  { width, height }: { width: number; height: number },
  size: number,
): Box {
  const place = (middle: number, length: number): [number, number] => {
    const side = Math.min(size, length)
    const from = Math.max(0, Math.min(length - side, Math.round(middle - side / 2)))
    return [from, from + side]
  }
  const [x0, x1] = place(x, width)
  const [y0, y1] = place(y, height)
  return { x0, y0, x1, y1 }
}

/** The whole frame, or what lies around the place that is looked at. */
async function regionOf(
  context: StepContext,
  wcs: NonNullable<ReturnType<typeof bestWcs>>,
  { width, height }: { width: number; height: number },
): Promise<Box> {
  const { filter_center: text, filter_sr0: radius, sub_size: size } = context.config
  if (text.trim() === '') return { x0: 0, y0: 0, x1: width, y1: height }
  const { ra, dec } = await placeOf(context, text)
  const place = wcs.skyToPixel(ra, dec)
  const half = Math.max(radius / wcs.pixelScaleDeg(), size / 2)
  const box = place && {
    x0: Math.max(0, Math.floor(place[0] - half)),
    y0: Math.max(0, Math.floor(place[1] - half)),
    x1: Math.min(width, Math.ceil(place[0] + half)),
    y1: Math.min(height, Math.ceil(place[1] + half)),
  }
  if (!box || box.x1 - box.x0 < 64 || box.y1 - box.y0 < 64)
    throw new Problem('task.config', `filter_center (${text}) does not lie on the frame.`)
  return box
}

/** Tiles of about `size` pixels that cover a region without overlapping. */
export function tilesOf({ x0, y0, x1, y1 }: Box, size: number): Box[] {
  const [nx, ny] = [Math.max(1, Math.round((x1 - x0) / size)), Math.max(1, Math.round((y1 - y0) / size))]
  const cut = (from: number, to: number, n: number, i: number): number =>
    from + Math.round(((to - from) * i) / n)
  return Array.from({ length: nx * ny }, (_, k) => {
    const [i, j] = [k % nx, Math.floor(k / nx)]
    return {
      x0: cut(x0, x1, nx, i),
      y0: cut(y0, y1, ny, j),
      x1: cut(x0, x1, nx, i + 1),
      y1: cut(y0, y1, ny, j + 1),
    }
  })
}

async function picturesOf(
  context: StepContext,
  source: string,
  wcs: NonNullable<ReturnType<typeof bestWcs>>,
  { x0, y0, x1, y1 }: Box,
): Promise<{ files: SubtractWork['pictures']; from: string }> {
  const { config } = context
  const frame = needs(context, 'inspect')
  if (source === 'custom') {
    const image = at(context, 'custom_template.fits')
    if (!(await stat(image).catch(() => undefined)))
      throw new Problem(
        'task.no_template',
        'The template is "custom", but none was brought; upload custom_template.fits (on the command line --template FILE).',
      )
    return {
      files: [
        {
          image,
          gain: config.custom_template_gain,
          saturation: config.custom_template_saturation,
        },
      ],
      from: 'custom_template.fits',
    }
  }
  const id = /^task:\s*(\S+)$/i.exec(source)?.[1]
  if (id !== undefined) {
    const other = await context.sky.task(id)
    if (!other?.image)
      throw new Problem(
        'task.no_template',
        `The task ${id} has no frame that may be used here; name another template.`,
      )
    if (other.filter !== null && other.filter !== frame.filter.value)
      context.warn(`The template is in ${other.filter}, the frame in ${frame.filter.value}.`)
    return {
      files: [
        {
          image: other.image,
          gain: other.gain ?? config.custom_template_gain,
          saturation: other.saturation,
        },
      ],
      from: `frame of the task ${id}`,
    }
  }
  const centre = wcs.pixelToSky((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2)
  const folder = at(context, '.template')
  await mkdir(folder, { recursive: true })
  const pictures = await context.sky.template(source, {
    cone: {
      ra: centre[0],
      dec: centre[1],
      radiusDeg: (Math.hypot(x1 - x0, y1 - y0) / 2) * wcs.pixelScaleDeg() * 1.02,
    },
    filter: frame.filter.value,
    pixelScaleArcsec: wcs.pixelScaleDeg() * 3_600,
    folder,
    signal: context.signal,
    log: context.log,
  })
  return { files: pictures, from: pictures[0]!.from }
}

async function candidates(
  context: StepContext,
  detections: Objects,
  adjustments: readonly (Adjustment | null)[],
  science: Objects,
  wcs: NonNullable<ReturnType<typeof bestWcs>>,
  model: ZeroPoint,
  region: Box,
  meta: Record<string, string | number>,
): Promise<{ count: number; negative: number; without: string[] }> {
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
  for (const [k, i] of kept.slice(0, mostCutouts).entries())
    await cutout(
      context,
      `candidates/${names[k]}.fits`,
      { x: detections.x[i]!, y: detections.y[i]! },
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
    )
  const negative = kept.filter((i) => detections.flux[i]! < 0).length
  context.log(`${count(kept.length)} candidates, ${count(negative)} of them fading.`)
  if (kept.length > mostCutouts) context.log(`Cut-outs are written for the ${mostCutouts} brightest.`)
  return { count: kept.length, negative, without }
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

/** Whether a failure is that of a service that could not be reached. */
export function isUnreachable(error: unknown): boolean {
  return isProblem(error) && error.code.startsWith('net.')
}
