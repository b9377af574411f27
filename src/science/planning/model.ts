/**
 * What planning speaks of: fields of view, telescopes as far as planning needs them, candidate fields with the sky they
 * cover and the times at which they can be taken, and the plan that comes out. Angles in degrees ICRS, times in MJD UTC,
 * durations in seconds.
 */

/** A corner, degrees east and north of the centre on the tangent plane (gnomonic), at position angle 0. */
export type Offset = readonly [east: number, north: number]

/** The sky that one exposure sees, around its centre. */
export type Footprint =
  | { readonly shape: 'circle'; readonly radiusDeg: number }
  /** On the tangent plane; sides are great circles. */
  | { readonly shape: 'rectangle'; readonly widthDeg: number; readonly heightDeg: number }
  /** |ΔDec| ≤ height/2 and |ΔRA·cos Dec of the point| ≤ width/2: the field of survey grids, never rotated. */
  | { readonly shape: 'box'; readonly widthDeg: number; readonly heightDeg: number }
  | { readonly shape: 'polygon'; readonly vertices: readonly Offset[] }
  /** Detectors with gaps between them: what any of the polygons covers is seen. */
  | { readonly shape: 'mosaic'; readonly polygons: readonly (readonly Offset[])[] }

/** One place to point at. */
export interface Field {
  /** Name in its grid, or one made for a field placed freely. */
  readonly id: string
  readonly ra: number
  readonly dec: number
  /** Of the footprint's north, east of north; default 0. */
  readonly positionAngleDeg?: number
}

export interface Observer {
  /** East of Greenwich. */
  readonly longitude: number
  readonly latitude: number
  readonly elevationM: number
}

/** When a telescope may observe a direction; a limit that is left out does not exist. */
export interface Limits {
  /** Sun's altitude below which observing begins: −12 or −18 for most. */
  readonly sunAltitudeMaxDeg: number
  readonly altitudeMinDeg: number
  readonly altitudeMaxDeg?: number
  /** Lowest altitude by azimuth (N = 0, E = 90), joined by straight lines and closed over north. */
  readonly horizon?: readonly { readonly azimuthDeg: number; readonly altitudeDeg: number }[]
  /** sec z. */
  readonly airmassMax?: number
  readonly decMinDeg?: number
  readonly decMaxDeg?: number
  readonly hourAngleMinHours?: number
  readonly hourAngleMaxHours?: number
  /** From the Moon while it is up. */
  readonly moonSeparationMinDeg?: number
  /** No observing while the Moon is higher than this. */
  readonly moonAltitudeMaxDeg?: number
  readonly galacticLatitudeMinDeg?: number
}

export interface Axis {
  readonly rateDegPerS: number
  /** Left out: the rate is reached at once. */
  readonly accelerationDegPerS2?: number
}

/**
 * How long it takes from one field to the next: both axes move at once, then the mount settles. `direct` moves along the
 * great circle (where only one number is known).
 */
export type Slew =
  | { readonly mount: 'direct'; readonly axis: Axis; readonly settleS: number }
  | {
      readonly mount: 'equatorial'
      readonly hourAngle: Axis
      readonly declination: Axis
      readonly settleS: number
    }
  | {
      readonly mount: 'altazimuth'
      readonly azimuth: Axis
      readonly altitude: Axis
      readonly settleS: number
    }

/** A telescope with one instrument, as planning sees it. */
export interface TelescopeModel {
  readonly slug: string
  readonly observer: Observer
  readonly limits: Limits
  readonly footprint: Footprint
  readonly slew: Slew
  /** After each exposure; a slew goes on meanwhile unless `readoutBlocksSlew`. */
  readonly readoutS: number
  readonly readoutBlocksSlew: boolean
  /** Added to each exposure whatever comes before it. */
  readonly overheadS: number
  readonly filterChangeS: number
}

/** Start and end, MJD UTC. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** What one visit to a field takes: exposures in this order. */
export interface ExposureStep {
  readonly filter: string
  readonly exposureS: number
  readonly count: number
}

/** What is asked of one telescope in one plan. */
export interface TelescopeTask {
  readonly telescope: TelescopeModel
  /** Hours in which it may be used: plan window ∩ night ∩ what people allow. */
  readonly windows: readonly Window[]
  readonly steps: readonly ExposureStep[]
  /** Visits to each chosen field; all of them or the field does not count. */
  readonly visits: number
  /** Least time from the start of one visit to the start of the next, s. */
  readonly cadenceS: number
  /** Most distinct fields; left out: as many as there is time for. */
  readonly maxFields?: number
}

/** A field of one telescope with the times at which a whole visit may run (its limits hold from start to end). */
export interface Candidate {
  /** Index into the tasks. */
  readonly telescope: number
  readonly field: Field
  /** A visit lies inside one of these, whole. */
  readonly windows: readonly Window[]
}

/**
 * Sky cut into regions with the same set of candidates over them, each with its weight (probability not yet observed, or
 * of galaxies). Candidates of region r are `members[offsets[r] … offsets[r + 1]]`, ascending.
 */
export interface Coverage {
  readonly weight: Float64Array
  readonly areaDeg2: Float64Array
  readonly offsets: Uint32Array
  readonly members: Uint32Array
  /** Of each candidate alone. */
  readonly fieldWeight: Float64Array
  readonly fieldAreaDeg2: Float64Array
  /** Weight of everything, reachable or not: 1 for a map nothing was taken from. */
  readonly total: number
}

/** One exposure of a plan. `slewS` and `filterChangeS` lie before `start`, `readoutS` after the exposure. */
export interface ScheduledExposure {
  readonly candidate: number
  /** From 0. */
  readonly visit: number
  readonly filter: string
  readonly start: number
  readonly exposureS: number
  readonly slewS: number
  readonly filterChangeS: number
  readonly readoutS: number
}

/** How a result was come by: `optimal` within `gapTarget`, `time limit`: best found when time ended. */
export type SolveStatus = 'optimal' | 'time limit' | 'heuristic' | 'infeasible'

/** Fields chosen: which, what they cover together, and what no choice can exceed. */
export interface Selection {
  readonly chosen: readonly number[]
  /** Weight of the union. */
  readonly objective: number
  /** No choice under the constraints that the stage knows covers more. */
  readonly bound: number
  /** (bound − objective) / bound; 0 where the bound is 0. */
  readonly gap: number
  readonly status: SolveStatus
  readonly seconds: number
}

export interface Schedule {
  readonly exposures: readonly ScheduledExposure[]
  readonly objective: number
  /** Holds for every schedule that keeps the constraints, not only for this order. */
  readonly bound: number
  readonly gap: number
  readonly status: SolveStatus
  readonly seconds: number
  /** What was known when; for the chart. */
  readonly trail: readonly { readonly seconds: number; readonly objective: number; readonly bound: number }[]
}

/** A part of a plan that people fixed. */
export interface Locked {
  readonly candidate: number
  readonly visit: number
  readonly filter: string
  readonly start: number
  readonly exposureS: number
}

export interface PlanningProblem {
  readonly tasks: readonly TelescopeTask[]
  readonly candidates: readonly Candidate[]
  readonly coverage: Coverage
  /** Candidates that must be in the plan if any schedule can hold them. */
  readonly pinned?: readonly number[]
  /** Exposures that stay as they are. */
  readonly locked?: readonly Locked[]
}

export interface SolveOptions {
  /** Wall clock for everything, s. */
  readonly seconds: number
  /** Relative gap at which the selection stops, default 0.001. */
  readonly gapTarget?: number
  readonly seed?: number
  /** `greedy`: no MILP, the bound is that of a relaxation. */
  readonly method?: 'greedy' | 'exact'
  /** Called from time to time; a true answer ends the search with the best plan so far. */
  readonly onProgress?: (state: {
    stage: string
    objective: number
    bound: number
    seconds: number
  }) => boolean | void
  /** Milliseconds that pass; science has no clock of its own. */
  readonly now: () => number
}

/** A mixed-integer linear programme as data, columns compressed by row. Maximised. */
export interface Milp {
  readonly columns: number
  readonly cost: Float64Array
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** 1: whole numbers only. */
  readonly integer: Uint8Array
  readonly rowLower: Float64Array
  readonly rowUpper: Float64Array
  readonly rowStart: Uint32Array
  readonly index: Uint32Array
  readonly value: Float64Array
}

export interface MilpResult {
  readonly status: 'optimal' | 'time limit' | 'stopped' | 'infeasible'
  readonly values: Float64Array | null
  readonly objective: number
  readonly bound: number
  /** Of a linear programme solved to its end: what the objective changes by as a column leaves its bound. */
  readonly reducedCosts?: Float64Array
}

/** HiGHS, handed in: science solves nothing itself that a solver does better. Blocks until done. */
export type MilpSolver = (
  milp: Milp,
  options: {
    seconds: number
    gapTarget: number
    /** A solution to begin with. */
    start?: Float64Array
    onProgress?: (state: { objective: number; bound: number; seconds: number }) => boolean | void
  },
) => MilpResult
