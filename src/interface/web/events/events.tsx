import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { eventsOptions, eventsQuery } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import type { EventSearch } from '#interface/web/app/searches.ts'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { Pick } from '#interface/web/pieces/filters.tsx'
import { Listing, useRows } from '#interface/web/pieces/listing.tsx'
import { Empty } from '#interface/web/pieces/problem.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import type { EventSummary } from '#observatory/alerts/event.ts'
import { eventColumns } from './columns.tsx'
import './events.css'
import { readPredicate, writePredicate } from './predicate.ts'
import { EventsShape } from './shape.tsx'
import { kindWords, typeWords } from './kinds.ts'
import { PlaceArea, RoleTag, Verdict } from './words.tsx'

const route = getRouteApi('/framed/events')

/** All events: one line of filters, the result's shape, the table. */
export function Events() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const list = useInfiniteQuery(eventsOptions({ ...search }))
  const rows = useRows(list)
  const { coordinates } = usePreferences()
  const columns = useMemo(() => eventColumns(coordinates), [coordinates])
  const change = (part: EventSearch) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const filtered = Object.keys(search).length > 0

  useEffect(() => {
    document.title = 'Events · Urania'
  }, [])

  return (
    <>
      <div className="page-head">
        <h1>Events</h1>
      </div>
      <Filters search={search} change={change} />
      <Listing
        list={list}
        rows={rows}
        words={['event', 'events']}
        filtered={filtered}
        clear={() => void navigate({ search: {} })}
        none={<NoEvents />}
        name="events"
        columns={columns}
        keyOf={(row) => row.id}
        hrefOf={(row) => `/events/${row.id}`}
        compact={(row) => <CompactEvent event={row} />}
        fetchAll={() => everyRow<EventSummary>('/events', eventsQuery({ ...search }))}
      >
        {rows.length > 1 && <EventsShape events={rows} />}
      </Listing>
    </>
  )
}

function Filters({ search, change }: { search: EventSearch; change: (part: EventSearch) => void }) {
  const now = useMinute()
  // While someone types, the line is theirs; otherwise it says what the address says.
  const [typed, setTyped] = useState<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const type = (next: string) => {
    setTyped(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => change(readPredicate(next)), 250)
  }
  return (
    <form
      className="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        if (typed !== null) change(readPredicate(typed))
      }}
    >
      <input
        className="field grow"
        aria-label="Filter"
        placeholder="kind:gw decision:GO since:2024-11-01, or part of a name: S2411, GRB 2512"
        value={typed ?? writePredicate(search)}
        onChange={(event) => type(event.target.value)}
        onBlur={() => setTyped(null)}
      />
      <Pick
        label="Kind"
        value={search.kind}
        all="every kind"
        among={Object.entries(kindWords)}
        change={(kind) => change({ kind })}
      />
      <Pick
        label="State"
        value={search.state}
        all="active and retracted"
        among={[
          ['active', 'active'],
          ['retracted', 'retracted'],
        ]}
        change={(state) => change({ state })}
      />
      <Pick
        label="Decision"
        value={search.decision}
        all="every decision"
        among={['GO', 'LOOK', 'WAIT', 'NO'].map((decision) => [decision, decision.toLowerCase()] as const)}
        change={(decision) => change({ decision })}
      />
      <select
        className="select"
        aria-label="Since"
        value={search.since ?? ''}
        onChange={(event) => change({ since: event.target.value || undefined })}
      >
        <option value="">any time</option>
        {[1, 7, 30, 365].map((days) => {
          const since = new Date(Math.floor(now / 86_400_000 - days) * 86_400_000).toISOString()
          return (
            <option key={days} value={since}>
              last {days === 1 ? 'day' : `${days} days`}
            </option>
          )
        })}
        {search.since && <option value={search.since}>since {search.since.slice(0, 10)}</option>}
      </select>
      <label className="check">
        <input
          type="checkbox"
          checked={search.test ?? false}
          onChange={(event) => change({ test: event.target.checked || undefined })}
        />
        test and mock events
      </label>
    </form>
  )
}

function NoEvents() {
  return (
    <Empty title="No events yet.">
      <p>
        <code>urania alerts ingest FILE</code> reads a notice from disk,{' '}
        <code>urania alerts fetch S241102br</code> one from GraceDB, or connect GCN and they come by
        themselves.
      </p>
    </Empty>
  )
}

/** One event on a narrow screen. */
function CompactEvent({ event }: { event: EventSummary }) {
  return (
    <Link to="/events/$id" params={{ id: event.id }} className="event-compact">
      <span>
        <b title={event.name}>{event.name}</b> <RoleTag event={event} />
      </span>
      <Verdict event={event} />
      <span className="dim">
        {kindWords[event.kind]}, {typeWords[event.latestType]}
      </span>
      <PlaceArea event={event} />
      <span className="dim">
        {event.topClass
          ? `${event.topClass.name} ${Math.round(event.topClass.probability * 100)} %`
          : (event.mission ?? '')}
      </span>
      <span className="dim">
        <Time at={event.lastNoticeAt} show="ago" />
      </span>
    </Link>
  )
}
