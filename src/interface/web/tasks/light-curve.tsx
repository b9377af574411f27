import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { address } from '#interface/web/api/client.ts'
import type { CurveSearch } from '#interface/web/app/searches.ts'
import { DataTable, type Column } from '#interface/web/pieces/data-table.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Plot } from '#interface/web/pieces/plot.tsx'
import type { Series } from '#interface/web/pieces/plot-series.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import '#interface/web/account/account.css'
import '#interface/web/events/events.css'
import { zoned } from './frame-facts.tsx'
import { curveOptions, type Cell } from './queries.ts'
import './tasks.css'
import { flagsInWords, NotStated } from './words.tsx'

const route = getRouteApi('/framed/light-curve')

type Row = Record<string, Cell>

const number = (row: Row, key: string): number | null => (typeof row[key] === 'number' ? row[key] : null)
const words = (row: Row, key: string): string => (typeof row[key] === 'string' ? row[key] : '')
const magnitude = { title: 'Magnitude', unit: 'mag', reversed: true }
const time = { title: 'Middle of the exposure (UTC)', mjd: true }

/** A detection has an error below a third of a magnitude and a flux; what is fainter is its limit. */
function detected(row: Row): boolean {
  const [flux, error] = [number(row, 'flux'), number(row, 'fluxerr')]
  return number(row, 'mag_calib') !== null && (flux === null || error === null || Math.abs(flux) >= 3 * error)
}

/** What was measured at one place on all frames that one may see. */
export function LightCurve() {
  const search = route.useSearch()
  const { ra, dec, position, radius = 5, what, q, name } = search
  const asked = position !== undefined || (ra !== undefined && dec !== undefined)
  const query = { ra, dec, position, radius, what, query: q }
  const curve = useQuery(curveOptions(query))
  const title = name ?? position ?? (asked ? 'Light curve' : 'Light curve')
  useEffect(() => {
    document.title = `${name ?? position ?? 'Light curve'} · Urania`
  }, [name, position])
  const rows = curve.data?.items ?? []
  const frames = Number(curve.data?.meta['frames'] ?? 0)
  return (
    <article aria-label="Light curve">
      <div className="page-head">
        <div className="event-name">
          <h1>{title}</h1>
          {ra !== undefined && dec !== undefined && <SkyCoord ra={ra} dec={dec} digits={5} />}
        </div>
        {rows.length > 0 && (
          <span className="row" style={{ gap: 6 }}>
            {(['votable', 'csv', 'fits'] as const).map((format) => (
              <a
                key={format}
                className="button"
                href={address('/light-curve', { ...query, format })}
                download
              >
                {format === 'votable' ? 'VOTable' : format.toUpperCase()}
              </a>
            ))}
          </span>
        )}
      </div>
      <Question key={`${position ?? ''} ${ra ?? ''} ${dec ?? ''}`} />
      {!asked && (
        <Empty title="No place is chosen.">
          <p>
            Write a position above, or follow the name of a target or candidate of a{' '}
            <Link to="/tasks">task</Link>.
          </p>
        </Empty>
      )}
      {curve.isError && (
        <Problem error={curve.error} retry={() => void curve.refetch()} what="the light curve" />
      )}
      {asked && curve.isPending && <Loading lines={8} />}
      {asked && curve.isSuccess && rows.length === 0 && (
        <Empty title={`Nothing was measured within ${radius}″.`}>
          <p>
            {frames === 0
              ? 'No task that you may see has a frame there.'
              : `${frames} ${frames === 1 ? 'frame holds' : 'frames hold'} the place; a target there gives its limit on each.`}
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <div className="stack" style={{ gap: 26 }}>
          <Curve rows={rows} />
          <Measurements rows={rows} frames={frames} />
          <SameFrom
            path={address('/light-curve', query).replace('/api/v1', '')}
            also={[
              {
                label: 'as VOTable',
                path: address('/light-curve', { ...query, format: 'votable' }).replace('/api/v1', ''),
                file: 'light-curve.vot',
              },
            ]}
          />
        </div>
      )}
    </article>
  )
}

function Question() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { ra, dec, radius = 5, what, q } = search
  const [place, setPlace] = useState(
    search.position ?? (ra !== undefined && dec !== undefined ? `${ra} ${dec}` : ''),
  )
  const [arcsec, setArcsec] = useState(String(radius))
  const [filter, setFilter] = useState(q ?? '')
  const change = (part: CurveSearch) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  return (
    <form
      className="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        const same = place.trim() === `${ra} ${dec}`
        change({
          ...(same
            ? {}
            : { position: place.trim() || undefined, ra: undefined, dec: undefined, name: undefined }),
          radius: Number(arcsec) > 0 ? Number(arcsec) : undefined,
          q: filter.trim() || undefined,
        })
      }}
    >
      <input
        className="field"
        style={{ width: 230 }}
        aria-label="Position"
        placeholder="150.1 +2.2 or 10:00:24 +02:12:00"
        value={place}
        onChange={(event) => setPlace(event.target.value)}
      />
      <label className="check">
        within
        <input
          className="field"
          style={{ width: 58 }}
          inputMode="decimal"
          aria-label="Radius, arcsec"
          value={arcsec}
          onChange={(event) => setArcsec(event.target.value)}
        />
        ″
      </label>
      <select
        className="select"
        aria-label="What"
        value={what ?? ''}
        onChange={(event) => change({ what: (event.target.value || undefined) as CurveSearch['what'] })}
      >
        <option value="">objects and targets</option>
        <option value="objects">objects only</option>
        <option value="targets">targets only</option>
      </select>
      <input
        className="field"
        aria-label="Words in title, file or owner of the task"
        placeholder="title, file, owner"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
      <button type="submit" className="button main">
        Show
      </button>
    </form>
  )
}

const kinds: Readonly<Record<string, string>> = {
  object: 'found on the frame',
  target: 'forced on the frame',
  difference: 'forced on the difference',
}

function Curve({ rows }: { rows: readonly Row[] }) {
  const navigate = route.useNavigate()
  const { series, owners, undated } = useMemo(() => {
    const filters = [...new Set(rows.map((row) => words(row, 'filter') || 'no filter'))]
    const made: Series[] = []
    const of: Row[][] = []
    for (const [n, filter] of filters.entries()) {
      const colour = `var(--chart-series${(n % 7) + 1})`
      const here = rows.filter(
        (row) => (words(row, 'filter') || 'no filter') === filter && number(row, 'mjd') !== null,
      )
      const seen = here.filter(detected)
      const limits = here.filter((row) => !detected(row) && number(row, 'mag_limit') !== null)
      const f = (from: readonly Row[], key: string) =>
        Float64Array.from(from, (row) => number(row, key) ?? Number.NaN)
      const text = (from: readonly Row[]) => (i: number) =>
        [kinds[words(from[i]!, 'kind')], words(from[i]!, 'original_name')].filter(Boolean).join(', ')
      if (seen.length > 0) {
        made.push({
          kind: 'points',
          name: filter,
          colour,
          radius: 3.4,
          opacity: 1,
          x: f(seen, 'mjd'),
          y: f(seen, 'mag_calib'),
          error: f(seen, 'mag_calib_err'),
          text: text(seen),
        })
        of.push(seen)
      }
      if (limits.length > 0) {
        made.push({
          kind: 'points',
          name: `${filter}, fainter than`,
          colour,
          shape: 'limit',
          opacity: 1,
          x: f(limits, 'mjd'),
          y: f(limits, 'mag_limit'),
          text: text(limits),
        })
        of.push(limits)
      }
    }
    return {
      series: made,
      owners: of,
      undated: rows.filter((row) => number(row, 'mjd') === null).length,
    }
  }, [rows])
  return (
    <Plot
      title="Magnitude in time, per filter"
      x={time}
      y={magnitude}
      height={380}
      series={series}
      note={
        undated > 0
          ? `${undated} ${undated === 1 ? 'measurement has' : 'measurements have'} no time and are only in the table`
          : 'errors are 1 σ; a click opens the task'
      }
      onPick={(n, i) => {
        const id = words(owners[n]?.[i] ?? {}, 'task_id')
        if (id) void navigate({ to: '/tasks/$id', params: { id } })
      }}
    />
  )
}

const columns: readonly Column<Row>[] = [
  {
    id: 'task',
    header: 'Task',
    cell: (row) => (
      <Link to="/tasks/$id" params={{ id: words(row, 'task_id') }}>
        {words(row, 'original_name') || words(row, 'task_id').slice(0, 8)}
      </Link>
    ),
    plain: (row) => words(row, 'task_id'),
  },
  {
    id: 'time',
    header: 'Time (UTC)',
    cell: (row) => (words(row, 'time') ? <Time at={zoned(words(row, 'time'))} show="utc" /> : <NotStated />),
    plain: (row) => words(row, 'time'),
  },
  {
    id: 'mjd',
    header: 'MJD (d, UTC)',
    right: true,
    cell: (row) => number(row, 'mjd')?.toFixed(5) ?? <NotStated />,
    plain: (row) => number(row, 'mjd'),
  },
  {
    id: 'filter',
    header: 'Filter',
    cell: (row) => words(row, 'filter') || <NotStated />,
    plain: (row) => words(row, 'filter'),
  },
  {
    id: 'mag',
    header: 'Magnitude (mag)',
    right: true,
    cell: (row) => {
      const limit = number(row, 'mag_limit')
      if (detected(row))
        return <Value value={number(row, 'mag_calib')} error={number(row, 'mag_calib_err')} />
      return limit === null ? <NotStated /> : `> ${limit.toFixed(2)}`
    },
    plain: (row) => number(row, 'mag_calib'),
  },
  {
    id: 'error',
    header: 'Error (mag)',
    right: true,
    hidden: true,
    cell: (row) => number(row, 'mag_calib_err')?.toFixed(3) ?? '–',
    plain: (row) => number(row, 'mag_calib_err'),
  },
  {
    id: 'limit',
    header: 'Limit (mag)',
    right: true,
    cell: (row) => number(row, 'mag_limit')?.toFixed(2) ?? <NotStated />,
    plain: (row) => number(row, 'mag_limit'),
  },
  {
    id: 'flux',
    header: 'Flux (ADU)',
    right: true,
    hidden: true,
    cell: (row) => <Value value={number(row, 'flux')} error={number(row, 'fluxerr')} />,
    plain: (row) => number(row, 'flux'),
  },
  {
    id: 'distance',
    header: 'Distance (″)',
    right: true,
    cell: (row) => number(row, 'distance')?.toFixed(2) ?? '–',
    plain: (row) => number(row, 'distance'),
  },
  {
    id: 'kind',
    header: 'How',
    cell: (row) => kinds[words(row, 'kind')] ?? words(row, 'kind'),
    plain: (row) => words(row, 'kind'),
  },
  {
    id: 'flags',
    header: 'Flags',
    cell: (row) => <span className="dim">{flagsInWords(number(row, 'flags') ?? 0) || 'none'}</span>,
    plain: (row) => number(row, 'flags'),
  },
]

function Measurements({ rows, frames }: { rows: readonly Row[]; frames: number }) {
  return (
    <Section title="Measurements" aside={`on ${frames} ${frames === 1 ? 'frame' : 'frames'}`}>
      <DataTable
        name="light-curve"
        label="Measurements by time"
        columns={columns}
        rows={rows}
        keyOf={(row) =>
          `${words(row, 'task_id')} ${words(row, 'kind')} ${number(row, 'ra')} ${number(row, 'dec')}`
        }
        compact={(row) => (
          <Link to="/tasks/$id" params={{ id: words(row, 'task_id') }} className="task-compact">
            <b>{words(row, 'original_name') || 'task'}</b>
            <span>
              {detected(row) ? (
                <Value value={number(row, 'mag_calib')} error={number(row, 'mag_calib_err')} unit="mag" />
              ) : (
                `> ${number(row, 'mag_limit')?.toFixed(2) ?? '?'} mag`
              )}
            </span>
            <span className="dim">
              {words(row, 'time') ? <Time at={zoned(words(row, 'time'))} show="utc" /> : 'time not stated'}
            </span>
            <span className="dim">
              {words(row, 'filter')}, {kinds[words(row, 'kind')]}
            </span>
          </Link>
        )}
        fetchAll={() => Promise.resolve(rows)}
      />
    </Section>
  )
}
