import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { eventsOptions, eventsQuery } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import type { EventSearch } from '#interface/web/app/searches.ts'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { DataTable } from '#interface/web/pieces/data-table.tsx'
import { Empty, Problem } from '#interface/web/pieces/problem.tsx'
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
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
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
      {list.isError && (
        <Problem error={list.error} retry={() => void list.refetch()} what="the list of events" />
      )}
      {!list.isError && list.isSuccess && rows.length === 0 ? (
        <NoEvents filtered={filtered} clear={() => void navigate({ search: {} })} />
      ) : (
        <>
          {rows.length > 1 && <EventsShape events={rows} />}
          <DataTable
            name="events"
            label="Events"
            columns={columns}
            rows={rows}
            keyOf={(row) => row.id}
            hrefOf={(row) => `/events/${row.id}`}
            compact={(row) => <CompactEvent event={row} />}
            loading={list.isPending}
            hasMore={list.hasNextPage}
            fetchMore={() => {
              if (!list.isFetchingNextPage) void list.fetchNextPage()
            }}
            fetchAll={() => everyRow<EventSummary>('/events', eventsQuery({ ...search }))}
          />
        </>
      )}
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
      <select
        className="select"
        aria-label="Kind"
        value={search.kind ?? ''}
        onChange={(event) => change({ kind: event.target.value || undefined })}
      >
        <option value="">every kind</option>
        {Object.entries(kindWords).map(([kind, word]) => (
          <option key={kind} value={kind}>
            {word}
          </option>
        ))}
      </select>
      <select
        className="select"
        aria-label="State"
        value={search.state ?? ''}
        onChange={(event) => change({ state: event.target.value || undefined })}
      >
        <option value="">active and retracted</option>
        <option value="active">active</option>
        <option value="retracted">retracted</option>
      </select>
      <select
        className="select"
        aria-label="Decision"
        value={search.decision ?? ''}
        onChange={(event) => change({ decision: event.target.value || undefined })}
      >
        <option value="">every decision</option>
        {['GO', 'LOOK', 'WAIT', 'NO'].map((decision) => (
          <option key={decision} value={decision}>
            {decision.toLowerCase()}
          </option>
        ))}
      </select>
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

function NoEvents({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (filtered)
    return (
      <Empty title="No event fits these filters.">
        <button type="button" className="link-button" style={{ justifySelf: 'start' }} onClick={clear}>
          Show all events
        </button>
      </Empty>
    )
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
