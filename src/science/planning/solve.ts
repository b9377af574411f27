/**
 * From a planning problem to a plan: which fields, then when. The files of this folder, by step (`model.ts` has the types
 * that pass between them):
 *
 * 1. Candidates. Grids: `tessellation` (`ring-rows`, `icosahedron`, `field-rows`, `hull`). Free places: `placement`,
 *    `single` (`climb`, `map-points`, `region-cells`). Galaxies: `galaxies`, `galaxy-fields`, `galaxy-region`.
 * 2. When each can be seen: `visibility` (`horizon`, `intervals`, `diurnal`); what it will be like then: `conditions`.
 * 3. Which sky each sees: `coverage`, from footprints (`footprint`, `shape`) whose `borders` cut the map's cells
 *    (`arrangement`, `clip`, `cell-shape`, `field-set`; `point-cover` for points), so that shared sky counts once (`union`,
 *    `gains`). `coverage-part`: of some candidates alone.
 * 4. Which fields: `selection`. `greedy`, then prices and a bound (`lagrange`), then the programme (`cover-model`);
 *    `timetable` says whether a choice fits the hours, `capacity` what none can exceed.
 * 5. When: `schedule`. The problem as numbers (`instance`, `slew-table`), timelines under construction (`routes`), a
 *    large-neighbourhood search (`search`, `destroy`, `repair`, `tighten`), exposures (`timeline`), their order
 *    (`front-load`), and what no schedule can exceed (`bound`, `bound-rows`). How long things take: `slew`, `visit`.
 * 6. Whether it holds: `violations`, which shares `slew` alone with the rest.
 */
import type { MilpSolver, PlanningProblem, Schedule, Selection, SolveOptions } from './model.ts'
import { schedulePlan } from './schedule.ts'
import { selectFields } from './selection.ts'

/** Of the whole time, what the choice of fields may take at most; what it leaves goes to the schedule. */
const SELECTION_SHARE = 0.35
/** A plan without a solver takes no longer than this, s, however much time it is given. */
const GREEDY_SECONDS = 1.5

/**
 * Fields chosen and scheduled within `options.seconds`, or sooner: when the schedule is within `gapTarget` of what is
 * possible, when nothing has helped for long, when `onProgress` answers true. Progress comes from the stages
 * `selection`, `schedule` and `bound`, its seconds and those of the trail from the beginning of both.
 */
export function solvePlan(
  problem: PlanningProblem,
  solver: MilpSolver | null,
  options: SolveOptions,
): { selection: Selection; schedule: Schedule } {
  const began = options.now()
  const elapsed = () => (options.now() - began) / 1000
  const greedy = options.method === 'greedy' || solver === null
  const seconds = greedy ? Math.min(options.seconds, GREEDY_SECONDS) : options.seconds
  let stopped = false
  const onProgress: SolveOptions['onProgress'] = (state) => {
    if (options.onProgress?.({ ...state, seconds: elapsed() }) === true) stopped = true
    return stopped
  }
  const selection = selectFields(problem, solver, {
    ...options,
    onProgress,
    seconds: SELECTION_SHARE * seconds,
  })
  const offset = elapsed()
  const left = stopped ? 0 : Math.max(0, seconds - offset)
  const schedule = schedulePlan(problem, selection, solver, { ...options, onProgress, seconds: left })
  const trail = schedule.trail.map((entry) => ({ ...entry, seconds: entry.seconds + offset }))
  return { selection, schedule: { ...schedule, trail } }
}
