import { copyFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Problem } from '#problem.ts'
import { tableOf } from '#science/table/table.ts'
import { makeFolder, whole } from '#platform/files/whole.ts'
import type { Command } from '#platform/terminal/command.ts'
import { textFlag } from '#platform/terminal/flags.ts'
import { wholeConfig } from './config.ts'
import { localGround } from './local-run.ts'
import { bring, configOf, configOptions, folderFor, reporter, runOptions } from './process-command.ts'
import { clearStep, readFindings, runStep, type StepContext } from './steps/context.ts'
import { headerWcs } from './steps/frame-wcs.ts'
import { inspect } from './steps/inspect.ts'
import { measureObjects } from './steps/measure-work.ts'
import { stack } from './steps/stack.ts'
import { subtractRegion } from './steps/subtract-work.ts'
import { tilesOf } from './steps/subtract-area.ts'
import { writeTable } from './steps/tables.ts'
import { runSpeaking } from './steps/voice.ts'
import { originalName } from './task.ts'

const { config, preset } = configOptions

const subtracting: Command = {
  words: ['subtract'],
  usage: 'SCIENCE TEMPLATE',
  summary: 'Subtract a template from a frame and find what is left, as HOTPANTS and a detection would',
  examples: [
    'urania subtract night.fits reference.fits --out difference',
    'urania subtract a.fits b.fits -c sub_size=2000 -c sn=7 --json',
  ],
  options: {
    out: { type: 'string', doc: 'Folder of the products (default: SCIENCE without its ending, beside it)' },
    config,
    preset,
  },
  async run(invocation) {
    const { args, flags, document, out, note } = invocation
    const [science, template] = args
    if (science === undefined || template === undefined || args.length > 2)
      throw new Problem('command.usage', 'Say which frames: urania subtract SCIENCE TEMPLATE.')
    const folder = folderFor(science, textFlag(flags, 'out'), false)
    await bring(science, folder, originalName)
    await bring(template, folder, 'custom_template.fits')
    const chosen = wholeConfig({ ...(await configOf(invocation)), template: 'custom' })
    const ground = await localGround(await invocation.config(), folder)
    const report = reporter(invocation)
    try {
      const frame = await runStep(inspect, runOptions(invocation, ground, report, folder, chosen))
      const speaking = {
        ...ground,
        signal: invocation.signal,
        log: note,
        warn: (line: string) => note(`Warning: ${line}`),
        progress: (done: number, total: number, unit = '') =>
          report.onProgress('subtraction', done, total, unit),
      }
      const input = {
        folder,
        config: chosen,
        gain: frame.gain.value,
        saturation: frame.saturation.value,
        bgSize: frame.bgSize,
        hands: ground.hands,
      }
      const { objects, fwhm } = await runSpeaking(speaking, measureObjects, input)
      const wcs = headerWcs({ folder } as Pick<StepContext, 'folder'>)
      const region = { x0: 0, y0: 0, x1: frame.width, y1: frame.height }
      const clean = [...objects.flags.keys()].filter((i) => objects.flags[i] === 0)
      const result = await runSpeaking(speaking, subtractRegion, {
        ...input,
        wcs: wcs?.terms ?? null,
        frameSize: [frame.width, frame.height],
        fwhm,
        region,
        tiles: tilesOf(region, chosen.sub_size),
        pictures: [
          {
            image: join(folder, 'custom_template.fits'),
            gain: chosen.custom_template_gain,
            saturation: chosen.custom_template_saturation,
          },
        ],
        custom: true,
        stars: {
          x: Float64Array.from(clean, (i) => objects.x[i]!),
          y: Float64Array.from(clean, (i) => objects.y[i]!),
        },
        targets: { x: [], y: [] },
        detect: true,
      })
      report.finish()
      const found = result.detections!
      const sky = wcs?.pixelsToSky(found.x, found.y)
      const sn = found.flux.map((flux, i) => flux / found.fluxErr[i]!)
      const explained = chosen.filter_adjust
        ? result.adjustments.map((each) => (each?.explained === true ? 1 : 0))
        : found.x.map(() => 0)
      const table = tableOf({
        columns: [
          { name: 'x', values: found.x, unit: 'pix', description: 'The first pixel is 0' },
          { name: 'y', values: found.y, unit: 'pix', description: 'The first pixel is 0' },
          ...(sky
            ? [
                { name: 'ra', values: sky.ra, unit: 'deg' },
                { name: 'dec', values: sky.dec, unit: 'deg' },
              ]
            : []),
          {
            name: 'flux',
            values: found.flux,
            unit: 'adu',
            description: 'In the aperture; negative where it has faded',
          },
          { name: 'fluxerr', values: found.fluxErr, unit: 'adu' },
          { name: 'sn', values: sn },
          { name: 'flags', values: found.flags },
          {
            name: 'explained',
            type: 'boolean' as const,
            values: Uint8Array.from(explained),
            description: 'A shift or scale of the template explains it',
          },
        ],
      })
      const file = join(folder, 'detections.parquet')
      await writeTable(ground.columns, file, table, invocation.signal)
      const sums = result.tiles.map(({ kernelSum }) => kernelSum)
      const summary = {
        folder,
        detections: table.rows,
        fading: found.flux.filter((flux) => flux < 0).length,
        fwhm,
        templateFwhm: result.templateFwhm,
        kernelSums: sums,
        tiles: result.tiles,
      }
      document(summary, () => {
        out(
          `${folder}: ${table.rows} detections (${summary.fading} fading) with S/N ≥ ${chosen.sn}, kernel sum ${sums.map((sum) => sum?.toFixed(4) ?? 'failed').join(', ')}`,
        )
      })
    } finally {
      // Half a set of products would pass for a whole one.
      if (invocation.signal.aborted) await clearStep(folder, 'inspect')
      await ground.close()
    }
  },
}

const stacking: Command = {
  words: ['stack'],
  usage: 'FILES…',
  summary: 'Put frames together on the grid of the first',
  examples: [
    'urania stack night-*.fits --out deep.fits',
    'urania stack a.fits b.fits c.fits -c stack_method=clipped_mean -c stack_mask_cosmics=yes --out mean.fits',
  ],
  options: {
    out: { type: 'string', doc: 'File to write (default stack.fits); its weights go beside it' },
    config,
    preset,
  },
  async run(invocation) {
    const { args, flags, document, out } = invocation
    if (args.length < 2)
      throw new Problem('command.usage', 'A stack needs at least two frames: urania stack FILES.')
    const target = resolve(textFlag(flags, 'out') ?? 'stack.fits')
    const weights = target.replace(/(\.fits?)?$/i, '.weight.fits')
    const input = args.find((name) => [target, weights].includes(resolve(name)))
    if (input !== undefined)
      throw new Problem(
        'command.usage',
        `The stack would be written over ${input}, which is one of its frames; name another file by --out.`,
      )
    const folder = `${target}.work`
    await makeFolder(folder)
    const chosen = wholeConfig({
      ...(await configOf(invocation)),
      stack_filenames: args.map((name) => resolve(name)),
    })
    const ground = await localGround(await invocation.config(), folder)
    const report = reporter(invocation)
    try {
      await runStep(stack, runOptions(invocation, ground, report, folder, chosen))
      report.finish()
      await whole(weights, (part) => copyFile(join(folder, 'stack_weight.fits'), part))
      await whole(target, (part) => copyFile(join(folder, 'stack.fits'), part))
      const { stack: found } = await readFindings(folder)
      document({ file: target, weights, ...found }, () =>
        out(`${target}: ${found?.frames} frames by ${found?.method}`),
      )
    } finally {
      await ground.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

export const frameCommands: Command[] = [subtracting, stacking]
