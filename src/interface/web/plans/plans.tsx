import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { eventsOptions, meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import type { PlansSearch } from '#interface/web/app/searches.ts'
import { Pick } from '#interface/web/pieces/filters.tsx'
import { Listing, useRows } from '#interface/web/pieces/listing.tsx'
import { Empty, Loading } from '#interface/web/pieces/problem.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import { planStates } from '#observatory/plans/plan.ts'
import type { PlanSummary } from '#observatory/plans/plan.ts'
import { telescopesOptions } from '#interface/web/telescopes/queries.ts'
import { planColumns } from './columns.tsx'
import './plans.css'
import { plansOptions, plansQuery } from './queries.ts'
import { namesText, PlanRole, PlanStateWord, ProbabilityBar, SolvingProgress, stateWords } from './words.tsx'

const PlanRules = lazy(() => import('./rules.tsx').then((module) => ({ default: module.PlanRules })))
const route = getRouteApi('/framed/plans')
const tabs = [
  [undefined, 'Plans'],
  ['rules', 'Rules'],
] as const

/** All plans, and the rules by which plans are made by themselves. */
export function Plans() {
  const { tab } = route.useSearch()
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'member')
  useEffect(() => {
    document.title = tab === 'rules' ? 'Plan rules · Urania' : 'Plans · Urania'
  }, [tab])
  return (
    <>
      <div className="page-head">
        <div className="row" style={{ alignItems: 'center' }}>
          <h1>Plans</h1>
          <nav className="segments" aria-label="Which part">
            {tabs.map(([name, label]) => (
              <Link
                key={label}
                to="/plans"
                search={{ tab: name }}
                className="button"
                aria-current={tab === name ? 'page' : undefined}
                style={
                  tab === name
                    ? { borderColor: 'var(--accent)' }
                    : { borderColor: 'transparent', background: 'none' }
                }
              >
                {label}
              </Link>
            ))}
          </nav>
        </div>
        {may && tab === undefined && (
          <Link to="/plans/new" className="button main">
            New plan
          </Link>
        )}
      </div>
      {tab === 'rules' ? (
        <Suspense fallback={<Loading />}>
          <PlanRules />
        </Suspense>
      ) : (
        <PlanList may={may} />
      )}
    </>
  )
}

function PlanList({ may }: { may: boolean }) {
  const { tab: _tab, rule: _rule, ...search } = route.useSearch()
  const navigate = route.useNavigate()
  const list = useInfiniteQuery(plansOptions({ ...search }))
  const rows = useRows(list)
  const change = (part: PlansSearch) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  return (
    <>
      <Filters search={search} change={change} />
      <Listing
        list={list}
        rows={rows}
        words={['plan', 'plans']}
        filtered={Object.keys(search).length > 0}
        clear={() => void navigate({ search: {} })}
        none={<NoPlans may={may} />}
        name="plans"
        columns={planColumns}
        keyOf={(row) => row.id}
        hrefOf={(row) => `/plans/${row.id}`}
        compact={(row) => <CompactPlan plan={row} />}
        fetchAll={() => everyRow<PlanSummary>('/plans', plansQuery({ ...search }))}
      />
    </>
  )
}

function Filters({ search, change }: { search: PlansSearch; change: (part: PlansSearch) => void }) {
  const telescopes = useQuery(telescopesOptions).data?.items ?? []
  const events = useInfiniteQuery(eventsOptions({})).data?.pages[0]?.items ?? []
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <select
        className="select"
        aria-label="State"
        value={search.state ?? ''}
        onChange={(event) => change({ state: event.target.value || undefined })}
      >
        <option value="">every state</option>
        {planStates.map((state) => (
          <option key={state} value={state}>
            {stateWords[state]}
          </option>
        ))}
      </select>
      <select
        className="select"
        aria-label="Event"
        value={search.event ?? ''}
        onChange={(event) => change({ event: event.target.value || undefined })}
      >
        <option value="">every event</option>
        {search.event && !events.some((event) => event.id === search.event) && (
          <option value={search.event}>{search.event}</option>
        )}
        {events.map((event) => (
          <option key={event.id} value={event.id}>
            {event.name}
          </option>
        ))}
      </select>
      <Pick
        label="Telescope"
        value={search.telescope}
        all="every telescope"
        among={telescopes.map(({ slug, name }) => [slug, name] as const)}
        change={(telescope) => change({ telescope })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={search.test ?? false}
          onChange={(event) => change({ test: event.target.checked || undefined })}
        />
        for tests and mocks too
      </label>
    </form>
  )
}

function NoPlans({ may }: { may: boolean }) {
  return (
    <Empty title="No plans yet.">
      <p>
        {may && (
          <>
            <Link to="/plans/new">Make one</Link> for an event,{' '}
          </>
        )}
        <code>urania plan EVENT --telescopes TCH,TRE</code> does the same from a shell, and a{' '}
        <Link to="/plans" search={{ tab: 'rules' }}>
          rule
        </Link>{' '}
        makes them by itself as notices come in.
      </p>
    </Empty>
  )
}

/** One plan on a narrow screen. */
function CompactPlan({ plan }: { plan: PlanSummary }) {
  const moving = plan.state === 'queued' || plan.state === 'solving'
  return (
    <Link to="/plans/$id" params={{ id: plan.id }} className="plan-compact">
      <span>
        <b>{plan.title}</b> {plan.version > 1 && <span className="dim">v{plan.version}</span>}{' '}
        <PlanRole role={plan.role} />
      </span>
      <PlanStateWord plan={plan} />
      <span>{moving ? <SolvingProgress plan={plan} /> : <ProbabilityBar plan={plan} />}</span>
      <span className="dim">{plan.fields === null ? '' : `${plan.fields} fields`}</span>
      <span className="dim">{namesText(plan.telescopes, 2)}</span>
      <span className="dim">
        <Time at={plan.start} show="ago" />
      </span>
    </Link>
  )
}
