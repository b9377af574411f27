/** From the pixels where a cosmic ray is certain to the ones beside them that it has touched. */
import { lookAt } from './detect.ts'
import type { CosmicFrame, CosmicSeeds } from './detect.ts'
import { maskBits } from '#science/image/plane.ts'

const unusable: number = maskBits.invalid | maskBits.outside | maskBits.drawn

/**
 * Marks seeds, then neighbours with an edge of σ, then neighbours of those with σ times `fraction`, in `found`; returns
 * the pixels that are new.
 */
export function growSeeds(
  frame: CosmicFrame,
  seeds: CosmicSeeds,
  found: Uint8Array,
  fraction: number,
): number[] {
  const { plane, mask, sigma } = frame
  const { width, height } = plane
  const { edge } = lookAt(frame)
  const fresh: number[] = []
  const mark = (i: number) => {
    if (found[i] !== 0 || (mask && (mask.data[i] & unusable) !== 0)) return
    found[i] = maskBits.cosmic
    fresh.push(i)
  }
  for (const i of seeds.accepted) mark(i)
  for (const limit of [sigma, sigma * fraction]) {
    const edges = new Map<number, number>()
    for (const i of fresh) {
      const x = i % width
      const y = (i - x) / width
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u
          if (found[next] === 0 && !edges.has(next)) edges.set(next, edge(u, v))
        }
    }
    for (const [i, value] of edges) if (value > limit) mark(i)
  }
  return fresh
}
