import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { galaxiesIn } from '#observatory/references/service.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import { credibleMoc } from '#science/skymap/credible.ts'
import { marginalDistance } from '#science/skymap/distance.ts'
import type { PlanRequest } from './plan.ts'
import type { SolveGalaxies } from './solve-input.ts'

/** Galaxies of a catalogue where the map allows them: in its region, and in its range of distances where it has one. */
export async function galaxiesFor(
  platform: Pick<Platform, 'db' | 'compute' | 'columns' | 'config'>,
  request: Pick<PlanRequest, 'catalogue' | 'weight' | 'level'>,
  map: MapInput,
  signal: AbortSignal,
): Promise<SolveGalaxies> {
  const { ranges, distanceMpc } = await platform.compute.run(
    galaxyRegion,
    { map, level: request.level },
    { signal },
  )
  const { names, catalogue, ra, dec, massSun, magB, ...found } = await galaxiesIn(
    platform,
    system,
    request.catalogue ?? '',
    ranges,
    { signal, ...(distanceMpc ? { distanceMpc } : {}) },
  )
  const notes = [`${names.length} galaxies of ${catalogue.title} lie in the region.`]
  if (!distanceMpc)
    notes.push('The map has no distances: galaxies are weighed by the probability on the sky.')
  return {
    name: [...names],
    ra,
    dec,
    distanceMpc: found.distanceMpc,
    magB,
    massSun,
    weight: request.weight,
    notes,
  }
}

/** How far around the mean distance galaxies are looked for, standard deviations. */
const reach = 4

/** Where on the sky, and between which distances, galaxies of a map may be. */
export const galaxyRegion = computeTask(
  import.meta.url,
  'galaxyRegion',
  (input: { map: MapInput; level: number }): { ranges: Ranges; distanceMpc: [number, number] | null } => {
    const map = mapOf(input.map)
    // The volume of a level reaches a little over the area of that level.
    const { ranges } = credibleMoc(map, Math.min(0.9999, Math.max(input.level, 0.995)))
    const distance = marginalDistance(map)
    const distanceMpc: [number, number] | null = distance
      ? [Math.max(0, distance.meanMpc - reach * distance.stdMpc), distance.meanMpc + reach * distance.stdMpc]
      : null
    return { ranges, distanceMpc }
  },
)
