// `node scripts/compare-sextractor.ts [sparse|large|crowded|dense …] [--seed N]`: our catalogue beside that of source-extractor on
// simulated fields, against the bars of `test/extraction-comparison.ts`.
import { parseArgs } from 'node:util'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { fieldOf, simulateField } from '#science/simulate/field.ts'
import { compareOn } from '#test/extraction-comparison.ts'
import { asFile } from '#test/source-extractor.ts'

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const seed = Number(values.seed)
const fields = {
  sparse: () => fieldOf('sparse', seed),
  crowded: () => fieldOf('crowded', seed),
  large: () => fieldOf('large', seed),
  /** 4096² as crowded as `crowded`. */
  dense: () => simulateField({ width: 4096, height: 4096, count: 100_000, seed, gradient: [30, -20] }),
}
const workshop = createWorkshop()
for (const name of positionals.length > 0 ? positionals : Object.keys(fields)) {
  const field = fields[name as keyof typeof fields]()
  const found = asFile(field.plane, (path) => compareOn(field, path, workshop))
  console.log(name, seed, found)
}
