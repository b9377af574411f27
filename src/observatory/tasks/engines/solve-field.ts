/** Blind solution by solve-field of astrometry.net, with the indexes that are installed for it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { isProblem, Problem } from '#problem.ts'
import { openFits } from '#science/fits/file.ts'
import { numberOf } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { writeFits } from '#science/fits/write.ts'
import { readColumns } from './files.ts'
import type { ProgramEngine, Solved, SolveWork } from './port.ts'
import { solveFieldProgram } from './programs.ts'

const settings = z.strictObject({
  'code-tolerance': z.coerce.number().positive().optional(),
  'pixel-error': z.coerce.number().positive().optional(),
  'quad-size-min': z.coerce.number().min(0).max(1).optional(),
  'quad-size-max': z.coerce.number().min(0).max(2).optional(),
  'odds-to-solve': z.coerce.number().positive().optional(),
  parity: z.enum(['pos', 'neg']).optional(),
  depth: z
    .string()
    .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/)
    .optional(),
})

/** Where Debian and the program's own installation put indexes. */
const usualFolders = ['/usr/share/astrometry', '/usr/local/astrometry/data', '/usr/local/share/astrometry']

export const solveField: ProgramEngine<'solve'> = {
  key: 'solve-field',
  port: 'solve',
  title: 'solve-field of astrometry.net',
  programs: [solveFieldProgram],
  settings,
  async run(work, given, { scratch, programs, log }) {
    const at = (name: string): string => join(scratch.folder, name)
    const { x, y, flux, width, height, seconds } = work
    writeFileSync(at('engine.cfg'), configuration(work))
    const brightest = [...flux.keys()].toSorted((i, j) => flux[j]! - flux[i]!)
    const column = (values: Float64Array, from = 0): Float64Array =>
      Float64Array.from(brightest, (i) => values[i]! + from)
    writeFileSync(
      at('field.xyls'),
      writeFits([
        { kind: 'image', shape: [] },
        {
          kind: 'table',
          columns: [
            { name: 'X', values: column(x, 1) },
            { name: 'Y', values: column(y, 1) },
            { name: 'FLUX', values: column(flux) },
          ],
        },
      ]),
    )
    const args = [
      'field.xyls',
      ['--config', 'engine.cfg', '--dir', '.', '--temp-dir', '.', '--out', 'field'],
      ['--width', `${width}`, '--height', `${height}`],
      ['--x-column', 'X', '--y-column', 'Y', '--sort-column', 'FLUX'],
      ['--no-plots', '--overwrite', '--no-remove-lines', '--uniformize', '0'],
      ['--new-fits', 'none', '--solved', 'none', '--index-xyls', 'none'],
      ['--cpulimit', `${Math.ceil(seconds)}`, '--crpix-center'],
      work.order > 1 ? ['--tweak-order', `${work.order}`] : ['--no-tweak'],
      hints(work),
      Object.entries(given).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    ].flat()
    const said: string[] = []
    try {
      await scratch.run({
        program: programs['solve-field']!,
        args,
        seconds: seconds + 30,
        onLine: (line) => said.push(line),
      })
    } catch (error) {
      if (!isProblem(error) || error.code !== 'engine.timeout') throw error
    }
    if (!existsSync(at('field.wcs')))
      throw new Problem(
        'astrometry.unsolved',
        `solve-field found no solution for the ${x.length} detections within ${seconds} s. Check the hints (width, centre) and its indexes (Debian: packages astrometry-data-*).`,
      )
    const solved = answer(scratch.folder, said, brightest)
    log(`solve-field: ln(odds) ${solved.solution.logOdds.toFixed(1)}.`)
    return solved
  },
}

/** Where it looks for indexes: in the usual folders, and those of its own kind that are configured here. */
function configuration({ indexes }: SolveWork): string {
  const own = indexes.filter((path) => /^index[-_].*\.fits$/.test(basename(path)))
  const folders = usualFolders.filter((folder) => existsSync(folder) && readdirSync(folder).length > 0)
  if (own.length === 0 && folders.length === 0)
    throw new Problem(
      'engine.missing',
      'solve-field has no indexes here; install some (on Debian: apt install astrometry-data-tycho2), or set engine_solve=builtin.',
      { package: 'astrometry-data-tycho2' },
    )
  return [
    ...folders.map((folder) => `add_path ${folder}`),
    ...(folders.length > 0 ? ['autoindex'] : []),
    ...own.map((path) => `index ${path}`),
    'minwidth 0.01',
    'maxwidth 180',
    '',
  ].join('\n')
}

function hints({ hints: { widthDeg, centre, parity } }: SolveWork): string[] {
  return [
    ...(widthDeg
      ? ['--scale-units', 'degwidth', '--scale-low', `${widthDeg[0]}`, '--scale-high', `${widthDeg[1]}`]
      : []),
    ...(centre ? ['--ra', `${centre.ra}`, '--dec', `${centre.dec}`, '--radius', `${centre.radiusDeg}`] : []),
    ...(parity ? ['--parity', parity === 1 ? 'neg' : 'pos'] : []),
  ]
}

function answer(folder: string, said: readonly string[], order: readonly number[]): Solved {
  const header = openFits(new Uint8Array(readFileSync(join(folder, 'field.wcs')))).hdus[0]!.header
  const wcs = readWcs(header)
  if (!wcs) throw new Problem('engine.failed', 'solve-field wrote a solution without a WCS.')
  const { crval, crpix, cd } = wcs.terms
  const { rows, column } = readColumns(join(folder, 'field.corr'), 1)
  const [fx, fy, ra, dec, id] = ['field_x', 'field_y', 'index_ra', 'index_dec', 'field_id'].map(column)
  const places = wcs.skyToPixels(ra!, dec!)
  let sum = 0
  for (let i = 0; i < rows; i++) sum += (places.x[i]! + 1 - fx![i]!) ** 2 + (places.y[i]! + 1 - fy![i]!) ** 2
  const determinant = cd[0] * cd[3] - cd[1] * cd[2]
  const logOdds = said.reduce((last, line) => Number(/log-odds ratio ([\d.]+)/.exec(line)?.[1] ?? last), 0)
  const index = said.reduce((last, line) => /solved with index (\S+)/.exec(line)?.[1] ?? last, 'its indexes')
  return {
    index: index.replace(/[.,]$/, ''),
    solution: {
      crval,
      crpix,
      cd,
      order: numberOf(header, 'A_ORDER') ?? 1,
      a: sip(header, 'A'),
      b: sip(header, 'B'),
      ap: sip(header, 'AP'),
      bp: sip(header, 'BP'),
      rmsPx: Math.sqrt(sum / Math.max(1, rows)),
      pixelScaleArcsec: Math.sqrt(Math.abs(determinant)) * 3_600,
      parity: determinant < 0 ? -1 : 1,
      positionAngleDeg: (Math.atan2(cd[1], cd[3]) * 180) / Math.PI,
      matches: Array.from({ length: rows }, (_, i) => ({
        detection: order[id![i]!] ?? 0,
        ra: ra![i]!,
        dec: dec![i]!,
      })),
      logOdds,
    },
  }
}

/** Coefficients by "i_j". */
function sip(header: Header, prefix: string): Record<string, number> {
  const order = numberOf(header, `${prefix}_ORDER`) ?? 0
  const found: Record<string, number> = {}
  for (let p = 0; p <= order; p++) {
    for (let q = 0; p + q <= order; q++) {
      const value = numberOf(header, `${prefix}_${p}_${q}`)
      if (value !== undefined && value !== 0) found[`${p}_${q}`] = value
    }
  }
  return found
}
