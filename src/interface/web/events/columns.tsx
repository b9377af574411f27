import { Link } from '@tanstack/react-router'
import { percent } from '#interface/web/pieces/format.ts'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { EventSummary } from '#observatory/alerts/event.ts'
import { kindWords, typeWords } from './kinds.ts'
import { FalseAlarms, PlaceArea, RoleTag, Verdict } from './words.tsx'

/** Columns of the list of events. */
export function eventColumns(coordinates: 'degrees' | 'sexagesimal'): Column<EventSummary>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      cell: (event) => (
        <>
          <Link to="/events/$id" params={{ id: event.id }}>
            {event.name}
          </Link>{' '}
          <RoleTag event={event} />
        </>
      ),
      plain: (event) => event.name,
    },
    {
      id: 'decision',
      header: 'Decision',
      cell: (event) => <Verdict event={event} />,
      plain: (event) => event.verdict?.decision ?? null,
    },
    {
      id: 'score',
      header: 'Score',
      right: true,
      hidden: true,
      cell: (event) => event.verdict?.score ?? '–',
      plain: (event) => event.verdict?.score ?? null,
    },
    { id: 'kind', header: 'Kind', cell: (event) => kindWords[event.kind], plain: (event) => event.kind },
    {
      id: 'mission',
      header: 'From',
      hidden: true,
      cell: (event) => event.mission ?? '–',
      plain: (event) => event.mission,
    },
    {
      id: 'type',
      header: 'Latest notice',
      cell: (event) => typeWords[event.latestType],
      plain: (event) => event.latestType,
    },
    {
      id: 'class',
      header: 'Most likely',
      cell: (event) =>
        event.topClass ? (
          <>
            {event.topClass.name} <span className="dim">{percent(event.topClass.probability)}</span>
          </>
        ) : (
          <span className="dim">–</span>
        ),
      plain: (event) => event.topClass?.name ?? null,
    },
    {
      id: 'area90',
      header: '90 % area (deg²)',
      right: true,
      cell: (event) =>
        event.place.area90Deg2 === null ? (
          <PlaceArea event={event} />
        ) : (
          <Value value={event.place.area90Deg2} />
        ),
      plain: (event) => event.place.area90Deg2,
    },
    {
      id: 'area50',
      header: '50 % area (deg²)',
      right: true,
      hidden: true,
      cell: (event) => <Value value={event.place.area50Deg2} />,
      plain: (event) => event.place.area50Deg2,
    },
    {
      id: 'distance',
      header: 'Distance (Mpc)',
      right: true,
      cell: (event) =>
        event.place.distanceMeanMpc === null ? (
          <span className="dim">–</span>
        ) : (
          <Value value={event.place.distanceMeanMpc} error={event.place.distanceStdMpc} />
        ),
      plain: (event) => event.place.distanceMeanMpc,
    },
    {
      id: 'far',
      header: 'False alarms',
      right: true,
      hidden: true,
      cell: (event) => <FalseAlarms event={event} />,
      plain: (event) => event.farHz,
    },
    {
      id: 'position',
      header: coordinates === 'degrees' ? 'RA Dec (deg)' : 'RA Dec (h d)',
      right: true,
      hidden: true,
      cell: (event) =>
        event.place.ra === null || event.place.dec === null ? (
          <span className="dim">–</span>
        ) : (
          <SkyCoord ra={event.place.ra} dec={event.place.dec} digits={3} plain />
        ),
      plain: (event) => (event.place.ra === null ? null : `${event.place.ra} ${event.place.dec}`),
    },
    {
      id: 'notices',
      header: 'Notices',
      right: true,
      hidden: true,
      cell: (event) => event.noticeCount,
      plain: (event) => event.noticeCount,
    },
    {
      id: 'time',
      header: 'Event time (UTC)',
      cell: (event) => <Time at={event.eventTime} show="utc" />,
      plain: (event) => event.eventTime,
    },
    {
      id: 'last',
      header: 'Last notice',
      right: true,
      cell: (event) => <Time at={event.lastNoticeAt} show="ago" />,
      plain: (event) => event.lastNoticeAt,
    },
    {
      id: 'aliases',
      header: 'Aliases',
      hidden: true,
      cell: (event) => event.aliases.join(', '),
      plain: (event) => event.aliases.join('; '),
    },
  ]
}
