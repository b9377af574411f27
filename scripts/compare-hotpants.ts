/**
 * `node scripts/compare-hotpants.ts [kind…] [--size 1024] [--seeds 1,2,3]`: our subtraction beside HOTPANTS on the same seeded pairs, judged
 * by the same yardstick against the truth. Needs `hotpants` on PATH.
 */
import { parseArgs } from 'node:util'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { subtract } from '#science/image/subtract/al98.ts'
import { caseOf, hotpants, judgedOf, kinds, runHotpants, score, type Score } from '#test/hotpants.ts'

const { values, positionals } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    seeds: { type: 'string', default: '1,2,3' },
    alone: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
  allowPositionals: true,
})
const size = Number(values.size)
const names = positionals.length > 0 ? positionals : Object.keys(kinds)
const workshop = createWorkshop()
if (!hotpants) console.log('hotpants is not on PATH: only our own figures.')
console.log(
  'kind       seed tool      sum/true  flux/true scatter/σ pull  compl. purity fading | star residuals/σ at 1–3, 3–10, 10–30, >30 kADU | usable',
)
for (const name of names) {
  for (const seed of values.seeds.split(',').map(Number)) {
    const the = caseOf(name, size, seed)
    workshop.arena.during(() => {
      const basis = { halfWidth: 10, widths: [0.7, 1.5, 3], degrees: [6, 4, 2] }
      const ours = subtract(the.science, the.template, { direction: 'template', basis }, workshop)
      const yard = ours.noise.data
      const own = judgedOf(ours.difference, ours.noise, ours.mask, ours.fluxScale)
      const theirs = hotpants && !values.alone ? runHotpants(the) : null
      const both = theirs ? own.usable.map((value, i) => value & theirs.usable[i]) : own.usable
      print(name, seed, 'Urania', score(the, own, yard, both))
      if (values.verbose)
        console.log(JSON.stringify({ ...ours.diagnostics, stars: ours.diagnostics.stars.length }))
      if (theirs) print(name, seed, 'HOTPANTS', score(the, theirs, yard, both))
    })
  }
}
await workshop.close()

function print(name: string, seed: number, tool: string, s: Score): void {
  const stars = s.residuals.map((value) => (value === null ? '   –' : value.toFixed(2))).join(' ')
  console.log(
    [
      name.padEnd(10),
      String(seed).padStart(4),
      tool.padEnd(9),
      s.kernelSum.toFixed(4).padStart(8),
      s.fluxRatio.toFixed(4).padStart(10),
      s.fluxScatter.toFixed(4).padStart(8),
      s.pull.toFixed(2).padStart(5),
      s.completeness.toFixed(3).padStart(7),
      s.purity.toFixed(3).padStart(6),
      s.fading.toFixed(3).padStart(6),
      '|',
      stars,
      '|',
      s.usable.toFixed(3),
    ].join(' '),
  )
}
