import { productsOf } from '#science/skymap/summarize.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import { race, timed, type Subject } from './harness.ts'
import { openPython } from './python.ts'
import { sampleMap, withFiles } from './samples.ts'

export const subject: Subject = {
  name: 'skymap',
  title: 'Summary of a 19,200-row map: read, areas, distance, 50/90 % MOCs, contours',
  async run(report) {
    const { bytes, from } = sampleMap()
    await withFiles({ map: bytes }, async (path) => {
      const input = { map: path('map') }
      const python = await openPython(report, 'skymap', ['astropy', 'healpy'], input)
      await race(report, {
        what: `${subject.title} (${from})`,
        rounds: 31,
        warmUp: 5,
        within: 0.05,
        contestants: [
          {
            tool: 'Urania',
            once: () => timed(() => productsOf(readSkyMap(bytes)).summary.area90Deg2),
          },
          ...(python ? [python.contestant('summary')] : []),
        ],
      })
      if (python) {
        report.skipped.push('skymap: MOCs and contours on the side of astropy and healpy, which have none.')
        python.close()
      }
    })
  },
}
