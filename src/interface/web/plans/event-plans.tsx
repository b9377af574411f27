import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import './plans.css'
import { documentOptions, plansOptions } from './queries.ts'
import { PlanStateWord, ProbabilityBar, shortTitle, SolvingProgress } from './words.tsx'

/** Documents of so many plans are drawn; the newest first. */
const mostDrawn = 4

/** Plans of an event: what each covers, and how far those are that are being made. */
export function EventPlans({ eventId, may }: { eventId: string; may: boolean }) {
  const query = useInfiniteQuery(plansOptions({ event: eventId }))
  const plans = query.data?.pages.flatMap((page) => page.items) ?? []
  const open = plans.filter((plan) => plan.state !== 'closed' && plan.state !== 'cancelled')
  const put = plans.length - open.length
  if (query.isPending || (plans.length === 0 && !may && !query.isError)) return null
  return (
    <Section
      title="Plans"
      aside={
        put > 0 && (
          <Link to="/plans" search={{ event: eventId }}>
            {put} put away
          </Link>
        )
      }
    >
      {query.isError && <Problem error={query.error} retry={() => void query.refetch()} what="the plans" />}
      {open.length === 0 && query.isSuccess && <p className="dim">None yet.</p>}
      {open.map((plan) => (
        <div className="share" key={plan.id}>
          <div className="row">
            <Link to="/plans/$id" params={{ id: plan.id }}>
              <b>{shortTitle(plan)}</b>
              {plan.version > 1 && <span className="dim"> v{plan.version}</span>}
            </Link>
            <PlanStateWord plan={plan} />
            <span className="dim">
              <Time at={plan.createdAt} show="ago" />, {plan.requestedBy}
            </span>
          </div>
          <div className="row">
            {plan.state === 'queued' || plan.state === 'solving' ? (
              <SolvingProgress plan={plan} />
            ) : plan.problem ? (
              <span className="dim">{plan.problem.message}</span>
            ) : (
              <>
                <ProbabilityBar plan={plan} />
                <span className="dim">{plan.fields} fields</span>
              </>
            )}
          </div>
        </div>
      ))}
    </Section>
  )
}

/** The fields of an event's plans for its map; undefined while there are none. */
export function useEventOverlay(eventId: string) {
  const plans = useInfiniteQuery(plansOptions({ event: eventId })).data?.pages[0]?.items
  const drawn = useMemo(
    () =>
      (plans ?? [])
        .filter((plan) => plan.state === 'ready' && !plan.proposed && (plan.fields ?? 0) > 0)
        .slice(0, mostDrawn),
    [plans],
  )
  const documents = useQueries({
    queries: drawn.map((plan) => documentOptions(plan.id)),
    combine: (results) => results.flatMap(({ data }) => (data ? [data] : [])),
  })
  // Charts of plans come only where there is a plan.
  const code = useQuery({
    queryKey: ['code', 'event-overlay'],
    queryFn: () => import('./event-overlay.tsx'),
    staleTime: Infinity,
    enabled: drawn.length > 0,
  }).data
  return useMemo(
    () => (code && documents.length > 0 ? code.eventOverlay(documents) : undefined),
    [code, documents],
  )
}
