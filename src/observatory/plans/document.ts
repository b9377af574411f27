import { Problem } from '#problem.ts'
import type { Field, Footprint, TelescopeModel, Window } from '#science/planning/model.ts'
import type { Aim, PlannedExposure } from './plan.ts'

/**
 * What a finished plan keeps as bytes in the storage: the telescopes as they were planned with, and the exposures as
 * columns with units. Everything that is drawn or exported is made from it.
 */
export interface PlanDocument {
  readonly telescopes: readonly PlannedTelescope[]
  readonly exposures: readonly PlannedExposure[]
  /** Galaxies that were aimed at; empty for other strategies. */
  readonly galaxies: readonly PlannedGalaxy[]
}

export interface PlannedTelescope {
  readonly slug: string
  readonly name: string
  /** Of the definition that was used. */
  readonly version: number
  readonly ground: boolean
  readonly model: TelescopeModel
  readonly filters: readonly { name: string; depthMag: number | null; exposureS: number }[]
  readonly steps: readonly { filter: string; exposureS: number; count: number }[]
  readonly visits: number
  readonly cadenceS: number
  readonly maxFields: number | null
  /** Which way its fields were found. */
  readonly strategy: 'tiling' | 'galaxies' | 'single'
  /** When it could be used, MJD UTC. */
  readonly windows: readonly Window[]
}

export interface PlannedGalaxy {
  readonly name: string
  readonly ra: number
  readonly dec: number
  readonly distanceMpc: number | null
  /** Share of the total weight. */
  readonly weight: number
  /** Field ids that hold it: `telescope/field`. */
  readonly fields: readonly string[]
}

/** Columns of the exposure table in order, with VOUnits and meaning. */
const exposureColumns = [
  { name: 'number', unit: '', description: 'Order in the whole plan, from 1' },
  { name: 'telescope', unit: '', description: 'Slug of the telescope' },
  { name: 'field', unit: '', description: 'Name of the field in its grid' },
  { name: 'ra', unit: 'deg', description: 'Centre of the field, ICRS' },
  { name: 'dec', unit: 'deg', description: 'Centre of the field, ICRS' },
  { name: 'positionAngleDeg', unit: 'deg', description: 'North of the footprint, east of north' },
  { name: 'visit', unit: '', description: 'Visit to the field, from 1' },
  { name: 'filter', unit: '', description: 'Filter' },
  { name: 'start', unit: '', description: 'Begin of the exposure, UTC' },
  { name: 'exposureS', unit: 's', description: 'Exposure time' },
  { name: 'slewS', unit: 's', description: 'Slew and settling before the exposure' },
  { name: 'filterChangeS', unit: 's', description: 'Filter change before the exposure' },
  { name: 'readoutS', unit: 's', description: 'Readout after the exposure' },
  { name: 'probability', unit: '', description: 'Probability of the map in the field alone' },
  {
    name: 'cumulativeProbability',
    unit: '',
    description: 'Probability of the map in all fields up to and with this one, each part of the sky once',
  },
  { name: 'airmass', unit: '', description: 'sec z at the middle of the exposure' },
  { name: 'altitudeDeg', unit: 'deg', description: 'Altitude at the middle of the exposure' },
  { name: 'moonSeparationDeg', unit: 'deg', description: 'Distance from the Moon' },
  { name: 'locked', unit: '', description: 'Fixed by a person' },
] as const satisfies readonly { name: keyof PlannedExposure; unit: string; description: string }[]

/** What shares mean where galaxies are aimed at. */
export const galaxyShares: Partial<Record<keyof PlannedExposure, string>> = {
  probability: "Share of the galaxies' weight in the field alone; no probability of the map",
  cumulativeProbability:
    "Share of the galaxies' weight in all fields up to and with this one, each galaxy once; no probability of the map",
}

/** What the shares of a plan are of. */
export function aimOf({ telescopes }: Pick<PlanDocument, 'telescopes'>): Aim {
  return telescopes.some(({ strategy }) => strategy === 'galaxies') ? 'galaxies' : 'sky'
}

/** The document as bytes: the same document gives the same bytes. */
export function encodeDocument({ telescopes, exposures, galaxies }: PlanDocument): Uint8Array<ArrayBuffer> {
  const values = Object.fromEntries(
    exposureColumns.map(({ name }) => [name, exposures.map((exposure) => exposure[name])]),
  )
  const document = {
    format: 'urania-plan',
    version: 1,
    telescopes,
    columns:
      aimOf({ telescopes }) === 'sky'
        ? exposureColumns
        : exposureColumns.map((c) => ({ ...c, description: galaxyShares[c.name] ?? c.description })),
    values,
    galaxies,
  }
  return new TextEncoder().encode(JSON.stringify(document))
}

/** @throws Problem `storage.corrupt` for bytes that are no plan document of this version. */
export function decodeDocument(bytes: Uint8Array): PlanDocument {
  const read = JSON.parse(new TextDecoder().decode(bytes)) as {
    format: string
    version: number
    telescopes: PlannedTelescope[]
    values: Record<keyof PlannedExposure, unknown[]>
    galaxies: PlannedGalaxy[]
  }
  if (read.format !== 'urania-plan' || read.version !== 1)
    throw new Problem(
      'storage.corrupt',
      `These bytes are ${read.format} ${read.version}, not a plan of version 1.`,
    )
  const exposures = read.values.number.map(
    (_, i) =>
      Object.fromEntries(exposureColumns.map(({ name }) => [name, read.values[name][i]])) as PlannedExposure,
  )
  return { telescopes: read.telescopes, exposures, galaxies: read.galaxies }
}

/** `telescope/field`: how edits and comparisons name a field. */
export function fieldKey({ telescope, field }: Pick<PlannedExposure, 'telescope' | 'field'>): string {
  return `${telescope}/${field}`
}

/** One field of the plan with its footprint. */
export interface PlannedField {
  readonly key: string
  readonly telescope: PlannedTelescope
  readonly footprint: Footprint
  readonly field: Field
  readonly probability: number
  /** In the order in which the plan comes to them, from 1. */
  readonly order: number
  readonly exposures: readonly PlannedExposure[]
}

/** Distinct fields in the order of their first exposure. */
export function fieldsOf(document: PlanDocument): PlannedField[] {
  const telescopes = new Map(document.telescopes.map((t) => [t.slug, t]))
  const groups = Map.groupBy(
    document.exposures.toSorted((a, b) => a.start.localeCompare(b.start) || a.number - b.number),
    fieldKey,
  )
  return [...groups].map(([key, exposures], i) => {
    const { telescope: slug, field: id, ra, dec, positionAngleDeg, probability } = exposures[0]!
    const telescope = telescopes.get(slug)!
    const field = { id, ra, dec, positionAngleDeg }
    return {
      key,
      telescope,
      footprint: telescope.model.footprint,
      field,
      probability,
      order: i + 1,
      exposures,
    }
  })
}
