import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { Problem } from '#problem.ts'
import { card, formatHeader } from '#science/fits/header.ts'
import { wcsCards } from '#science/fits/wcs/cards.ts'
import { plateWcs } from '#science/image/astrometry/plate-wcs.ts'
import type { SolveHints } from '#science/image/astrometry/solve.ts'
import type { Compute } from '#platform/compute/compute.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { numberFlag, textFlag } from '#platform/terminal/flags.ts'
import { whole, writeWhole } from '#platform/files/whole.ts'
import { indexesOf } from './indexes.ts'
import type { Solved } from '#observatory/tasks/engines/port.ts'
import type { StarsFound } from './solve-work.ts'

const solve: Command = {
  words: ['solve'],
  usage: 'FILE…',
  summary: 'Find where frames lie on the sky, without a guess; needs no server',
  examples: [
    'urania solve image.fits',
    'urania solve image.fits --width 0.4,0.6 --center "05:35:17 -05:23:28" --radius 5',
    'urania solve detections.xyls --size 719x507 --index /usr/share/astrometry/index-4119.fits',
  ],
  options: {
    width: { type: 'string', doc: 'Width of the field, degrees: LEAST,MOST' },
    scale: { type: 'string', doc: 'Pixel scale, arcseconds: LEAST,MOST' },
    center: { type: 'string', doc: 'Rough centre: degrees or sexagesimal' },
    radius: { type: 'string', doc: 'How far the centre may be from it, degrees (default 5)' },
    index: {
      type: 'string',
      multiple: true,
      doc: 'Index, index file of astrometry.net, or table of stars (default: those of the home folder and the shipped Tycho-2)',
    },
    order: { type: 'string', doc: 'Highest order of the distortion, 1 to 5 (default 3)' },
    seconds: {
      type: 'string',
      doc: 'Give up after this much work, seconds of one core, the same on every machine (default 120)',
    },
    engine: { type: 'string', doc: 'Who solves: builtin (default) or solve-field' },
    size: { type: 'string', doc: 'Of the picture that a list of detections is of: WIDTHxHEIGHT, px' },
    out: { type: 'string', doc: 'File for the solution as a FITS header (default: FILE.wcs)' },
  },
  async run(invocation) {
    const { args, flags, document, out } = invocation
    if (args.length === 0) throw new Problem('command.usage', 'Say which frame: urania solve FILE.')
    if (args.length > 1 && textFlag(flags, 'out') !== undefined)
      throw new Problem('command.usage', '--out names one file; leave it out when several frames are solved.')
    const { createCompute } = await import('#platform/compute/pool.ts')
    const compute = createCompute({ threads: 1 })
    const results: object[] = []
    let failed = 0
    try {
      for (const file of args) {
        try {
          results.push(await solveFile(invocation, file, compute))
        } catch (error) {
          if (!(error instanceof Problem) || args.length === 1 || invocation.signal.aborted) throw error
          failed++
          invocation.note(`${file}: ${error.message}`)
          results.push({ file, problem: { code: error.code, message: error.message } })
        }
      }
    } finally {
      await compute.stop()
    }
    document(args.length === 1 ? results[0] : results, () => {
      for (const result of results) for (const line of words(result as Result)) out(line)
    })
    return failed > 0 ? 1 : 0
  },
}

interface Result {
  file: string
  problem?: { message: string }
  ra: number
  dec: number
  widthDeg: number
  heightDeg: number
  pixelScaleArcsec: number
  positionAngleDeg: number
  mirrored: boolean
  stars: number
  rmsPx: number
  order: number
  index: string
  wcs: string
}

async function solveFile(
  invocation: Invocation,
  file: string,
  compute: Pick<Compute, 'run'>,
): Promise<Result> {
  const { flags, signal } = invocation
  const { findStars, solveDetections } = await import('./solve-work.ts')
  const { runSpeaking } = await import('#observatory/tasks/steps/voice.ts')
  const { detectionList } = await import('./detection-list.ts')
  const stars =
    (await detectionList(file, textFlag(flags, 'size'))) ??
    (await compute.run(findStars, { path: file, hands: availableParallelism() }, { signal }))
  const shown = invocation.progress(basename(file), 'levels')
  const given = flags['index'] as string[] | undefined
  const solved = await runSpeaking(
    {
      signal,
      compute,
      log: invocation.note,
      warn: invocation.note,
      progress: (done, total) => shown.update(done, total),
    },
    solveDetections,
    {
      ...stars,
      indexes: given ?? (await indexesOf((await invocation.config()).home)),
      hints: await hintsOf(flags, stars.width),
      order: numberFlag(flags, 'order') ?? 3,
      seconds: numberFlag(flags, 'seconds') ?? 120,
      engine: textFlag(flags, 'engine') ?? 'builtin',
      hands: availableParallelism(),
    },
  ).finally(() => shown.finish())
  const target = textFlag(flags, 'out') ?? `${file}.wcs`
  await writeWhole(target, wcsFile(solved, stars))
  return resultOf(file, target, stars, solved)
}

/** A FITS file that holds the solution in its header, and no data. */
export function wcsFile(
  { solution }: Pick<Solved, 'solution'>,
  { width, height }: { width: number; height: number },
): Uint8Array {
  return formatHeader([
    card('SIMPLE', true, 'conforms to FITS'),
    card('BITPIX', 8),
    card('NAXIS', 0),
    card('IMAGEW', width, 'width of the picture, px'),
    card('IMAGEH', height, 'height of the picture, px'),
    ...wcsCards(plateWcs(solution)),
  ])
}

function resultOf(
  file: string,
  wcs: string,
  { width, height }: StarsFound,
  { solution, index }: Solved,
): Result {
  const pixel = solution.pixelScaleArcsec / 3_600
  return {
    file,
    ra: solution.crval[0],
    dec: solution.crval[1],
    widthDeg: width * pixel,
    heightDeg: height * pixel,
    pixelScaleArcsec: solution.pixelScaleArcsec,
    positionAngleDeg: solution.positionAngleDeg,
    mirrored: solution.parity === 1,
    stars: solution.matches.length,
    rmsPx: solution.rmsPx,
    order: solution.order,
    index: basename(index),
    wcs,
  }
}

function words(result: Result): string[] {
  if (result.problem) return [`${result.file}: ${result.problem.message}`]
  return [
    `${result.file}: centre ${result.ra.toFixed(5)} ${result.dec.toFixed(5)}, ${result.widthDeg.toFixed(3)}° × ${result.heightDeg.toFixed(3)}°, ${result.pixelScaleArcsec.toFixed(4)}″/px`,
    `  up is ${result.positionAngleDeg.toFixed(2)}° east of north${result.mirrored ? ', mirrored' : ''}; ${result.stars} stars of ${result.index}, ${result.rmsPx.toFixed(3)} px rms, distortion of order ${result.order}`,
    `  written to ${result.wcs}`,
  ]
}

async function hintsOf(flags: Invocation['flags'], width: number): Promise<SolveHints> {
  const wide = rangeFlag(flags, 'width') ?? rangeFlag(flags, 'scale')?.map((value) => (value * width) / 3_600)
  const centre = textFlag(flags, 'center')
  if (centre === undefined) return wide ? { widthDeg: [wide[0]!, wide[1]!] } : {}
  const { parseDirection } = await import('#science/sky/angles.ts')
  const { ra, dec } = parseDirection(centre)
  return {
    ...(wide ? { widthDeg: [wide[0]!, wide[1]!] } : {}),
    centre: { ra, dec, radiusDeg: numberFlag(flags, 'radius') ?? 5 },
  }
}

/** `0.4,0.6`; one number is taken with 20 % to either side. */
function rangeFlag(flags: Invocation['flags'], name: string): [number, number] | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const values = text.split(',').map(Number)
  const range = values.length === 1 ? [0.8 * values[0]!, 1.2 * values[0]!] : values
  if (range.length !== 2 || !(range[0]! > 0) || !(range[1]! >= range[0]!))
    throw new Problem('command.usage', `--${name} is one number or LEAST,MOST, as 0.4,0.6.`)
  return [range[0]!, range[1]!]
}

const index: Command = {
  words: ['index'],
  usage: 'FROM…',
  summary: 'Make an index for solving from index files of astrometry.net or tables of stars',
  examples: [
    'urania index gaia-field.parquet --out gaia.index',
    'urania index /usr/share/astrometry/index-tycho2-07.littleendian.fits --sizes 0.15,0.6 --out tycho2-deep.index',
  ],
  options: {
    out: {
      type: 'string',
      doc: 'The index: .index with its shapes, .stars with the stars alone (default: tables.index in "indexes" of the home folder)',
    },
    sizes: {
      type: 'string',
      doc: 'Diameters of the shapes kept in the file, degrees: LEAST,MOST (default: all)',
    },
  },
  async run(invocation) {
    const { args, flags, document, out } = invocation
    if (args.length === 0) throw new Problem('command.usage', 'Say what to make it from: urania index FROM….')
    let target = textFlag(flags, 'out')
    if (target === undefined) {
      const folder = join((await invocation.config()).home, 'indexes')
      await mkdir(folder, { recursive: true })
      target = join(folder, 'tables.index')
    }
    const sizes = rangeFlag(flags, 'sizes') ?? [0, 180]
    const [{ createCompute }, { makeIndex }, { runSpeaking }] = await Promise.all([
      import('#platform/compute/pool.ts'),
      import('./index-work.ts'),
      import('#observatory/tasks/steps/voice.ts'),
    ])
    const shown = invocation.progress('index', 'levels')
    const compute = createCompute({ threads: 1 })
    const { signal, note: log } = invocation
    const progress = (done: number, total: number): void => shown.update(done, total)
    const voice = { signal, compute, log, warn: log, progress }
    const starsOnly = target.endsWith('.stars')
    const { stars, bytes } = await whole(target, (out) =>
      runSpeaking(voice, makeIndex, { from: args, out, starsOnly, sizes, hands: availableParallelism() }),
    ).finally(async () => {
      shown.finish()
      await compute.stop()
    })
    document({ stars, bytes, index: target }, () =>
      out(`${stars.toLocaleString('en-US')} stars, ${(bytes / 1e6).toFixed(1)} MB, written to ${target}`),
    )
  },
}

/** `urania solve` and `urania index`. */
export const solveCommands: readonly Command[] = [solve, index]
