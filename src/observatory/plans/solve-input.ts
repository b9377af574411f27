import type { MapInput } from '#observatory/alerts/map-input.ts'
import type { GalaxyWeight } from '#science/planning/galaxies.ts'
import type { Field, Footprint, TelescopeModel } from '#science/planning/model.ts'
import type { Strategy } from './plan.ts'
import type { PlannedGalaxy, PlannedTelescope } from './document.ts'
import type { PlannedExposure, PlanResult } from './plan.ts'

/** Everything a worker thread needs for one plan, and what it gives back: plain values. */
export interface SolveInput {
  map: MapInput
  telescopes: SolveTelescope[]
  /** MJD UTC. */
  start: number
  end: number
  strategy: Strategy
  level: number
  visibility: boolean
  galaxies: SolveGalaxies | null
  /** What is to be said of how it was asked. */
  notes?: readonly string[]
  /** Sky that is planned or observed already. */
  taken: { footprint: Footprint; field: Field }[]
  edits: SolveEdits
  method: 'exact' | 'greedy'
  /** For the solver, s. */
  seconds: number
  progress: SharedArrayBuffer
}

export interface SolveTelescope {
  slug: string
  name: string
  version: number
  ground: boolean
  model: TelescopeModel
  filters: PlannedTelescope['filters']
  steps: PlannedTelescope['steps']
  visits: number
  cadenceS: number
  maxFields: number | null
  tiling: 'grid' | 'free' | 'hexagonal' | 'spiral' | 'ring'
  overlap: number
  /** Fields of its grid, where it has one. */
  grid: { id: string[]; ra: Float64Array; dec: Float64Array } | null
  /** Doubts of its definition, in words. */
  doubts: string[]
}

/** Rows of a catalogue in the region, column by column; NaN where the catalogue has no value. */
export interface SolveGalaxies {
  name: string[]
  ra: Float64Array
  dec: Float64Array
  distanceMpc: Float64Array
  magB: Float64Array
  massSun: Float64Array
  weight: GalaxyWeight
  /** What to know of the catalogue. */
  notes: string[]
}

export interface SolveEdits {
  drop: string[]
  pin: string[]
  /** Of the version before: what stays as it is. */
  locked: PlannedExposure[]
  /** Fields that a person added, and those of the version before; they are candidates whatever the tiling gives. */
  fields: { telescope: string; field: Field; pinned: boolean }[]
}

export interface SolveOutput {
  result: PlanResult
  exposures: PlannedExposure[]
  telescopes: PlannedTelescope[]
  galaxies: PlannedGalaxy[]
}
