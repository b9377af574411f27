import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { rememberList } from '#interface/web/app/came-from.ts'
import type { FramesSearch } from '#interface/web/app/searches.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { DataTable } from '#interface/web/pieces/data-table.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Empty, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import { AddFrames } from './add.tsx'
import { frameColumns } from './columns.tsx'
import { Failures } from './failures.tsx'
import { FrameFilters, frameQuery } from './filters.tsx'
import './frames.css'
import { framesOptions } from './queries.ts'
import { Thumbnail } from './thumbnail.tsx'
import { kindWords, sizeText, takenAt } from './words.tsx'

const FramesSky = lazy(() => import('./frame-sky.tsx').then((module) => ({ default: module.FramesSky })))
const route = getRouteApi('/framed/frames')

/** All frames: add, filter, table or pictures, where they lie; those chosen go on to a task. */
export function Frames() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const query = useMemo(() => frameQuery(search), [search])
  const list = useInfiniteQuery(framesOptions(query))
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'member')
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const choose = useCallback((sha256: string, on: boolean) => {
    setChosen((old) => {
      const next = new Set(old)
      if (on) next.add(sha256)
      else next.delete(sha256)
      return next
    })
  }, [])
  const columns = useMemo(() => frameColumns(chosen, choose), [chosen, choose])
  const change = (part: FramesSearch) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true, resetScroll: false })
  const { view = 'table', open } = search
  const filtered = Object.values(query).some((value) => value !== undefined)
  const empty = list.isSuccess && rows.length === 0
  useEffect(() => {
    document.title = 'Frames · Urania'
  }, [])
  const more = () => {
    if (!list.isFetchingNextPage) void list.fetchNextPage()
  }

  return (
    <>
      <div className="page-head">
        <h1>Frames</h1>
        <span className="row">
          {chosen.size > 0 && (
            <>
              <span>{chosen.size} chosen</span>
              <Link
                className="button main"
                to="/tasks"
                search={{ open: 'new', frames: [...chosen].join(',') }}
              >
                Process…
              </Link>
              <button type="button" className="link-button" onClick={() => setChosen(new Set())}>
                Clear
              </button>
            </>
          )}
          <button
            type="button"
            className="link-button"
            aria-expanded={open === 'failures'}
            onClick={() => change({ open: open === 'failures' ? undefined : 'failures' })}
          >
            Failures
          </button>
          {may && (
            <button
              type="button"
              className="button"
              aria-expanded={open === 'add'}
              onClick={() => change({ open: open === 'add' ? undefined : 'add' })}
            >
              Add…
            </button>
          )}
        </span>
      </div>
      {may && (
        <AddFrames shown={open === 'add' || (empty && !filtered)} show={() => change({ open: 'add' })} />
      )}
      {open === 'failures' && <Failures />}
      <FrameFilters search={search} change={change} />
      {list.isError && (
        <Problem error={list.error} retry={() => void list.refetch()} what="the list of frames" />
      )}
      {empty && !list.isError ? (
        <Empty title={filtered ? 'No frame fits these filters.' : 'No frames yet.'}>
          {filtered ? (
            <button
              type="button"
              className="link-button"
              style={{ justifySelf: 'start' }}
              onClick={() => void navigate({ search: {} })}
            >
              Show all frames
            </button>
          ) : (
            <p>
              {may ? 'Drop FITS files here, or ' : 'Members add them here, or by '}
              <code>urania frames add FILE</code>.
            </p>
          )}
        </Empty>
      ) : (
        <>
          <div className="frames-views">
            <span className="segments" role="group" aria-label="Shown as">
              {(['table', 'pictures'] as const).map((one) => (
                <button
                  key={one}
                  type="button"
                  aria-pressed={view === one}
                  onClick={() => change({ view: one === 'table' ? undefined : one })}
                >
                  {one}
                </button>
              ))}
              <button
                type="button"
                aria-pressed={search.map ?? false}
                onClick={() => change({ map: search.map ? undefined : true })}
              >
                sky map
              </button>
            </span>
          </div>
          {search.map && (
            <Suspense fallback={<Skeleton height={360} />}>
              {list.isPending ? <Skeleton height={360} /> : <FramesSky frames={rows} />}
            </Suspense>
          )}
          {view === 'pictures' ? (
            <Pictures
              rows={rows}
              chosen={chosen}
              choose={choose}
              loading={list.isPending}
              more={list.hasNextPage ? more : undefined}
            />
          ) : (
            <DataTable
              name="frames"
              label="Frames"
              columns={columns}
              rows={rows}
              keyOf={(row) => row.sha256}
              hrefOf={(row) => `/frames/${row.sha256}`}
              compact={(row) => <CompactFrame frame={row} />}
              loading={list.isPending}
              hasMore={list.hasNextPage}
              fetchMore={more}
              fetchAll={() => everyRow<Frame>('/frames', query)}
            />
          )}
        </>
      )}
    </>
  )
}

function Pictures(props: {
  rows: readonly Frame[]
  chosen: ReadonlySet<string>
  choose: (sha256: string, on: boolean) => void
  loading: boolean
  more: (() => void) | undefined
}) {
  const { rows, chosen, choose, loading, more } = props
  if (loading) return <Skeleton height={300} />
  return (
    <>
      <ul
        className="frame-pictures"
        aria-label="Frames"
        onClickCapture={() => rememberList(rows.map(({ sha256 }) => `/frames/${sha256}`))}
      >
        {rows.map((frame) => (
          <li key={frame.sha256}>
            <Link to="/frames/$sha" params={{ sha: frame.sha256 }}>
              <Thumbnail frame={frame} />
              <b title={frame.name}>{frame.name}</b>
            </Link>
            <span className="dim">{describe(frame)}</span>
            <label className="check">
              <input
                type="checkbox"
                checked={chosen.has(frame.sha256)}
                onChange={(event) => choose(frame.sha256, event.target.checked)}
              />
              choose
            </label>
          </li>
        ))}
      </ul>
      <p className="dim">
        {thousands(rows.length)} shown{' '}
        {more && (
          <button type="button" className="link-button" onClick={more}>
            Show more
          </button>
        )}
      </p>
    </>
  )
}

/** What, through which filter, how long; what is not stated is left out here. */
function describe({ facts }: Frame): string {
  const parts = [
    facts.object,
    facts.kind && kindWords[facts.kind],
    facts.filter ?? facts.filterName,
    facts.exposure === null ? null : `${Number(facts.exposure.toPrecision(4))} s`,
  ].filter((part) => part !== null && part !== '')
  return parts.length > 0 ? parts.join(', ') : 'nothing stated'
}

/** One frame on a narrow screen. */
function CompactFrame({ frame }: { frame: Frame }) {
  const at = takenAt(frame)
  return (
    <Link to="/frames/$sha" params={{ sha: frame.sha256 }} className="frame-compact">
      <Thumbnail frame={frame} />
      <span>
        <b title={frame.name}>{frame.name}</b>
        <span className="dim">{describe(frame)}</span>
        <span className="dim">
          {at === null ? 'time not stated' : <Time at={at} show="utc" />} · {sizeText(frame)}
        </span>
      </span>
    </Link>
  )
}
