import { coneRanges } from '#science/sky/cover.ts'
import { mocToFits } from '#science/sky/moc-fits.ts'
import * as moc from '#science/sky/moc.ts'
import { unionOf } from '#science/sky/ranges.ts'
import { race, timed, type Subject } from './harness.ts'
import { openPython } from './python.ts'
import { directions, withFiles } from './samples.ts'

/** The cover of a survey: many round fields, order 10. */
function survey(fields: number, radiusDeg: number, seed: number): moc.Moc {
  const { lon, lat } = directions(fields, seed)
  const cones = Array.from(lon, (ra, i) => coneRanges(ra, lat[i], radiusDeg, { order: 10, inclusive: true }))
  return moc.mocFromRanges(unionOf(cones), 10)
}

export const subject: Subject = {
  name: 'moc',
  title: 'Set algebra of two MOCs of order 10',
  async run(report) {
    const a = survey(1500, 0.6, 3)
    const b = survey(900, 1.1, 4)
    await withFiles({ a: mocToFits(a), b: mocToFits(b) }, async (path) => {
      const python = await openPython(report, 'moc', ['mocpy'], { a: path('a'), b: path('b') })
      const works: Record<string, () => moc.Moc> = {
        union: () => moc.mocUnion(a, b),
        intersection: () => moc.mocIntersection(a, b),
        difference: () => moc.mocDifference(a, b),
        complement: () => moc.mocComplement(a),
        degrade: () => moc.degrade(a, 6),
      }
      for (const [name, work] of Object.entries(works)) {
        await race(report, {
          what: `${subject.title}: ${name} (${moc.cellCount(a)} and ${moc.cellCount(b)} cells), with its sky fraction`,
          rounds: 21,
          warmUp: 5,
          contestants: [
            { tool: 'Urania', once: () => timed(() => moc.skyFraction(work())) },
            ...(python ? [python.contestant(name)] : []),
          ],
        })
      }
      python?.close()
    })
  },
}
