import type { Telescope } from '#observatory/telescopes/telescope.ts'
import type { Field, TelescopeModel } from '#science/planning/model.ts'
import type { TelescopeRequest } from './plan.ts'
import type { SolveTelescope } from './solve-input.ts'

/** How the fields of a telescope are found unless something else is asked for. */
export function tilingOf(telescope: Pick<Telescope, 'pointing'>, asked: Pick<TelescopeRequest, 'tiling'>) {
  return asked.tiling ?? (telescope.pointing.how === 'grid' ? 'grid' : 'free')
}

/** A telescope as a request wants it used. @param grid its fields; empty where it has none or they are not asked for */
export function telescopeFor(
  telescope: Telescope,
  model: TelescopeModel,
  asked: TelescopeRequest,
  grid: readonly Field[],
): SolveTelescope {
  const [filter] = telescope.filters
  const { pointing } = telescope
  const wanted = tilingOf(telescope, asked)
  const tiling = wanted === 'grid' && grid.length === 0 ? 'free' : wanted
  // That a grid was never uploaded is among the doubts; here it is one whose fields are gone.
  const missing = wanted === 'grid' && tiling === 'free' && pointing.how === 'grid' ? pointing.grid : null
  return {
    slug: telescope.slug,
    name: telescope.name,
    version: telescope.version,
    ground: telescope.ground,
    model,
    filters: telescope.filters,
    steps: asked.steps ?? [{ filter: filter!.name, exposureS: filter!.exposureS, count: 1 }],
    visits: asked.visits,
    cadenceS: asked.cadenceMinutes * 60,
    maxFields: asked.maxFields ?? null,
    tiling,
    overlap: asked.overlap,
    grid:
      tiling === 'grid'
        ? {
            id: grid.map((f) => f.id),
            ra: Float64Array.from(grid, (f) => f.ra),
            dec: Float64Array.from(grid, (f) => f.dec),
          }
        : null,
    doubts: [
      ...telescope.doubts.map((d) => d.text),
      ...(missing === null
        ? []
        : [`The fields of its grid ${missing} are not here; fields are placed freely.`]),
    ],
  }
}
