import type { Schema, SchemaColumn } from '#science/adql/schema.ts'
import type { EventDetail } from './event.ts'

/** What conditions of rules (plans, notifications) may ask of an event as it stands; one line per column. */

export type EventValue = number | string | boolean | Date | null

interface EventColumn extends SchemaColumn {
  readonly read: (event: EventDetail) => EventValue
}

const column = (
  type: SchemaColumn['type'],
  name: string,
  description: string,
  read: (event: EventDetail) => EventValue,
  unit = '',
): EventColumn => ({ name, type, description, read, ...(unit && { unit }) })

const ofClass = (name: string): EventColumn =>
  column(
    'number',
    `p_${name.toLowerCase()}`,
    `Probability of the class ${name}`,
    (e) => e.classification[name] ?? null,
  )

const property = (column_: string, name: string): EventColumn =>
  column('number', column_, `Property ${name}`, (e) => e.properties[name] ?? null)

const columns: readonly EventColumn[] = [
  column('string', 'name', 'Name people use', (e) => e.name),
  column('string', 'kind', 'gw, grb, xray, gamma, neutrino, frb, optical, unknown', (e) => e.kind),
  column('string', 'role', 'observation, test, mock, simulated', (e) => e.role),
  column('string', 'status', 'active or retracted', (e) => e.status),
  column('string', 'notice_type', 'Type of the newest notice', (e) => e.latestType),
  column('integer', 'notices', 'Notices so far', (e) => e.noticeCount),
  column('string', 'mission', 'LVK, Swift, Fermi …', (e) => e.mission),
  column('string', 'instruments', 'Detectors, joined by commas', (e) => e.instruments.join(',') || null),
  column('timestamp', 'event_time', 'Merger or trigger', (e) => (e.eventTime ? new Date(e.eventTime) : null)),
  column('boolean', 'significant', 'As its senders say', (e) => e.significant),
  column('number', 'far', 'False-alarm rate', (e) => e.farHz, 'Hz'),
  column('string', 'class', 'Most probable class', (e) => e.topClass?.name ?? null),
  column('number', 'p_class', 'Its probability', (e) => e.topClass?.probability ?? null),
  ...['BNS', 'NSBH', 'BBH', 'MassGap', 'Terrestrial'].map(ofClass),
  property('has_ns', 'HasNS'),
  property('has_remnant', 'HasRemnant'),
  property('has_massgap', 'HasMassGap'),
  property('has_ssm', 'HasSSM'),
  column(
    'boolean',
    'coincidence',
    'Another observatory saw something with it',
    (e) => e.externalCoincidence !== null,
  ),
  column('boolean', 'combined', 'The map combines two observatories', (e) => e.place.combined),
  column('string', 'map', 'ready, waiting, failed, none', (e) => e.place.state),
  column('number', 'ra', 'Peak or stated position', (e) => e.place.ra, 'deg'),
  column('number', 'dec', 'Peak or stated position', (e) => e.place.dec, 'deg'),
  column('number', 'error_radius', 'Stated error', (e) => e.place.errorDeg, 'deg'),
  column('number', 'area_50', '50 % area', (e) => e.place.area50Deg2, 'deg2'),
  column('number', 'area_90', '90 % area', (e) => e.place.area90Deg2, 'deg2'),
  column('number', 'distance', 'Marginal luminosity distance', (e) => e.place.distanceMeanMpc, 'Mpc'),
  column('number', 'distance_sigma', 'Its error', (e) => e.place.distanceStdMpc, 'Mpc'),
  column('number', 'score', 'Of the default rules', (e) => e.verdict?.score ?? null),
  column('string', 'decision', 'GO, LOOK, WAIT, NO, RETRACTED', (e) => e.verdict?.decision ?? null),
]

/** Columns of conditions on events: `decision = 'GO' and area_90 < 500`. */
export const alertSchema: Schema = {
  name: 'event',
  columns: columns.map(({ read: _read, ...rest }) => rest),
}

/** The values of those columns for an event. */
export function alertValues(event: EventDetail): Record<string, EventValue> {
  return Object.fromEntries(columns.map(({ name, read }) => [name, read(event)]))
}
