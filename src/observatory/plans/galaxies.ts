import { Problem } from '#problem.ts'
import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { galaxiesIn } from '#observatory/references/service.ts'
import { galaxyRegion, type GalaxyRegion } from '#science/planning/galaxy-region.ts'
import type { GalaxyWeight } from '#science/planning/galaxies.ts'
import type { PlanRequest } from './plan.ts'
import type { SolveGalaxies } from './solve-input.ts'

/** Highest level in whose volume galaxies are looked for. */
export const mostGalaxyLevel = 0.99

/** Where galaxies have to be asked for, in a worker thread. */
export const askGalaxyRegion = computeTask(
  import.meta.url,
  'askGalaxyRegion',
  (input: { map: MapInput; weight: GalaxyWeight; level: number }): GalaxyRegion =>
    galaxyRegion(mapOf(input.map), input.weight, input.level),
)

/**
 * Galaxies of a catalogue where the map may want them; they are ranked where the plan is solved.
 * @throws Problem catalogue.unknown, catalogue.invalid
 */
export async function galaxiesFor(
  platform: Pick<Platform, 'db' | 'columns' | 'config' | 'compute'>,
  request: PlanRequest,
  map: MapInput,
): Promise<SolveGalaxies> {
  if (request.catalogue === undefined)
    throw new Problem('catalogue.unknown', 'Galaxy targeting needs a catalogue; name one that was imported.')
  const { weight } = request
  const level = Math.min(request.level, mostGalaxyLevel)
  const { ranges, distanceMpc } = await platform.compute.run(askGalaxyRegion, { map, weight, level })
  const found = await galaxiesIn(platform, system, request.catalogue, ranges, distanceMpc ? { distanceMpc } : {})
  const { catalogue, names, ra, dec, magB, massSun } = found
  return {
    name: [...names],
    ra,
    dec,
    distanceMpc: found.distanceMpc,
    magB,
    massSun,
    weight,
    notes: [
      `Galaxies of ${catalogue.title} (version ${catalogue.version}), ${ra.length} of ${catalogue.rows} in the region; what the catalogue lacks is not looked at.`,
    ],
  }
}
