import { createHighs } from '#platform/compute/highs.ts'
import { greedySelection } from '#science/planning/greedy.ts'
import { selectFields } from '#science/planning/selection.ts'
import { fieldRegions, unionWeight } from '#science/planning/union.ts'
import { counts, gridNear, mapFiles, problemOf, reachable, telescopes } from '#test/planning-cases.ts'
import type { MapName } from '#test/planning-cases.ts'
import { sharedMap } from '#test/sampled-coverage.ts'
import { figure, median, type Subject } from './harness.ts'

const now = (): number => performance.now()

// Map, telescopes, exposure s, visits, cadence s, beginning of the night MJD.
const nights: readonly (readonly [MapName, readonly string[], number, number, number, number])[] = [
  ['S250207bg-preliminary', ['TCH', 'TCA', 'OAJ'], 300, 1, 0, 60_713.5],
  ['S250207bg-preliminary', ['TCH', 'TCA', 'OAJ', 'DECam'], 600, 2, 1800, 60_713.5],
  ['S250207bg-preliminary', telescopes, 300, 1, 0, 60_713.5],
  ['S250720j-preliminary', telescopes, 1800, 1, 0, 60_876.1],
]

export const subject: Subject = {
  name: 'planning',
  title: 'Fields selected: coverage, bound and time',
  async run(report, note) {
    const highs = await createHighs()
    const gaps: number[] = []
    const times: number[] = []
    for (const [name, slug, printed] of reachable) {
      const map = sharedMap(mapFiles[name])
      const fields = map && gridNear(map, slug)
      if (!map || !fields) {
        report.skipped.push(`planning: ${name}, ${slug} needs shared test data.`)
        continue
      }
      const problem = problemOf(map, [slug], [fields], { exposureS: 30 })
      for (const [k, known] of printed.entries()) {
        const tasks = problem.tasks.map((task) => ({ ...task, maxFields: counts[k] }))
        const found = selectFields({ ...problem, tasks }, highs, { seconds: 60, now })
        gaps.push(100 * found.gap)
        times.push(found.seconds)
        const what = `${name}, ${slug}, ${counts[k]} of ${fields.length} fields`
        note(`${what}: ${found.objective.toFixed(4)} (printed ${known}), ${found.seconds.toFixed(1)} s`)
        report.rows.push(figure(`${what}: gap`, 100 * found.gap, '%', { atMost: 1 }))
      }
    }
    if (gaps.length > 0) {
      const what = `Fields by count, median of ${gaps.length}`
      report.rows.push(figure(`${what}: gap`, median(gaps), '%'), figure(`${what}: time`, median(times), 's'))
    }
    for (const [name, slugs, exposureS, visits, cadenceS, start] of nights) {
      const map = sharedMap(mapFiles[name])
      if (!map) continue
      const night = { start, end: start + 1 }
      const fields = slugs.map((slug) => gridNear(map, slug, 100)!)
      const problem = problemOf(map, slugs, fields, { exposureS, visits, cadenceS, night })
      const began = now()
      const greedy = greedySelection(problem)
      const seconds = (now() - began) / 1000
      const weight = unionWeight(problem.coverage, fieldRegions(problem.coverage), greedy)
      const found = selectFields(problem, highs, { seconds: 60, now })
      const state = `gap ${(100 * found.gap).toFixed(2)} % in ${found.seconds.toFixed(1)} s`
      const what = `${name}, one night, ${slugs.length} telescopes, ${visits} × ${exposureS} s`
      note(
        `${what}: ${found.objective.toFixed(4)} of at most ${found.bound.toFixed(4)}, ${state}, greedy ${weight.toFixed(4)}`,
      )
      report.rows.push(
        figure(`${what}: gap`, 100 * found.gap, '%', { atMost: 2 }),
        figure(`${what}: time`, found.seconds, 's', { atMost: 61 }),
        figure(`${what}: greedy below the best`, 100 * (1 - weight / found.objective), '%', { atMost: 5 }),
        figure(`${what}: greedy time`, seconds, 's', { atMost: 5 }),
      )
    }
  },
}
