import { findHdu, openFits } from '#science/fits/file.ts'
import { readTable } from '#science/fits/table.ts'
import { writeFits } from '#science/fits/write.ts'
import { race, timed, type Subject } from './harness.ts'
import { openPython } from './python.ts'
import { directions, withFiles } from './samples.ts'
import { readFileSync } from 'node:fs'

const rows = 1_000_000

export const subject: Subject = {
  name: 'fits',
  title: 'Read a FITS table of 10⁶ rows (K, D, D, E, I) from disk into columns',
  async run(report) {
    const { lon, lat } = directions(rows)
    const table = writeFits([
      {
        kind: 'table',
        columns: [
          { name: 'ID', values: BigInt64Array.from(lon, (_, i) => BigInt(i) << 20n) },
          { name: 'RA', unit: 'deg', values: lon },
          { name: 'DEC', unit: 'deg', values: lat },
          { name: 'FLUX', unit: 'mJy', values: Float32Array.from(lon) },
          { name: 'FLAG', values: Int16Array.from(lon, (_, i) => i & 255) },
        ],
      },
    ])
    await withFiles({ table }, async (path) => {
      const python = await openPython(report, 'fits', ['astropy'], { table: path('table') })
      await race(report, {
        what: subject.title,
        rounds: 9,
        contestants: [
          {
            tool: 'Urania',
            once: () =>
              timed(() => {
                const bytes = readFileSync(path('table'))
                const { columns } = readTable(bytes, findHdu(openFits(bytes).hdus, 1))
                return (columns[1].values as Float64Array).reduce((sum, value) => sum + value, 0)
              }),
          },
          ...(python ? [python.contestant('table')] : []),
        ],
      })
      python?.close()
    })
  },
}
