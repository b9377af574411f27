import type { PlanDocument } from '#observatory/plans/document.ts'
import type { PlanResult, PlanSummary } from '#observatory/plans/plan.ts'
import type { TelescopeModel } from '#science/planning/model.ts'

/** A small finished plan of two telescopes, made up. */
export const samplePlan: PlanSummary = {
  id: '0d3f0000-0000-4000-8000-00000000abcd',
  title: 'S260301x: one & <two>',
  state: 'ready',
  series: '0d3f0000-0000-4000-8000-00000000abcd',
  version: 2,
  parent: null,
  eventId: '0d3f0000-0000-4000-8000-000000000001',
  eventName: 'S260301x',
  role: 'observation',
  localizationId: '0d3f0000-0000-4000-8000-000000000002',
  strategy: 'tiling',
  telescopes: ['one', 'two'],
  start: '2026-03-01T00:00:00.000Z',
  end: '2026-03-02T00:00:00.000Z',
  aim: 'sky',
  probability: 0.5,
  skyProbability: 0.5,
  bound: 0.55,
  gap: 0.0909,
  fields: 3,
  requestedBy: 'Ada "the" <planner> & co',
  proposed: false,
  createdAt: '2026-03-01T00:00:00.000Z',
  finishedAt: '2026-03-01T00:01:00.000Z',
  jobId: null,
  problem: null,
  closedBecause: null,
}

const model = (slug: string): TelescopeModel => ({
  slug,
  observer: { longitude: -70.7, latitude: -29.3, elevationM: 2347 },
  limits: { sunAltitudeMaxDeg: -12, altitudeMinDeg: 20 },
  footprint:
    slug === 'one'
      ? { shape: 'rectangle', widthDeg: 2, heightDeg: 1.5 }
      : { shape: 'circle', radiusDeg: 1.1 },
  slew: { mount: 'direct', axis: { rateDegPerS: 5 }, settleS: 2 },
  readoutS: 5,
  readoutBlocksSlew: false,
  overheadS: 0,
  filterChangeS: 20,
})

const exposure = (
  number: number,
  telescope: string,
  field: string,
  [ra, dec]: [number, number],
  start: string,
  cumulativeProbability: number,
  more: object = {},
) => ({
  number,
  telescope,
  field,
  ra,
  dec,
  positionAngleDeg: 0,
  visit: 1,
  filter: 'r',
  start,
  exposureS: 60,
  slewS: 4.2,
  filterChangeS: 0,
  readoutS: 5,
  probability: 0.2,
  cumulativeProbability,
  airmass: 1.23,
  altitudeDeg: 54.4,
  moonSeparationDeg: 80,
  locked: false,
  ...more,
})

export const sampleDocument: PlanDocument = {
  telescopes: ['one', 'two'].map((slug) => ({
    slug,
    name: slug.toUpperCase(),
    version: 1,
    ground: true,
    model: model(slug),
    filters: [
      { name: 'r', depthMag: slug === 'one' ? 18 : null, exposureS: 30 },
      { name: 'g', depthMag: null, exposureS: 30 },
    ],
    steps: [{ filter: 'r', exposureS: 60, count: 1 }],
    visits: 1,
    cadenceS: 1800,
    maxFields: null,
    strategy: 'tiling',
    windows: [{ start: 61100.05, end: 61100.35 }],
  })),
  exposures: [
    exposure(1, 'one', '17', [200, -20], '2026-03-01T02:00:00.000000Z', 0.2),
    exposure(2, 'two', 'a & b', [202.5, -21], '2026-03-01T02:00:10.500000Z', 0.4),
    exposure(3, 'one', '18', [198, -20], '2026-03-01T02:01:30.000001Z', 0.5),
    exposure(4, 'one', '17', [200, -20], '2026-03-01T03:00:00.000000Z', 0.5, { visit: 2, airmass: null }),
  ],
  galaxies: [
    { name: 'NGC 4993', ra: 197.45, dec: -23.38, distanceMpc: 40, weight: 0.7, fields: ['one/17'] },
    { name: 'LEDA, 1', ra: 198, dec: -20, distanceMpc: null, weight: 0.3, fields: [] },
  ],
}

export const sampleResult: PlanResult = {
  aim: 'sky',
  probability: 0.5,
  skyProbability: 0.5,
  galaxies: 0,
  areaDeg2: 9.1,
  bound: 0.55,
  gap: 0.0909,
  selection: { objective: 0.52, bound: 0.55, gap: 0.05, status: 'time limit' },
  unlimited: 0.9,
  status: 'time limit',
  seconds: 12.3,
  shares: ['one', 'two'].map((telescope, i) => ({
    telescope,
    name: telescope.toUpperCase(),
    version: 1,
    fields: 2 - i,
    exposures: 3 - 2 * i,
    probability: 0.3 - 0.1 * i,
    skyProbability: 0.3 - 0.1 * i,
    areaDeg2: 6 - 2 * i,
    first: '2026-03-01T02:00:00.000Z',
    last: '2026-03-01T03:01:00.000Z',
    time: { exposing: 180, readout: 15, slewing: 12, filters: 0, idle: 1000 },
    notes: [],
    lost: { Moon: 3 },
  })),
  fields: 3,
  exposures: 4,
  notes: [],
  trail: [],
}
