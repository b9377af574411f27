import { writeCsv } from '#science/table/csv.ts'
import { writeEcsv } from '#science/table/ecsv.ts'
import { tableOf, type ColumnInput, type Table } from '#science/table/table.ts'
import { aimOf, galaxyShares, type PlanDocument } from './document.ts'
import type { PlannedExposure, PlanSummary } from './plan.ts'

/** Exposures and galaxies as tables with units. */

const columns: readonly {
  name: string
  key: keyof PlannedExposure
  unit?: string
  ucd?: string
  description: string
}[] = [
  { name: 'number', key: 'number', description: 'Order in the whole plan, from 1' },
  { name: 'telescope', key: 'telescope', description: 'Slug of the telescope' },
  { name: 'field', key: 'field', description: 'Name of the field in its grid', ucd: 'meta.id' },
  { name: 'ra', key: 'ra', unit: 'deg', ucd: 'pos.eq.ra', description: 'Centre of the field, ICRS' },
  { name: 'dec', key: 'dec', unit: 'deg', ucd: 'pos.eq.dec', description: 'Centre of the field, ICRS' },
  {
    name: 'position_angle',
    key: 'positionAngleDeg',
    unit: 'deg',
    ucd: 'pos.posAng',
    description: 'North of the footprint, east of north',
  },
  { name: 'visit', key: 'visit', description: 'Visit to the field, from 1' },
  { name: 'filter', key: 'filter', ucd: 'instr.filter', description: 'Filter' },
  { name: 'start', key: 'start', ucd: 'time.start', description: 'Begin of the exposure, UTC' },
  { name: 'exposure', key: 'exposureS', unit: 's', ucd: 'time.duration', description: 'Exposure time' },
  { name: 'slew', key: 'slewS', unit: 's', description: 'Slew and settling before the exposure' },
  {
    name: 'filter_change',
    key: 'filterChangeS',
    unit: 's',
    description: 'Filter change before the exposure',
  },
  { name: 'readout', key: 'readoutS', unit: 's', description: 'Readout after the exposure' },
  {
    name: 'probability',
    key: 'probability',
    ucd: 'stat.probability',
    description: 'Probability of the map in the field alone',
  },
  {
    name: 'cumulative_probability',
    key: 'cumulativeProbability',
    ucd: 'stat.probability',
    description: 'Probability of the map in all fields up to and with this one, each part of the sky once',
  },
  { name: 'airmass', key: 'airmass', ucd: 'obs.airMass', description: 'At the middle of the exposure' },
  {
    name: 'altitude',
    key: 'altitudeDeg',
    unit: 'deg',
    ucd: 'pos.az.alt',
    description: 'At the middle of the exposure',
  },
  { name: 'moon_separation', key: 'moonSeparationDeg', unit: 'deg', description: 'Distance from the Moon' },
  { name: 'locked', key: 'locked', description: 'Fixed by a person' },
]

/** The exposures, one row each. */
function exposureTable(plan: PlanSummary, document: PlanDocument): Table {
  const { exposures } = document
  const weights = aimOf(document) === 'galaxies' ? galaxyShares : {}
  return tableOf({
    title: plan.title,
    columns: columns.map(({ name, key, unit, ucd, description }): ColumnInput => {
      const values = exposures.map((exposure) => exposure[key])
      const weight = weights[key]
      const kind = weight ? 'stat.weight' : ucd
      const about = {
        name,
        description: weight ?? description,
        ...(unit ? { unit } : {}),
        ...(kind ? { ucd: kind } : {}),
      }
      if (key === 'locked') return { ...about, values: values.map(Boolean), type: 'boolean' }
      if (key === 'number' || key === 'visit')
        return { ...about, values: Int32Array.from(values as number[]) }
      if (values.every((value) => typeof value === 'string') && isText(key))
        return { ...about, values: values as string[] }
      return {
        ...about,
        values: Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value))),
        nulls: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
      }
    }),
    meta: {
      plan: plan.id,
      version: plan.version,
      event: plan.eventName,
      aim: plan.aim,
      probability: plan.probability,
      sky_probability: plan.skyProbability,
      bound: plan.bound,
      gap: plan.gap,
    },
  })
}

function isText(key: keyof PlannedExposure): boolean {
  return key === 'telescope' || key === 'field' || key === 'filter' || key === 'start'
}

export function exposuresCsv(plan: PlanSummary, document: PlanDocument): Uint8Array {
  return writeCsv(exposureTable(plan, document))
}

export function exposuresEcsv(plan: PlanSummary, document: PlanDocument): Uint8Array {
  return writeEcsv(exposureTable(plan, document))
}

/** Galaxies that were aimed at, the weightiest first, with the fields that hold them. */
export function galaxiesCsv({ galaxies }: PlanDocument): Uint8Array {
  const number = (values: (number | null)[]): Pick<ColumnInput, 'values' | 'nulls'> => ({
    values: Float64Array.from(values, (v) => v ?? Number.NaN),
    nulls: Uint8Array.from(values, (v) => (v === null ? 1 : 0)),
  })
  return writeCsv(
    tableOf({
      columns: [
        { name: 'rank', values: Int32Array.from(galaxies, (_, i) => i + 1) },
        { name: 'name', values: galaxies.map((g) => g.name) },
        { name: 'ra', unit: 'deg', ...number(galaxies.map((g) => g.ra)) },
        { name: 'dec', unit: 'deg', ...number(galaxies.map((g) => g.dec)) },
        { name: 'distance', unit: 'Mpc', ...number(galaxies.map((g) => g.distanceMpc)) },
        { name: 'weight', ...number(galaxies.map((g) => g.weight)) },
        { name: 'fields', values: galaxies.map((g) => g.fields.join(' ')) },
      ],
    }),
  )
}
