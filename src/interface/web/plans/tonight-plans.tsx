import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { PlanSummary } from '#observatory/plans/plan.ts'
import { seriesStyle } from '#science/chart/axes.ts'
import { plansWithin } from '#science/chart/night-timeline.ts'
import type { NightPlan } from '#science/chart/night-timeline.ts'
import { cssPalette } from '#science/chart/palette.ts'
import './plans.css'
import { documentOptions, plansOptions } from './queries.ts'
import { covered, PlanRole } from './words.tsx'

const hour = 3_600_000

/** What is planned within a stretch of time (ms since 1970), a row for each telescope of each plan that stands. */
export function useNightPlans(range: { start: number; end: number } | null): readonly NightPlan[] {
  const ready = useInfiniteQuery(plansOptions({ state: 'ready' })).data?.pages[0]?.items
  const [start, end] = [range?.start ?? 0, range?.end ?? 0]
  const near = useMemo(
    () =>
      (ready ?? [])
        .filter(
          (plan) =>
            !plan.proposed &&
            (plan.fields ?? 0) > 0 &&
            Date.parse(plan.start) < end &&
            Date.parse(plan.end) > start,
        )
        .slice(0, 4),
    [ready, start, end],
  )
  const documents = useQueries({
    queries: near.map((plan) => documentOptions(plan.id)),
    combine: (results) => results.map(({ data }) => data),
  })
  return useMemo(
    () =>
      near.flatMap((plan, i) =>
        (documents[i]?.telescopes ?? []).map(({ slug, name }): NightPlan => ({
          label: `${plan.eventName ?? plan.title}, ${name}`,
          href: `/plans/${plan.id}`,
          exposures: documents[i]!.exposures.filter((exposure) => exposure.telescope === slug)
            .map((exposure) => ({
              start: Date.parse(exposure.start),
              end: Date.parse(exposure.start) + exposure.exposureS * 1000,
            }))
            .toSorted((a, b) => a.start - b.start),
        })),
      ),
    [near, documents],
  )
}

/** Which row of the strip is which: the same rows, in the same order, from the foot upwards. */
export function PlannedLegend(props: {
  planned: readonly NightPlan[]
  night: { start: number; end: number } | null
}) {
  const rows = props.night === null ? [] : plansWithin(props.planned, props.night)
  if (rows.length === 0) return null
  return (
    <p className="legend" style={{ marginTop: 4 }}>
      <span>Planned:</span>
      {rows.map((row, n) => (
        <span key={`${row.href} ${row.label}`}>
          <i className="swatch" style={{ background: seriesStyle(n, cssPalette).colour, margin: 0 }} />
          <Link to={row.href ?? '/plans'}>{row.label}</Link>
        </span>
      ))}
    </p>
  )
}

/** Plans that wait for a person: proposals that nobody has taken, and plans that could not be made lately. */
export function usePlansThatNeed(now: number): { plans: readonly PlanSummary[]; pending: boolean } {
  const ready = useInfiniteQuery(plansOptions({ state: 'ready' }))
  const failed = useInfiniteQuery(plansOptions({ state: 'failed' }))
  const proposals = ready.data?.pages[0]?.items.filter((plan) => plan.proposed) ?? []
  const failures = failed.data?.pages[0]?.items ?? []
  return {
    plans: [
      ...proposals,
      ...failures.filter((plan) => now - Date.parse(plan.finishedAt ?? plan.createdAt) < 48 * hour),
    ],
    pending: ready.isPending || failed.isPending,
  }
}

export function PlanThatNeeds({ plan }: { plan: PlanSummary }) {
  return (
    <li>
      <span>
        <Link
          to="/plans/$id"
          params={{ id: plan.id }}
          search={plan.proposed && plan.parent ? { with: plan.parent } : {}}
        >
          {plan.title}
        </Link>{' '}
        <span className="dim">version {plan.version}</span> <PlanRole role={plan.role} />
      </span>
      {plan.proposed && plan.state === 'ready' ? (
        <State tone="needs">proposed plan</State>
      ) : (
        <State tone="failed">plan failed</State>
      )}
      <span className="dim">
        {plan.problem
          ? plan.problem.message
          : plan.probability !== null &&
            `would cover ${covered(plan.probability)}${plan.aim === 'galaxies' ? ' of the galaxies’ weight' : ''}`}
      </span>
      <span className="dim">
        <Time at={plan.finishedAt ?? plan.createdAt} show="ago" />
      </span>
    </li>
  )
}
