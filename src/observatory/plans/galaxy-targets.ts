import { galaxyFields } from '#science/planning/galaxy-fields.ts'
import { rankGalaxies } from '#science/planning/galaxies.ts'
import type { Field, TelescopeTask } from '#science/planning/model.ts'
import { visitSeconds } from '#science/planning/visit.ts'
import { fieldWindows, visitWindows } from '#science/planning/visibility.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import type { SolveInput, SolveTelescope } from './solve-input.ts'

/** A galaxy that fits the map. */
export interface TargetGalaxy {
  readonly name: string
  readonly ra: number
  readonly dec: number
  readonly distanceMpc: number | null
  /** Share of all that fit. */
  readonly weight: number
}

/** Galaxies of the catalogue that fit the map, best first, with weights that sum to one. */
export function targetGalaxies(map: SkyMap, input: SolveInput, notes: string[]): TargetGalaxy[] {
  const { galaxies } = input
  if (!galaxies) return []
  notes.push(...galaxies.notes)
  const ranking = rankGalaxies(map, galaxies, { weight: galaxies.weight, level: Math.min(input.level, 0.99) })
  const { withoutDistance, withoutProperty } = ranking.left
  if (withoutDistance > 0)
    notes.push(`${withoutDistance} galaxies in the region have no distance and were left out.`)
  if (withoutProperty > 0)
    notes.push(
      `${withoutProperty} galaxies lack what the weight by ${galaxies.weight} needs and were left out.`,
    )
  if (ranking.galaxies.length === 0)
    notes.push('No galaxy of the catalogue fits the map; the plan is by tiling instead.')
  return ranking.galaxies.map(({ index, weight }) => {
    const distance = galaxies.distanceMpc[index]!
    return {
      name: galaxies.name[index]!,
      ra: galaxies.ra[index]!,
      dec: galaxies.dec[index]!,
      distanceMpc: Number.isFinite(distance) ? distance : null,
      weight,
    }
  })
}

/** Fields of one telescope over the galaxies that it can see, the one that holds most first. */
export function fieldsOnGalaxies(
  targets: readonly TargetGalaxy[],
  telescope: SolveTelescope,
  task: TelescopeTask,
  { start, end, visibility }: SolveInput,
): Field[] {
  const { model, ground } = telescope
  let seen = targets
  if (visibility && ground) {
    const needed = visitSeconds(task)
    const places = targets.map(({ name, ra, dec }) => ({ id: name, ra, dec }))
    const found = fieldWindows(model, places, { start, end })
    const some = targets.filter((_, i) => visitWindows(found[i]!.windows, needed).length > 0)
    // Where none is seen the fields are laid all the same, so that the report says to what they were lost.
    if (some.length > 0) seen = some
  }
  return galaxyFields(seen, model.footprint, { count: 400 }).map(({ id, ra, dec }) => ({ id, ra, dec }))
}
