import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { send } from '#interface/web/api/client.ts'
import { jobsOptions } from '#interface/web/api/queries.ts'
import type { Job } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { DataTable } from '#interface/web/pieces/data-table.tsx'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { duration } from '#interface/web/pieces/format.ts'
import { Empty, Problem } from '#interface/web/pieces/problem.tsx'
import { Progress } from '#interface/web/pieces/progress.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { JobState, subjectHref, tookMs } from './words.tsx'

const route = getRouteApi('/framed/jobs')
const tabs = [
  [undefined, 'All'],
  ['running', 'Running'],
  ['queued', 'Waiting'],
  ['failed', 'Failed'],
  ['done', 'Done'],
  ['dead', 'Dead letters'],
] as const

/** Every long thing the program does, and the notices it could not read. */
export function Jobs() {
  const search = route.useSearch()
  useEffect(() => {
    document.title = 'Jobs · Urania'
  }, [])
  return (
    <>
      <div className="page-head">
        <h1>Jobs</h1>
        <nav className="segments" aria-label="Which jobs">
          {tabs.map(([state, label]) => (
            <Link
              key={label}
              to="/jobs"
              search={(old) => ({ ...old, state })}
              className="button"
              aria-current={search.state === state ? 'page' : undefined}
              style={
                search.state === state
                  ? { borderColor: 'var(--accent)' }
                  : { borderColor: 'transparent', background: 'none' }
              }
            >
              {label}
            </Link>
          ))}
        </nav>
      </div>
      {search.state === 'dead' ? <DeadLetters /> : <JobList search={search} />}
    </>
  )
}

function JobList({ search }: { search: { state?: string; kind?: string } }) {
  const now = useMinute()
  const list = useInfiniteQuery(jobsOptions({ ...search }))
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const columns = useMemo(() => jobColumns(now), [now])
  if (list.isError)
    return <Problem error={list.error} retry={() => void list.refetch()} what="the list of jobs" />
  if (list.isSuccess && rows.length === 0)
    return (
      <Empty
        title={
          search.state === 'failed'
            ? 'No job has failed.'
            : search.state
              ? `No job is ${search.state}.`
              : 'No jobs yet.'
        }
      >
        <p>
          Reading a notice, fetching a map or sending a message each appear here while they run, and stay with
          their log.
        </p>
      </Empty>
    )
  return (
    <DataTable
      name="jobs"
      label="Jobs"
      columns={columns}
      rows={rows}
      keyOf={(job) => job.id}
      hrefOf={(job) => `/jobs/${job.id}`}
      loading={list.isPending}
      hasMore={list.hasNextPage}
      fetchMore={() => {
        if (!list.isFetchingNextPage) void list.fetchNextPage()
      }}
      fetchAll={() => everyRow<Job>('/jobs', { ...search })}
      compact={(job) => (
        <div
          className="event-compact"
          style={{ display: 'grid', gridTemplateColumns: 'minmax(0,1fr) auto', gap: '1px 12px' }}
        >
          <Link to="/jobs/$id" params={{ id: job.id }}>
            {job.title}
          </Link>
          <JobState job={job} />
          <span className="dim">{job.problem?.message ?? job.kind}</span>
          <span className="dim">
            <Time at={job.createdAt} show="ago" />
          </span>
          {job.state === 'running' && <Progress progress={job.progress} />}
        </div>
      )}
    />
  )
}

function jobColumns(now: number): Column<Job>[] {
  return [
    {
      id: 'title',
      header: 'Job',
      cell: (job) => (
        <Link to="/jobs/$id" params={{ id: job.id }}>
          {job.title}
        </Link>
      ),
      plain: (job) => job.title,
    },
    { id: 'state', header: 'State', cell: (job) => <JobState job={job} />, plain: (job) => job.state },
    {
      id: 'progress',
      header: 'Progress',
      cell: (job) =>
        job.state === 'running' || (job.progress && job.state !== 'done') ? (
          <Progress progress={job.progress} />
        ) : job.problem ? (
          <span
            className="dim"
            title={job.problem.message}
            style={{ display: 'inline-block', maxWidth: 420, overflow: 'hidden', textOverflow: 'ellipsis' }}
          >
            {job.problem.message}
          </span>
        ) : (
          ''
        ),
      plain: (job) =>
        job.progress
          ? `${job.progress.done}/${job.progress.total} ${job.progress.unit}`
          : (job.problem?.message ?? null),
    },
    {
      id: 'subject',
      header: 'About',
      cell: (job) => {
        const href = subjectHref(job)
        if (!job.subject) return <span className="dim">–</span>
        return href ? (
          <Link to={href}>{job.subject.kind}</Link>
        ) : (
          <span className="dim">{job.subject.kind}</span>
        )
      },
      plain: (job) => (job.subject ? `${job.subject.kind} ${job.subject.id}` : null),
    },
    {
      id: 'kind',
      header: 'Kind',
      hidden: true,
      cell: (job) => <code>{job.kind}</code>,
      plain: (job) => job.kind,
    },
    {
      id: 'by',
      header: 'Asked by',
      hidden: true,
      cell: (job) => job.requestedBy ?? '–',
      plain: (job) => job.requestedBy,
    },
    {
      id: 'took',
      header: 'Took',
      right: true,
      cell: (job) => {
        const took = tookMs(job, now)
        return took === null ? (
          <span className="dim">–</span>
        ) : took < 1000 ? (
          `${Math.max(1, Math.round(took))} ms`
        ) : (
          duration(took)
        )
      },
      plain: (job) => {
        const took = tookMs(job, now)
        return took === null ? null : took / 1000
      },
    },
    {
      id: 'created',
      header: 'Asked for',
      right: true,
      cell: (job) => <Time at={job.createdAt} show="ago" />,
      plain: (job) => job.createdAt,
    },
    { id: 'acts', header: 'Acts', right: true, cell: (job) => <JobActs job={job} />, plain: () => null },
  ]
}

/** Cancel what runs or waits, retry what failed. */
export function JobActs({ job, buttons }: { job: Job; buttons?: boolean }) {
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: (what: 'cancel' | 'retry') => send('POST', `/jobs/${job.id}/${what}`),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['jobs'] }),
        client.invalidateQueries({ queryKey: ['job', job.id] }),
      ]),
  })
  const style = buttons ? 'button' : 'link-button'
  return (
    <>
      {(job.state === 'running' || job.state === 'queued' || job.state === 'retrying') && (
        <button
          type="button"
          className={buttons ? 'button danger' : style}
          disabled={act.isPending}
          onClick={() => act.mutate('cancel')}
        >
          Cancel
        </button>
      )}
      {(job.state === 'failed' || job.state === 'cancelled') && (
        <button type="button" className={style} disabled={act.isPending} onClick={() => act.mutate('retry')}>
          Retry
        </button>
      )}
      {act.isError && <Problem error={act.error} />}
    </>
  )
}
