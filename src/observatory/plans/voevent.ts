import { encodeEntities } from '#science/table/xml.ts'
import { Problem } from '#problem.ts'
import type { Footprint } from '#science/planning/model.ts'
import type { PlanDocument } from './document.ts'
import { aimOf, fieldsOf } from './document.ts'
import type { PlanSummary } from './plan.ts'

/** Facts about the event that a message repeats, as strings; what is unknown is left out. */
export interface EventFacts {
  readonly type: string
  readonly status: string
  readonly instruments: string
  readonly page: string | null
  readonly map: string | null
  readonly farHz: number | null
  readonly time: string | null
  readonly retracted: boolean
  readonly classification: Readonly<Record<string, number>>
  readonly properties: Readonly<Record<string, number>>
  readonly ra: number | null
  readonly dec: number | null
  readonly errorDeg: number | null
}

type Attributes = Readonly<Record<string, string | number | null | undefined>>

function element(name: string, attributes: Attributes, ...children: readonly (string | null)[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => ` ${key}="${encodeEntities(String(value))}"`)
    .join('')
  const inside = children.filter((child) => child !== null)
  if (inside.length === 0) return `<${name}${written}/>`
  const [only] = inside
  if (inside.length === 1 && !only!.startsWith('<')) return `<${name}${written}>${only}</${name}>`
  return `<${name}${written}>\n${inside.map((child) => indented(child)).join('\n')}\n</${name}>`
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

const text = (name: string, value: string): string => element(name, {}, encodeEntities(value) || ' ')

function param(
  name: string,
  dataType: 'string' | 'int' | 'float',
  value: string | number | null,
  ucd: string,
  description: string,
  unit?: string,
): string | null {
  if (value === null) return null
  return element('Param', { dataType, name, ucd, unit, value }, text('Description', description))
}

/**
 * The observations that one telescope is asked for, as a VOEvent 2.0 message in the shape that GRANDMA's telescopes read:
 * the event's facts, the set-up, and a table of fields with filter, exposure and window.
 * @throws Problem `resource.not_found` for a telescope that is not in the plan
 */
export function planVoevent(
  plan: PlanSummary,
  document: PlanDocument,
  slug: string,
  event: EventFacts | null,
  written: Date,
): string {
  const telescope = document.telescopes.find((t) => t.slug === slug)
  if (!telescope)
    throw new Problem(
      'resource.not_found',
      `The plan has no telescope ${JSON.stringify(slug)}; it has ${document.telescopes.map((t) => t.slug).join(', ')}.`,
    )
  const id = `${(plan.eventName ?? 'plan').replace(/[^\w.+-]+/g, '_')}_${slug}_${plan.id.replaceAll('-', '')}_${plan.version}`
  const { model } = telescope
  const [step] = telescope.steps
  const depth = telescope.filters.find((f) => f.name === step?.filter)?.depthMag ?? null
  const probabilities = (
    name: string,
    group: Readonly<Record<string, number>>,
    about: string,
  ): string | null =>
    Object.keys(group).length === 0
      ? null
      : element(
          'Group',
          { name },
          text('Description', about),
          ...Object.entries(group).map(([key, p]) =>
            param(key, 'float', p, 'stat.probability', `Probability of ${key}`),
          ),
        )
  const what = element(
    'What',
    {},
    param('Event_ID', 'string', plan.eventName ?? plan.title, 'meta.id', 'Name of the event'),
    event && param('Event_type', 'string', event.type, 'meta.id', 'Type of the alert'),
    event &&
      element(
        'Group',
        { name: 'Status' },
        param('Event_status', 'string', event.status, 'meta.version', 'Type of the newest notice'),
        param('Iteration', 'int', plan.version, 'meta.number', 'Version of the plan'),
      ),
    event && param('Event_inst', 'string', event.instruments, 'meta.code', 'Instruments that made the alert'),
    event && param('Loc_url', 'string', event.map, 'meta.ref.url', 'Sky map'),
    param('Retraction', 'int', event?.retracted ? 1 : 0, 'meta.number', 'Set to 1 if the event is retracted'),
    event && param('Event_page', 'string', event.page, 'meta.ref.url', 'Page of the event'),
    event && param('FAR', 'float', event.farHz, 'arith.rate;stat.falsealarm', 'False alarm rate', 'Hz'),
    event && probabilities('Classification', event.classification, 'Source classification'),
    event && probabilities('Properties', event.properties, 'Properties of the source, were it real'),
    element(
      'Group',
      { name: 'Set_up_OS' },
      text('Description', 'Set-up of the telescope that the plan was made with'),
      param('Name_tel', 'string', telescope.name, 'meta.id', 'Telescope'),
      param('Slug_tel', 'string', slug, 'meta.id', 'Its name in the registry'),
      param(
        'FOV',
        'float',
        fieldSize(model.footprint),
        'pos.angDistance',
        'Field: side, or diameter of a circle',
        'deg',
      ),
      param('FOV_coverage', 'string', model.footprint.shape, 'meta.code', 'Shape of the field'),
      param(
        'Magnitude',
        'float',
        depth,
        'phot.mag',
        'AB limit at 5 sigma in the exposure time of its definition',
        'mag',
      ),
      param('exposuretime', 'float', step?.exposureS ?? null, 'time.duration', 'Exposure time', 's'),
      param('Readout', 'float', model.readoutS, 'time.duration', 'Readout', 's'),
      param('Filters', 'string', telescope.steps.map((s) => s.filter).join(','), 'instr.filter', 'Filters'),
      param(
        'Latitude',
        'float',
        telescope.ground ? model.observer.latitude : null,
        'pos.earth.lat',
        'Of the site',
        'deg',
      ),
      param(
        'Longitude',
        'float',
        telescope.ground ? model.observer.longitude : null,
        'pos.earth.lon',
        'Of the site, east',
        'deg',
      ),
      param(
        'Elevation',
        'float',
        telescope.ground ? model.observer.elevationM : null,
        'pos.earth.altitude',
        'Of the site',
        'm',
      ),
    ),
    param('Obs_req', 'int', plan.state === 'closed' ? 0 : 1, 'meta.number', '1: please observe; 0: stop'),
    fieldTable(document, slug),
  )
  const role = plan.role === 'observation' ? 'observation' : 'test'
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
    'voe:VOEvent',
    {
      'xmlns:voe': 'http://www.ivoa.net/xml/VOEvent/v2.0',
      'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
      'xsi:schemaLocation':
        'http://www.ivoa.net/xml/VOEvent/v2.0 http://www.ivoa.net/xml/VOEvent/VOEvent-v2.0.xsd',
      version: '2.0',
      role,
      ivorn: `ivo://urania.plans/observation#${id}`,
    },
    element(
      'Who',
      {},
      text('Description', 'Observations asked for by a plan of Urania'),
      text('AuthorIVORN', 'ivo://urania.plans'),
      text('Date', written.toISOString().slice(0, 19)),
      element('Author', {}, text('contactName', plan.requestedBy), text('shortName', 'Urania')),
    ),
    what,
    event && whereWhen(event),
    element(
      'Why',
      { importance: plan.probability ?? 0 },
      text(
        'Description',
        plan.aim === 'galaxies'
          ? "Share of the galaxies' weight that the whole plan covers; no probability of the map"
          : 'Probability that the whole plan covers',
      ),
    ),
  )}\n`
}

function fieldSize(footprint: Footprint): number | null {
  if (footprint.shape === 'circle') return 2 * footprint.radiusDeg
  return 'widthDeg' in footprint ? Math.max(footprint.widthDeg, footprint.heightDeg) : null
}

function fieldTable(document: PlanDocument, slug: string): string {
  const field = (name: string, dataType: string, ucd: string, unit: string, about: string): string =>
    element('Field', { dataType, name, ucd, unit }, text('Description', about))
  const rows = fieldsOf(document)
    .filter(({ telescope }) => telescope.slug === slug)
    .flatMap(({ field: at, probability, exposures }) =>
      exposures.map((e) => {
        const end = new Date(Date.parse(e.start) + e.exposureS * 1000).toISOString()
        const cells = [
          at.id,
          at.ra.toFixed(5),
          at.dec.toFixed(5),
          probability.toPrecision(6),
          e.filter,
          String(e.exposureS),
          String(e.visit),
          new Date(e.start).toISOString().slice(0, 23),
          end.slice(0, 23),
        ]
        return element('TR', {}, ...cells.map((cell) => text('TD', cell)))
      }),
    )
  return element(
    'Table',
    { name: 'Obs_plan' },
    text('Description', 'Exposures of the plan in the order of fields'),
    field('Grid_id', 'string', 'meta.id', '', 'Field in its grid'),
    field('Ra', 'float', 'pos.eq.ra', 'deg', 'Right ascension of the centre, ICRS'),
    field('Dec', 'float', 'pos.eq.dec', 'deg', 'Declination of the centre, ICRS'),
    aimOf(document) === 'galaxies'
      ? field('Os_grade', 'float', 'stat.weight', '', "Share of the galaxies' weight in the field")
      : field('Os_grade', 'float', 'stat.probability', '', 'Probability in the field'),
    field('Filter', 'string', 'instr.filter', '', 'Filter'),
    field('Exposure', 'float', 'time.duration', 's', 'Exposure time'),
    field('Visit', 'int', 'meta.number', '', 'Visit to the field, from 1'),
    field('Start', 'string', 'time.start', '', 'Begin of the exposure, UTC'),
    field('End', 'string', 'time.end', '', 'End of the exposure, UTC'),
    element('Data', {}, ...rows),
  )
}

function whereWhen({ time, ra, dec, errorDeg }: EventFacts): string | null {
  if (time === null || ra === null || dec === null) return null
  return element(
    'WhereWhen',
    {},
    element(
      'ObsDataLocation',
      {},
      element('ObservatoryLocation', { id: 'GEOLUN' }),
      element(
        'ObservationLocation',
        {},
        element('AstroCoordSystem', { id: 'UTC-ICRS-TOPO' }),
        element(
          'AstroCoords',
          { coord_system_id: 'UTC-ICRS-TOPO' },
          element('Time', { unit: 's' }, element('TimeInstant', {}, text('ISOTime', time.replace(/Z$/, '')))),
          element(
            'Position2D',
            { unit: 'deg' },
            text('Name1', 'RA'),
            text('Name2', 'Dec'),
            element('Value2', {}, text('C1', ra.toFixed(6)), text('C2', dec.toFixed(6))),
            text('Error2Radius', String(errorDeg ?? 0)),
          ),
        ),
      ),
    ),
  )
}
