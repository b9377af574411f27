import { Problem } from '#problem.ts'
import type { ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import type { Measured, SubtractionFindings } from '#observatory/tasks/findings.ts'
import { at, needs, type Step } from './context.ts'
import { besideCutouts } from './beside.ts'
import { cutout } from './cutouts.ts'
import { bestWcs } from './frame-wcs.ts'
import { calibrateObjects, objectsFrom, objectsTable } from './objects-table.ts'
import { factsOf, measuredOf } from './photometry.ts'
import { aroundTarget, regionOf, tilesOf } from './subtract-area.ts'
import { partPlanes, writeCandidates } from './subtract-candidates.ts'
import { dropPictures, picturesOf } from './subtract-pictures.ts'
import type { SubtractWork } from './subtract-region.ts'
import { subtractRegion } from './subtract-work.ts'
import { readTable, writeTable } from './tables.ts'
import { runSpeaking } from './voice.ts'

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
    const result = await runSpeaking(context, subtractRegion, input).finally(() => dropPictures(context))
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
      if (first) {
        const beside = await besideCutouts(context, wcs, [first])
        try {
          await cutout(context, 'sub_target.cutout.fits', first, partPlanes(region), factsOf(first), beside)
        } finally {
          beside.close()
        }
      }
    }
    const found = result.detections
      ? await writeCandidates(
          context,
          { ...result, detections: result.detections, science: objects, wcs },
          model,
          region,
          meta,
        )
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
