import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { jobLogOptions, jobOptions, subjectOptions } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { Facts, Section } from '#interface/web/pieces/facts.tsx'
import { duration } from '#interface/web/pieces/format.ts'
import { Log } from '#interface/web/pieces/log.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { Progress } from '#interface/web/pieces/progress.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { JobActs } from './jobs.tsx'
import { JobState, subjectHref, tookMs } from './words.tsx'

const route = getRouteApi('/framed/jobs/$id')

/** One job: how far it is, what it said, and how to stop or repeat it. */
export function JobPage() {
  const { id } = route.useParams()
  const now = useMinute()
  const query = useQuery({
    ...jobOptions(id),
    refetchInterval: ({ state }) => (isOver(state.data?.state) ? false : 2000),
  })
  const job = query.data
  const log = useQuery({ ...jobLogOptions(id), refetchInterval: isOver(job?.state) ? false : 2000 })
  useEffect(() => {
    document.title = `${job?.title ?? 'Job'} · Urania`
  }, [job?.title])
  if (query.isError && !job)
    return <Problem error={query.error} retry={() => void query.refetch()} what={`job ${id}`} />
  if (!job) return <Loading />
  const took = tookMs(job, now)
  const href = subjectHref(job)
  return (
    <article className="stack" style={{ gap: 22 }} aria-label={job.title}>
      <div className="page-head" style={{ marginBottom: 0 }}>
        <div>
          <h1>{job.title}</h1>
          <div className="row" style={{ marginTop: 4 }}>
            <JobState job={job} />
            {!isOver(job.state) && <Progress progress={job.progress} />}
          </div>
        </div>
        <JobActs job={job} buttons />
      </div>
      {job.problem && (
        <div className="problem" role="alert">
          <b>It failed</b>
          <span>{job.problem.message}</span>
          <span className="problem-acts">
            <CopyButton
              text={`${job.problem.code}: ${job.problem.message} (job ${job.id})`}
              label={`Copy ${job.problem.code}`}
            />
          </span>
        </div>
      )}
      <Section title="Facts">
        <Facts
          facts={[
            ['Kind', <code key="kind">{job.kind}</code>],
            ['About', job.subject && <About key="about" subject={job.subject} href={href} />],
            [
              'Asked for',
              <span key="created">
                <Time at={job.createdAt} />
                {job.requestedBy && <span className="dim"> by {job.requestedBy}</span>}
              </span>,
            ],
            ['Started', job.startedAt && <Time at={job.startedAt} />],
            ['Finished', job.finishedAt && <Time at={job.finishedAt} />],
            ['Took', took !== null && (took < 1000 ? `${Math.max(1, Math.round(took))} ms` : duration(took))],
            ['Attempt', job.attempt > 1 && String(job.attempt)],
            [
              'Result',
              job.result !== null && job.result !== undefined && (
                <code key="result">{JSON.stringify(job.result)}</code>
              ),
            ],
          ]}
        />
      </Section>
      <Section title="Log" aside={log.data ? `${log.data.items.length} lines, times UTC` : undefined}>
        {log.isError ? (
          <Problem error={log.error} retry={() => void log.refetch()} what="the log" />
        ) : log.data && log.data.items.length > 0 ? (
          <Log lines={log.data.items} />
        ) : (
          <p className="dim">{log.isPending ? 'Loading…' : 'It has said nothing.'}</p>
        )}
      </Section>
      <SameFrom path={`/jobs/${job.id}`} also={[{ label: 'its log', path: `/jobs/${job.id}/log` }]} />
    </article>
  )
}

/** What a job is about, by the name that people use where there is one. */
function About({ subject, href }: { subject: { kind: string; id: string }; href: string | null }) {
  const resolved = useQuery(subjectOptions(subject)).data
  const to = href ?? (resolved?.eventId ? `/events/${resolved.eventId}` : null)
  const text = resolved?.label ?? `${subject.kind} ${subject.id}`
  return to ? <Link to={to}>{text}</Link> : <span>{text}</span>
}

function isOver(state: string | undefined): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}
