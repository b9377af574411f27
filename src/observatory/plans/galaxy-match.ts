import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { mapOf, type MapInput } from '#observatory/alerts/map-input.ts'
import { mapInput } from '#observatory/alerts/products.ts'
import { localizationRow } from '#observatory/alerts/queries.ts'
import { galaxiesIn } from '#observatory/references/service.ts'
import type { Catalogue } from '#observatory/references/catalogue.ts'
import {
  rankGalaxies,
  type Galaxies,
  type GalaxyRanking,
  type GalaxyWeight,
} from '#science/planning/galaxies.ts'
import { galaxyRegion } from './galaxies.ts'

/** Galaxies of a catalogue where a localization allows them, ranked. */

export interface MatchedGalaxy {
  name: string
  ra: number
  dec: number
  distanceMpc: number | null
  /** Share of all that fit. */
  weight: number
  /** Probability per volume, Mpc⁻³; per solid angle, sr⁻¹, where the map has no distance. */
  density: number
  level: number
}

export interface GalaxyMatch {
  catalogue: Catalogue
  items: MatchedGalaxy[]
  left: GalaxyRanking['left']
}

/** Ranks in a worker thread: one pass over the volume of the map. */
export const rankTask = computeTask(
  import.meta.url,
  'rankTask',
  (input: {
    map: MapInput
    galaxies: Galaxies
    weight: GalaxyWeight
    level: number
    count: number
  }): GalaxyRanking => rankGalaxies(mapOf(input.map), input.galaxies, input),
)

/** @throws Problem resource.not_found, notice.no_map, catalogue.unknown, catalogue.invalid */
export async function matchGalaxies(
  platform: Pick<Platform, 'db' | 'columns' | 'config' | 'compute' | 'storage'>,
  actor: Actor,
  asked: { catalogue: string; localizationId: string; weight: GalaxyWeight; level: number; limit: number },
): Promise<GalaxyMatch> {
  const { weight, level } = asked
  const map = await mapInput(platform, await localizationRow(platform, actor, asked.localizationId))
  const { ranges, distanceMpc } = await platform.compute.run(galaxyRegion, { map, weight, level })
  const found = await galaxiesIn(platform, actor, asked.catalogue, ranges, distanceMpc ? { distanceMpc } : {})
  const { names, ra, dec, magB, massSun, catalogue } = found
  const galaxies = { ra, dec, distanceMpc: found.distanceMpc, magB, massSun }
  const ranking = await platform.compute.run(rankTask, { map, galaxies, weight, level, count: asked.limit })
  return {
    catalogue,
    left: ranking.left,
    items: ranking.galaxies.map(({ index, weight: share, density, level: reached }) => ({
      name: names[index]!,
      ra: ra[index]!,
      dec: dec[index]!,
      distanceMpc: Number.isFinite(found.distanceMpc[index]!) ? found.distanceMpc[index]! : null,
      weight: share,
      density,
      level: reached,
    })),
  }
}
