/**
 * `node scripts/compare-hotpants.ts [kind…] [--size 1024] [--seeds 1,2,3] [--method al98|sfft|zogy]`: our subtraction beside HOTPANTS on the same
 * seeded pairs, judged by the same yardstick against the truth. Needs `hotpants` on PATH; `--alone` goes without. Errors after ± are standard
 * errors of what stands before them; "mine/theirs" are ratios of rms errors at the same places.
 */
import { parseArgs } from 'node:util'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { subtract } from '#science/image/subtract/al98.ts'
import { sfft } from '#science/image/subtract/sfft.ts'
import { zogy } from '#science/image/subtract/zogy.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { caseOf, hotpants, kinds, runHotpants, withPsf, type Case } from '#test/hotpants.ts'
import { judgedOf, scatterRatio, score, type Judged, type Score } from '#test/yardstick.ts'

const { values, positionals } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    seeds: { type: 'string', default: '1,2,3' },
    method: { type: 'string', default: 'al98' },
    alone: { type: 'boolean' },
  },
  allowPositionals: true,
})
const size = Number(values.size)
const names = positionals.length > 0 ? positionals : Object.keys(kinds)
const workshop = createWorkshop()
if (!hotpants) console.log('hotpants is not on PATH: only our own figures.')
console.log(
  'kind       seed tool      sum/true  flux/true         scatter/σ pull quiet compl. purity fading | star residuals/σ at 1–3, 3–10, 10–30, >30 kADU | usable | mine/theirs: transients, places where nothing changed',
)
const all = { transients: [[], []] as number[][], places: [[], []] as number[][] }
for (const name of names) {
  for (const seed of values.seeds.split(',').map(Number)) {
    const the = caseOf(name, size, seed)
    workshop.arena.during(() => {
      const own = differenceOf(the, workshop)
      const yard = own.yard
      const theirs = hotpants && !values.alone ? runHotpants(the) : null
      const both = theirs ? own.usable.map((value, i) => value & theirs.usable[i]) : own.usable
      const mine = score(the, own, yard, both)
      if (!theirs) return print(name, seed, 'Urania', mine, '')
      const other = score(the, theirs, yard, both)
      const ratios = (['transients', 'places'] as const).map((what) => {
        all[what][0].push(...mine.errors[what])
        all[what][1].push(...other.errors[what])
        return ratioOf(mine.errors[what], other.errors[what])
      })
      print(name, seed, 'Urania', mine, `| ${ratios.join(', ')}`)
      print(name, seed, 'HOTPANTS', other, '')
    })
  }
}
if (hotpants && !values.alone) {
  console.log(`All pairs, rms of errors, mine/theirs: at transients ${ratioOf(...pairOf('transients'))}`)
  console.log(`  where nothing changed ${ratioOf(...pairOf('places'))}`)
}
await workshop.close()

function pairOf(what: 'transients' | 'places'): [number[], number[]] {
  return [all[what][0], all[what][1]]
}

function differenceOf(the: Case, by: Workshop): Judged & { yard: Float32Array } {
  const { science, template } = the
  const basis = { halfWidth: 10, widths: [0.7, 1.5, 3], degrees: [6, 4, 2] }
  const matched = subtract(science, template, { direction: 'template', basis }, by)
  const yard = matched.noise.data
  if (values.method === 'zogy') {
    const z = zogy(...withPsf(the), {}, by)
    const { data: flux } = z.flux
    const measured = { flux, error: z.fluxError.data, score: z.score.data }
    return { ...judgedOf(z.difference, z.noise, z.mask, z.fluxScale), measured, yard }
  }
  const made =
    values.method === 'sfft'
      ? sfft(
          science,
          template,
          { direction: 'template', preparation: the.name === 'crowded' ? 'crowded' : 'sparse' },
          by,
        )
      : matched
  return { ...judgedOf(made.difference, made.noise, made.mask, made.fluxScale), yard }
}

function ratioOf(mine: readonly number[], theirs: readonly number[]): string {
  const { ratio, error, n } = scatterRatio(mine, theirs)
  return `${ratio.toFixed(4)} ± ${error.toFixed(4)} (${n})`
}

function print(name: string, seed: number, tool: string, s: Score, more: string): void {
  const stars = s.residuals.map((value) => (value === null ? '   –' : value.toFixed(2))).join(' ')
  console.log(
    [
      name.padEnd(10),
      String(seed).padStart(4),
      tool.padEnd(9),
      s.kernelSum.toFixed(4).padStart(8),
      `${s.fluxRatio.toFixed(4)} ± ${s.fluxRatioError.toFixed(4)}`.padStart(17),
      s.fluxScatter.toFixed(4).padStart(8),
      s.pull.toFixed(2).padStart(5),
      s.quiet.toFixed(2).padStart(5),
      s.completeness.toFixed(3).padStart(7),
      s.purity.toFixed(3).padStart(6),
      s.fading.toFixed(3).padStart(6),
      '|',
      stars,
      '|',
      s.usable.toFixed(3),
      more,
    ].join(' '),
  )
}
