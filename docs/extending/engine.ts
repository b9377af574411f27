import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import type { ProgramEngine } from '#observatory/tasks/engines/port.ts'

const awk = {
  names: ['awk', 'mawk', 'gawk'],
  package: 'mawk',
  purpose: 'shifting a WCS',
  version: { args: ['-W', 'version'], pattern: /(\d+\.[\d.]+)/ },
} as const

/** Refines a WCS by a shift alone: the mean distance of the detections from the stars that lie nearest. */
export const example: ProgramEngine<'refine'> = {
  key: 'awk-shift',
  port: 'refine',
  title: 'Mean shift by awk',
  programs: [awk],
  settings: z.strictObject({ reach: z.coerce.number().positive().optional() }),
  async run(work, { reach = work.errorPx }, { scratch, programs, log }) {
    const wcs = wcsOf(work.terms)
    const stars = wcs.skyToPixels(work.ra, work.dec)
    const lines = Array.from(work.x, (x, d) => {
      let best = { away: Number(reach), dx: Number.NaN, dy: Number.NaN }
      for (let s = 0; s < stars.x.length; s++) {
        const [dx, dy] = [x - stars.x[s], work.y[d] - stars.y[s]]
        const away = Math.hypot(dx, dy)
        if (away < best.away) best = { away, dx, dy }
      }
      return Number.isFinite(best.dx) ? `${best.dx} ${best.dy}` : ''
    })
    writeFileSync(join(scratch.folder, 'shifts.txt'), `${lines.filter((line) => line !== '').join('\n')}\n`)
    const { stdout } = await scratch.run({
      program: programs['awk'],
      args: [
        'NF == 2 { n++; x += $1; y += $2; r += $1^2 + $2^2 } END { print n, x/n, y/n, r/n }',
        'shifts.txt',
      ],
      seconds: 10,
      onLine: log,
    })
    const [count, dx, dy, square] = stdout.trim().split(' ').map(Number)
    if (!(count >= 6)) return null
    const [px, py] = work.terms.crpix
    const terms = { ...work.terms, crpix: [px + dx, py + dy] as const }
    return { terms, stars: count, rmsPx: Math.sqrt(Math.max(0, square - dx * dx - dy * dy)), order: 1 }
  },
}
