import { writeFits } from '#science/fits/write.ts'
import { simulateField, type FieldOptions, type SimulatedField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import type { FakeStar } from './sky-services.ts'

/** How a frame's band differs from that of the catalogue: m(r) = m + colourTerm (g − r). */
export const colourTerm = 0.05

/** Stars over a field, and a frame of them as a camera sees it: same numbers, same bytes. */
export function starField(
  options: Partial<FieldOptions> & { size: number; seed?: number; fieldSeed?: number; perMegapixel?: number },
): {
  stars: FakeStar[]
  field: SimulatedField
  bytes: Uint8Array<ArrayBuffer>
} {
  const { size, seed = 5, fieldSeed = seed, perMegapixel = 1_500, ...rest } = options
  const { uniform } = seededRandom(seed)
  const scale = 0.6 / 3_600
  const count = Math.round((size * size * perMegapixel) / 1e6)
  const stars = Array.from({ length: count }, (): FakeStar => {
    const r = 13 + 5.5 * Math.sqrt(uniform())
    const gr = 0.2 + 1.1 * uniform()
    return {
      ra: 150 + ((uniform() - 0.5) * size * scale * 1.05) / Math.cos((2.2 * Math.PI) / 180),
      dec: 2.2 + (uniform() - 0.5) * size * scale * 1.05,
      g: r + gr,
      r,
      i: r - 0.4 * gr,
    }
  })
  const field = simulateField({
    width: size,
    height: size,
    seed: fieldSeed,
    count: 0,
    galaxies: 0,
    zeroPoint: 25,
    gain: 1.5,
    catalogue: {
      ra: stars.map(({ ra }) => ra),
      dec: stars.map(({ dec }) => dec),
      mag: stars.map(({ g, r }) => r - colourTerm * (g - r)),
    },
    ...rest,
  })
  const bytes = writeFits([
    { kind: 'image', shape: [size, size], data: field.plane.data.slice(), cards: field.header },
  ])
  return { stars, field, bytes: new Uint8Array(bytes) }
}
