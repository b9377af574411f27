import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { galaxiesIn } from '#observatory/references/service.ts'
import { galaxyRegion as regionOfGalaxies, type GalaxyRegion } from '#science/planning/galaxy-region.ts'
import type { GalaxyWeight } from '#science/planning/galaxies.ts'
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
    { map, weight: request.weight, level: request.level },
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

/** Where on the sky, and between which distances, galaxies that the map keeps may be: one pass over its volume. */
export const galaxyRegion = computeTask(
  import.meta.url,
  'galaxyRegion',
  (input: { map: MapInput; weight: GalaxyWeight; level: number }): GalaxyRegion =>
    regionOfGalaxies(mapOf(input.map), input.weight, Math.min(input.level, 0.99)),
)
