import { Problem } from '#problem.ts'
import type { MapInput } from '#observatory/alerts/map-input.ts'
import type { Platform } from '#platform/platform.ts'
import type { PlanRequest } from './plan.ts'
import type { SolveGalaxies } from './solve-input.ts'

/** Galaxies of a catalogue inside the region of a map, weighed by the density of its volume. */
export async function galaxiesFor(
  _platform: Pick<Platform, 'db'>,
  request: PlanRequest,
  _map: MapInput,
): Promise<SolveGalaxies> {
  throw new Problem(
    'catalogue.unknown',
    `There is no catalogue ${request.catalogue ?? ''} here; import one.`,
    {},
  )
}
