import { seededRandom } from '#science/simulate/random.ts'

/** Seeded uniform numbers in [0, 1), for tests. */
export function seeded(seed: number): () => number {
  return seededRandom(seed).uniform
}
