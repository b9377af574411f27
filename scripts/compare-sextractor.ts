// `node scripts/compare-sextractor.ts [sparse|large|crowded|dense|nebula …] [--seed N]`: our catalogue beside that of source-extractor
// on simulated fields, and its own beside that of the same field mirrored, which is as near as one can come.
import { parseArgs } from 'node:util'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { fieldOf, simulateField, type SimulatedField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { compareOn, itselfMirrored } from '#test/extraction-comparison.ts'
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
  nebula: () => withKnots(fieldOf('sparse', seed)),
}
const workshop = createWorkshop()
for (const name of positionals.length > 0 ? positionals : Object.keys(fields)) {
  const field = fields[name as keyof typeof fields]()
  const found = asFile(field.plane, (path) => compareOn(field, path, workshop))
  console.log(name, seed, { ...found, itself: itselfMirrored(field) })
}
await workshop.close()

/** The field behind a nebula of 400 knots 3 to 40 px wide, with its photons' noise at a gain of 1. */
function withKnots(field: SimulatedField): SimulatedField {
  const { width, height, data } = field.plane
  const { uniform, normal } = seededRandom(1_000 + seed)
  const light = new Float32Array(data.length)
  for (let knot = 0; knot < 400; knot++) {
    const [x, y, sigma] = [width * uniform(), height * uniform(), 3 * (40 / 3) ** uniform()]
    const peak = 300 * uniform() ** 2
    const reach = Math.ceil(4 * sigma)
    for (let v = Math.max(0, Math.floor(y) - reach); v < Math.min(height, y + reach); v++)
      for (let u = Math.max(0, Math.floor(x) - reach); u < Math.min(width, x + reach); u++)
        light[v * width + u] += peak * Math.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * sigma * sigma))
  }
  return {
    ...field,
    plane: {
      ...field.plane,
      data: data.map((value, i) => value + light[i] + Math.sqrt(light[i]) * normal()),
    },
  }
}
