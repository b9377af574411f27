import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { eventsOptions, jobsOptions, noticesOptions } from '#interface/web/api/queries.ts'
import { useSite, useSky } from '#interface/web/app/clock-bar.tsx'
import { useMinute } from '#interface/web/app/now.tsx'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { SitePicker } from '#interface/web/app/site-picker.tsx'
import '#interface/web/events/events.css'
import { kindWords, typeWords } from '#interface/web/events/kinds.ts'
import { Distance, PlaceArea, RoleTag, Verdict } from '#interface/web/events/words.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { NightTimeline } from '#interface/web/pieces/night-timeline.tsx'
import { Progress } from '#interface/web/pieces/progress.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import {
  PlannedLegend,
  PlanThatNeeds,
  useNightPlans,
  usePlansThatNeed,
} from '#interface/web/plans/tonight-plans.tsx'
import type { EventSummary } from '#observatory/alerts/event.ts'
import { Begin } from './begin.tsx'
import { Streams } from './streams.tsx'
import './tonight.css'

/** The home of a shift: the night, what needs a person, what happened, what runs. */
export function Tonight() {
  const events = useInfiniteQuery(eventsOptions({}))
  const items = useMemo(() => events.data?.pages[0]?.items ?? [], [events.data])
  useEffect(() => {
    document.title = 'Tonight · Urania'
  }, [])
  return (
    <>
      <Night events={items} />
      {events.isSuccess && items.length === 0 && <Begin />}
      <div className="tonight">
        <div>
          <NeedsPerson events={items} />
          <Section
            title="What happened"
            aside={items.length > 0 ? <Link to="/events">all events</Link> : undefined}
          >
            {events.isError ? (
              <Problem error={events.error} retry={() => void events.refetch()} what="the events" />
            ) : events.isPending ? (
              <Loading />
            ) : items.length === 0 ? (
              <p className="dim">Nothing yet.</p>
            ) : (
              <ul className="lines">
                {items.slice(0, 25).map((event) => (
                  <EventLine key={event.id} event={event} />
                ))}
              </ul>
            )}
          </Section>
        </div>
        <div>
          <Running />
          <Streams />
        </div>
      </div>
    </>
  )
}

function Night({ events }: { events: readonly EventSummary[] }) {
  const now = useMinute()
  const sky = useSky()
  const { site: slug } = usePreferences()
  const site = useSite()
  // Recomputed every quarter of an hour; the line that says "now" moves by itself.
  const quarter = Math.floor(now / 900_000) * 900_000
  const night = useMemo(() => (sky && site ? sky.nightOf(quarter, site) : null), [sky, site, quarter])
  const planned = useNightPlans(night)
  const shown = useMemo(
    () =>
      night && {
        ...night,
        now,
        planned,
        ticks: events.map((event) => ({
          at: Date.parse(event.eventTime ?? event.firstNoticeAt),
          label: event.name,
          href: `/events/${event.id}`,
          test: event.role !== 'observation',
        })),
      },
    [night, now, events, planned],
  )
  return (
    <section aria-label="The night">
      <div className="page-head" style={{ marginBottom: 4 }}>
        <h1>Tonight</h1>
        <span className="dim">
          {site?.name ?? slug} (
          <SitePicker known={sky?.sites}>
            <button type="button" className="link-button">
              change site
            </button>
          </SitePicker>
          ){night ? `, night of ${night.label}, hours UTC` : ''}
        </span>
      </div>
      {shown && site ? (
        <NightTimeline night={shown} title={`Night of ${shown.label} at ${site.name}`} />
      ) : (
        <Skeleton height={144} />
      )}
      <PlannedLegend planned={planned} night={night} />
    </section>
  )
}

const day = 86_400_000

/** A night's business: heard of lately, and no older than a follow-up would still make sense for. */
function isCurrent(event: EventSummary, now: number): boolean {
  const since = now - Date.parse(event.eventTime ?? event.firstNoticeAt)
  return now - Date.parse(event.lastNoticeAt) < 2 * day && since < 14 * day
}

/** Events to decide on, notices that could not be read, jobs that failed. */
function NeedsPerson({ events }: { events: readonly EventSummary[] }) {
  const now = useMinute()
  const dead = useInfiniteQuery(noticesOptions({ state: 'dead' }))
  const failed = useInfiniteQuery(jobsOptions({ state: 'failed' }))
  const planning = usePlansThatNeed(now)
  const deadItems = dead.data?.pages[0]?.items ?? []
  // A plan that failed speaks for its job.
  const failedItems = (failed.data?.pages[0]?.items ?? []).filter((job) => job.subject?.kind !== 'plan')
  const toDecide = events.filter(
    (event) =>
      event.status === 'active' &&
      (event.verdict?.decision === 'GO' || event.verdict?.decision === 'LOOK') &&
      isCurrent(event, now),
  )
  const count = toDecide.length + planning.plans.length + deadItems.length + failedItems.length
  return (
    <Section
      title="What needs a person"
      aside={count > 0 ? undefined : dead.isPending || failed.isPending ? '' : 'nothing now'}
    >
      {(dead.isError || failed.isError) && (
        <Problem
          error={dead.error ?? failed.error}
          what="some of this list"
          retry={() => void Promise.all([dead.refetch(), failed.refetch()])}
        />
      )}
      {count > 0 && (
        <ul className="lines">
          {toDecide.map((event) => (
            <li key={event.id}>
              <span>
                <Link to="/events/$id" params={{ id: event.id }}>
                  {event.name}
                </Link>{' '}
                <RoleTag event={event} />
              </span>
              <Verdict event={event} score />
              <span className="dim">{event.verdict?.reason}</span>
              <span className="dim">
                <Time at={event.lastNoticeAt} show="ago" />
              </span>
            </li>
          ))}
          {planning.plans.slice(0, 8).map((plan) => (
            <PlanThatNeeds key={plan.id} plan={plan} />
          ))}
          {failedItems.slice(0, 8).map((job) => (
            <li key={job.id}>
              <Link to="/jobs/$id" params={{ id: job.id }}>
                {job.title}
              </Link>
              <State tone="failed">failed</State>
              <span className="dim">{job.problem?.message}</span>
              <span className="dim">
                <Time at={job.finishedAt} show="ago" />
              </span>
            </li>
          ))}
          {deadItems.slice(0, 8).map((notice) => (
            <li key={notice.id}>
              <Link to="/jobs" search={{ state: 'dead' }}>
                {notice.title || notice.topic}
              </Link>
              <State tone="failed">could not be read</State>
              <span className="dim">{notice.problem?.message}</span>
              <span className="dim">
                <Time at={notice.receivedAt} show="ago" />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function EventLine({ event }: { event: EventSummary }) {
  return (
    <li>
      <span>
        <Link to="/events/$id" params={{ id: event.id }}>
          {event.name}
        </Link>{' '}
        <RoleTag event={event} />{' '}
        <span className="dim">
          {kindWords[event.kind]}, {typeWords[event.latestType]}
        </span>
      </span>
      <Verdict event={event} />
      <span className="dim">
        {event.topClass && `${event.topClass.name} ${Math.round(event.topClass.probability * 100)} % · `}
        <PlaceArea event={event} />
        {event.place.distanceMeanMpc !== null && (
          <>
            {' · '}
            <Distance event={event} />
          </>
        )}
      </span>
      <span className="dim">
        <Time at={event.lastNoticeAt} show="ago" />
      </span>
    </li>
  )
}

function Running() {
  const running = useInfiniteQuery(jobsOptions({ state: 'running' }))
  const queued = useInfiniteQuery(jobsOptions({ state: 'queued' }))
  const done = useInfiniteQuery(jobsOptions({ state: 'done' }))
  const items = running.data?.pages[0]?.items ?? []
  const waiting = queued.data?.pages[0]
  const finished = done.data?.pages[0]?.items ?? []
  return (
    <Section title="What runs" aside={<Link to="/jobs">all jobs</Link>}>
      {running.isError ? (
        <Problem error={running.error} retry={() => void running.refetch()} what="the jobs" />
      ) : (
        <ul className="lines">
          {items.slice(0, 8).map((job) => (
            <li key={job.id}>
              <Link to="/jobs/$id" params={{ id: job.id }}>
                {job.title}
              </Link>
              <Progress progress={job.progress} brief />
            </li>
          ))}
          {items.length === 0 && running.isSuccess && (
            <li>
              <span className="dim">
                Nothing runs
                {waiting && waiting.items.length > 0
                  ? `; ${waiting.items.length}${waiting.next ? '+' : ''} waiting`
                  : ''}
                .
              </span>
            </li>
          )}
          {finished.slice(0, 6).map((job) => (
            <li key={job.id}>
              <Link to="/jobs/$id" params={{ id: job.id }} className="dim">
                {job.title}
              </Link>
              <span className="dim">
                <State tone="done">done</State> <Time at={job.finishedAt} show="ago" />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
