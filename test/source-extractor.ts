import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeFits } from '#science/fits/write.ts'
import type { Plane } from '#science/image/plane.ts'

/** False where the program is not installed: `it.skipIf(!hasSourceExtractor)('… (needs source-extractor)', …)`. */
export const hasSourceExtractor = spawnSync('source-extractor', ['--version']).status === 0

const pyramid = 'CONV NORM\n1 2 1\n2 4 2\n1 2 1\n'

/** Columns by name, positions as the program gives them (from 1). */
export type Catalogue = Record<string, Float64Array>

/** What source-extractor finds on a file; `settings` are its own names and values. A FITS catalogue is not read. */
export function runSourceExtractor(
  path: string,
  columns: readonly string[],
  settings: Readonly<Record<string, string | number>>,
): { catalogue: Catalogue; rows: number; seconds: number; cpuSeconds: number } {
  const folder = mkdtempSync(join(tmpdir(), 'urania-sextractor-'))
  try {
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('c.param'), columns.join('\n'))
    writeFileSync(at('c.conv'), pyramid)
    writeFileSync(at('c.sex'), '')
    const all = {
      CATALOG_NAME: at('c.cat'),
      PARAMETERS_NAME: at('c.param'),
      FILTER_NAME: at('c.conv'),
      VERBOSE_TYPE: 'QUIET',
      ...settings,
    }
    const args = Object.entries(all).flatMap(([key, value]) => [`-${key}`, String(value)])
    const began = performance.now()
    // The shell tells how much time its children took on a processor, which other work on the machine does not change.
    const command = ['-c', '"$@" >&2; times', 'sh', 'source-extractor', path, '-c', at('c.sex'), ...args]
    const output = execFileSync('sh', command, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' })
    const seconds = (performance.now() - began) / 1000
    const times = output
      .trim()
      .split('\n')
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g)
    const cpuSeconds = [...times].reduce(
      (sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest),
      0,
    )
    if (settings['CATALOG_TYPE'] === 'FITS_1.0') return { catalogue: {}, rows: -1, seconds, cpuSeconds }
    const lines = readFileSync(at('c.cat'), 'latin1')
      .split('\n')
      .filter((line) => line.trim() && !line.startsWith('#'))
    const catalogue: Catalogue = Object.fromEntries(
      columns.map((name) => [name, new Float64Array(lines.length)]),
    )
    lines.forEach((line, row) => {
      const values = line.trim().split(/\s+/)
      columns.forEach((name, k) => (catalogue[name][row] = Number(values[k])))
    })
    return { catalogue, rows: lines.length, seconds, cpuSeconds }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Does `work` with a plane written as a FITS file. */
export function asFile<T>(plane: Plane, work: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'urania-frame-'))
  try {
    const path = join(folder, 'frame.fits')
    const { width, height, data } = plane
    writeFileSync(path, writeFits([{ kind: 'image', shape: [width, height], data }]))
    return work(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
