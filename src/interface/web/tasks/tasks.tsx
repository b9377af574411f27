import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import type { TasksSearch } from '#interface/web/app/searches.ts'
import { Pick } from '#interface/web/pieces/filters.tsx'
import { Listing, useRows } from '#interface/web/pieces/listing.tsx'
import { Empty, Loading } from '#interface/web/pieces/problem.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import '#interface/web/account/account.css'
import '#interface/web/notifications/notifications.css'
import { BulkActs } from './bulk.tsx'
import { limitOf, taskColumns, TaskPlace } from './columns.tsx'
import { tasksOptions, tasksQuery } from './queries.ts'
import './tasks.css'
import { nameOf, stateChoices, TaskProgress } from './words.tsx'

const NewTasks = lazy(() => import('./new-tasks.tsx').then((module) => ({ default: module.NewTasks })))
const Presets = lazy(() => import('./presets.tsx').then((module) => ({ default: module.Presets })))
const TaskSky = lazy(() => import('./task-sky.tsx').then((module) => ({ default: module.TaskSky })))
const route = getRouteApi('/framed/tasks')

/** All tasks: what was made of which frame, how far it is, and where on the sky. */
export function Tasks() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'member')
  const { open, frames, ...filter } = search
  const list = useInfiniteQuery(tasksOptions({ ...filter }))
  const rows = useRows(list)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const columns = taskColumns({
    has: (id) => chosen.has(id),
    toggle: (id) =>
      setChosen((old) => {
        const next = new Set(old)
        if (!next.delete(id)) next.add(id)
        return next
      }),
  })
  useEffect(() => {
    document.title = 'Tasks · Urania'
  }, [])
  const change = (part: TasksSearch) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const filtered = Object.keys(filter).length > 0
  const empty = list.isSuccess && rows.length === 0 && !filtered
  const shows = (what: NonNullable<TasksSearch['open']>) => open === what || (what === 'new' && empty && may)
  const toggle = (what: NonNullable<TasksSearch['open']>) =>
    change({ open: open === what ? undefined : what, frames: undefined })
  return (
    <>
      <div className="page-head">
        <h1>Tasks</h1>
        <span className="row" style={{ gap: 6 }}>
          {rows.length > 0 && (
            <button
              type="button"
              className="button"
              aria-pressed={shows('map')}
              onClick={() => toggle('map')}
            >
              Sky map
            </button>
          )}
          <Link to="/light-curve" className="button">
            Light curve
          </Link>
          <button
            type="button"
            className="button"
            aria-pressed={shows('presets')}
            onClick={() => toggle('presets')}
          >
            Presets
          </button>
          {may && !empty && (
            <button
              type="button"
              className="button main"
              aria-expanded={shows('new')}
              onClick={() => toggle('new')}
            >
              New task
            </button>
          )}
        </span>
      </div>
      <Suspense fallback={<Loading />}>
        {shows('map') && <TaskSky tasks={rows} />}
        {shows('presets') && <Presets />}
        {shows('new') && may && (
          <>
            {empty && (
              <p className="dim" style={{ marginBottom: 8 }}>
                <b style={{ color: 'var(--text)' }}>No tasks yet.</b> Drop a FITS file here to get its
                objects, zero point and limits; <code>urania process FILE</code> does the same from a shell.
              </p>
            )}
            <NewTasks
              key={frames ?? ''}
              frames={frames}
              close={() => change({ open: undefined, frames: undefined })}
            />
          </>
        )}
      </Suspense>
      {!empty && <Filters search={filter} change={change} />}
      <Listing
        list={list}
        rows={rows}
        words={['task', 'tasks']}
        filtered={filtered}
        clear={() => void navigate({ search: {} })}
        none={
          !may && (
            <Empty title="No tasks yet.">
              <p>Members make them of frames; what they share with your groups is shown here.</p>
            </Empty>
          )
        }
        name="tasks"
        columns={columns}
        keyOf={(row) => row.id}
        hrefOf={(row) => `/tasks/${row.id}`}
        compact={(row) => <CompactTask task={row} />}
        fetchAll={() => everyRow<Task>('/tasks', tasksQuery({ ...filter }))}
      >
        {may && (
          <BulkActs
            tasks={rows.filter((row) => chosen.has(row.id))}
            all={() => setChosen(new Set(rows.map((row) => row.id)))}
            none={() => setChosen(new Set())}
          />
        )}
      </Listing>
    </>
  )
}

function Filters({ search, change }: { search: TasksSearch; change: (part: TasksSearch) => void }) {
  const [words, setWords] = useState(search.q ?? '')
  const [position, setPosition] = useState(search.position ?? '')
  const [radius, setRadius] = useState(search.radius === undefined ? '' : String(search.radius))
  const apply = () => {
    const asked = Number(radius)
    change({
      q: words.trim() || undefined,
      position: position.trim() || undefined,
      radius: position.trim() && radius.trim() && Number.isFinite(asked) ? asked : undefined,
    })
  }
  return (
    <form
      className="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        apply()
      }}
    >
      <input
        className="field"
        aria-label="Words in title, file, owner or filter"
        placeholder="title, file, owner, filter"
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onBlur={apply}
      />
      <input
        className="field"
        aria-label="Position that the frame holds"
        placeholder="position: 150.1 +2.2"
        style={{ width: 210 }}
        value={position}
        onChange={(event) => setPosition(event.target.value)}
        onBlur={apply}
      />
      <label className="check">
        within
        <input
          className="field"
          style={{ width: 58 }}
          inputMode="decimal"
          aria-label="Radius around the position, degrees"
          placeholder="0"
          value={radius}
          onChange={(event) => setRadius(event.target.value)}
          onBlur={apply}
        />
        deg
      </label>
      <Pick
        label="State"
        value={search.state}
        all="every state"
        among={stateChoices}
        change={(state) => change({ state })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={search.own ?? false}
          onChange={(event) => change({ own: event.target.checked || undefined })}
        />
        mine only
      </label>
      <button type="submit" className="visually-hidden">
        Filter
      </button>
    </form>
  )
}

/** One task on a narrow screen. */
function CompactTask({ task }: { task: Task }) {
  const limit = limitOf(task)
  return (
    <Link to="/tasks/$id" params={{ id: task.id }} className="task-compact">
      <b>{nameOf(task)}</b>
      <TaskProgress task={task} />
      <span className="dim">
        <TaskPlace task={task} />
      </span>
      <span>{limit ? `limit ${limit.mag.toFixed(2)} mag` : ''}</span>
      <span className="dim">{task.owner.name}</span>
      <span className="dim">
        <Time at={task.createdAt} show="ago" />
      </span>
    </Link>
  )
}
