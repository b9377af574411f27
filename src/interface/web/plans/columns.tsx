import { Link } from '@tanstack/react-router'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import type { PlanSummary } from '#observatory/plans/plan.ts'
import {
  covered,
  gapText,
  namesText,
  shortTitle,
  PlanRole,
  PlanStateWord,
  ProbabilityBar,
  SolvingProgress,
} from './words.tsx'

/** What the share that is covered is of. */
function aimText({ aim }: PlanSummary): string | null {
  if (aim === null) return null
  return aim === 'galaxies' ? 'galaxies’ weight' : 'map'
}

/** Columns of the list of plans. */
export const planColumns: readonly Column<PlanSummary>[] = [
  {
    id: 'title',
    header: 'Plan',
    cell: (plan) => (
      <>
        <Link to="/plans/$id" params={{ id: plan.id }}>
          {shortTitle(plan)}
        </Link>
        {plan.version > 1 && <span className="dim"> v{plan.version}</span>}
      </>
    ),
    plain: (plan) => plan.title,
  },
  {
    id: 'event',
    header: 'Event',
    cell: (plan) =>
      plan.eventId ? (
        <>
          <Link to="/events/$id" params={{ id: plan.eventId }} className="dim">
            {plan.eventName}
          </Link>{' '}
          <PlanRole role={plan.role} />
        </>
      ) : (
        <span className="dim">–</span>
      ),
    plain: (plan) => plan.eventName,
  },
  {
    id: 'state',
    header: 'State',
    cell: (plan) => <PlanStateWord plan={plan} />,
    plain: (plan) => (plan.proposed ? `${plan.state}, proposed` : plan.state),
  },
  {
    id: 'probability',
    header: 'Covered, of at most',
    cell: (plan) =>
      plan.state === 'solving' || plan.state === 'queued' ? (
        <SolvingProgress plan={plan} />
      ) : plan.problem ? (
        <span className="dim cut" title={plan.problem.message}>
          {plan.problem.message}
        </span>
      ) : (
        <ProbabilityBar plan={plan} />
      ),
    plain: (plan) => plan.probability,
  },
  {
    id: 'aim',
    header: 'Covered of',
    hidden: true,
    cell: (plan) => aimText(plan),
    plain: (plan) => aimText(plan),
  },
  {
    id: 'sky',
    header: 'Of the map',
    right: true,
    hidden: true,
    cell: (plan) => (plan.skyProbability === null ? '–' : covered(plan.skyProbability)),
    plain: (plan) => plan.skyProbability,
  },
  {
    id: 'bound',
    header: 'Bound',
    right: true,
    hidden: true,
    cell: (plan) => plan.bound?.toFixed(4) ?? '–',
    plain: (plan) => plan.bound,
  },
  { id: 'gap', header: 'Gap', right: true, cell: (plan) => gapText(plan.gap), plain: (plan) => plan.gap },
  {
    id: 'fields',
    header: 'Fields',
    right: true,
    cell: (plan) => (plan.fields === null ? '–' : thousands(plan.fields)),
    plain: (plan) => plan.fields,
  },
  {
    id: 'telescopes',
    header: 'Telescopes',
    hidden: true,
    cell: (plan) => <span title={plan.telescopes.join(', ')}>{namesText(plan.telescopes)}</span>,
    plain: (plan) => plan.telescopes.join(' '),
  },
  {
    id: 'strategy',
    header: 'Strategy',
    hidden: true,
    cell: (plan) => plan.strategy,
    plain: (p) => p.strategy,
  },
  {
    id: 'start',
    header: 'Starts (UTC)',
    cell: (plan) => <Time at={plan.start} show="utc" />,
    plain: (plan) => plan.start,
  },
  { id: 'by', header: 'By', cell: (plan) => plan.requestedBy, plain: (plan) => plan.requestedBy },
  {
    id: 'made',
    header: 'Made',
    hidden: true,
    cell: (plan) => <Time at={plan.createdAt} show="ago" />,
    plain: (plan) => plan.createdAt,
  },
]
