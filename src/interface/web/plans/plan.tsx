import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import '#interface/web/events/events.css'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { thousands } from '#interface/web/pieces/format.ts'
import { Loading, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Asked, Value } from '#interface/web/pieces/value.tsx'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { PlanActs } from './acts.tsx'
import { Comparison } from './comparison.tsx'
import { useEdits } from './edits.tsx'
import { Exposures } from './exposures.tsx'
import { LivePanel } from './live-panel.tsx'
import { Parameters } from './parameters.tsx'
import { CoveragePicture, Timeline } from './pictures.tsx'
import { PlanSky } from './plan-sky.tsx'
import './plans.css'
import { documentOptions, planOptions } from './queries.ts'
import { Shares } from './shares.tsx'
import { Versions } from './versions.tsx'
import { covered, gapText, PlanRole, PlanStateWord } from './words.tsx'

// Altitudes need the tables of Earth rotation; they come after the rest.
const Altitudes = lazy(() => import('./altitudes.tsx').then((module) => ({ default: module.Altitudes })))
const route = getRouteApi('/framed/plans/$id')

/** One plan: what it covers, what no plan could exceed, which field when, and what may be done with it. */
export function PlanPage() {
  const { id } = route.useParams()
  const query = useQuery(planOptions(id))
  const plan = query.data
  useEffect(() => {
    document.title = `${plan?.title ?? 'Plan'} · Urania`
  }, [plan?.title])
  if (query.isError && !plan)
    return <Problem error={query.error} retry={() => void query.refetch()} what={`plan ${id}`} />
  if (!plan) return <PlanShape />
  return <PlanBody key={plan.id} plan={plan} />
}

function PlanShape() {
  return (
    <>
      <div className="stack" style={{ marginBottom: 20 }}>
        <Skeleton width={260} height={26} />
        <Skeleton width={420} height={46} />
      </div>
      <div className="sky-maps">
        <Skeleton height={360} />
        <Skeleton height={360} />
      </div>
      <Loading lines={8} />
    </>
  )
}

function PlanBody({ plan }: { plan: PlanDetail }) {
  const search = route.useSearch()
  const me = useQuery(meOptions).data
  const hasFields = plan.result !== null && plan.fields !== null
  const moving = plan.state === 'queued' || plan.state === 'solving'
  return (
    <article aria-label={plan.title}>
      <Banners plan={plan} />
      <Head plan={plan} role={me?.role ?? null} />
      {moving && <LivePanel plan={plan} />}
      {search.with && search.with !== plan.id && <Comparison plan={plan} other={search.with} />}
      {hasFields ? (
        <Planned plan={plan} role={me?.role ?? null} />
      ) : (
        <div className="sky-gap">
          <PlanSky plan={plan} document={undefined} />
        </div>
      )}
      <div className="plan-two" style={{ marginTop: 26 }}>
        <div>
          <Parameters plan={plan} />
        </div>
        <div>
          <Versions plan={plan} />
          <SameFrom
            path={`/plans/${plan.id}`}
            also={
              hasFields
                ? [
                    {
                      label: 'exposures as ECSV',
                      path: `/plans/${plan.id}/export/ecsv`,
                      file: 'plan.ecsv',
                    },
                    {
                      label: 'its sky chart',
                      path: `/plans/${plan.id}/charts/sky.png`,
                      file: 'plan.png',
                    },
                  ]
                : []
            }
            cli={[
              `urania plans show ${plan.id}`,
              ...(hasFields ? [`urania plans export ${plan.id} ecsv > plan.ecsv`] : []),
              `# made anew`,
              `urania plan ${quoted(plan.eventName ?? plan.localizationId)} --telescopes ${plan.telescopes.join(',')} --start ${plan.start} --hours ${plan.request.hours}`,
            ]}
          />
        </div>
      </div>
    </article>
  )
}

function quoted(name: string): string {
  return /^[\w.+-]+$/.test(name) ? name : `"${name}"`
}

function Planned({ plan, role }: { plan: PlanDetail; role: Parameters<typeof PlanActs>[0]['role'] }) {
  const query = useQuery(documentOptions(plan.id))
  const edits = useEdits(plan, role)
  const document = query.data
  if (query.isError)
    return <Problem error={query.error} retry={() => void query.refetch()} what="the exposures of the plan" />
  return (
    <>
      <PlanSky plan={plan} document={document} />
      {document === undefined ? (
        <Loading lines={6} />
      ) : document.exposures.length === 0 ? (
        <div className="plan-two" style={{ marginBottom: 26 }}>
          <div>
            <Shares plan={plan} />
          </div>
        </div>
      ) : (
        <>
          <div className="plan-pictures">
            <Timeline plan={plan} document={document} />
            <Exposures plan={plan} document={document} edits={edits} />
            <CoveragePicture plan={plan} document={document} />
            <Suspense fallback={<Skeleton height={260} />}>
              <Altitudes plan={plan} document={document} />
            </Suspense>
          </div>
          <Shares plan={plan} />
        </>
      )}
    </>
  )
}

function Banners({ plan }: { plan: PlanDetail }) {
  const { versions } = plan
  const newest = versions.reduce((a, b) => (b.version > a.version ? b : a), versions[0] ?? plan)
  return (
    <>
      {plan.state === 'failed' && (
        <div className="problem" role="alert" style={{ marginBottom: 14 }}>
          <b>It could not be planned</b>
          <span>{plan.problem?.message ?? 'No reason was kept.'}</span>
          <span className="problem-acts">
            {plan.problem && (
              <CopyButton
                text={`${plan.problem.code}: ${plan.problem.message} (plan ${plan.id})`}
                label={`Copy ${plan.problem.code}`}
              />
            )}
            {plan.jobId && (
              <Link to="/jobs/$id" params={{ id: plan.jobId }}>
                What its job said
              </Link>
            )}
          </span>
        </div>
      )}
      {plan.state === 'closed' && (
        <div className="banner" role="status" style={{ borderColor: 'var(--waiting)' }}>
          <b style={{ color: 'var(--text)' }}>— Closed</b>
          <span>
            {plan.closedBecause ?? 'No reason was kept.'}
            {newest.id !== plan.id && (
              <>
                {' · '}
                <Link to="/plans/$id" params={{ id: newest.id }}>
                  version {newest.version}
                </Link>
              </>
            )}
          </span>
        </div>
      )}
      {plan.proposed && plan.state === 'ready' && (
        <div className="banner" role="status">
          <b>▲ Proposed</b>
          <span>
            Made by itself after a later notice; the version before stands until somebody takes this one.
            {plan.parent && (
              <>
                {' '}
                <Link to="/plans/$id" params={{ id: plan.id }} search={{ with: plan.parent }}>
                  What it changes
                </Link>
              </>
            )}
          </span>
        </div>
      )}
      {plan.result?.notes.map((note) => (
        <div key={note} className="banner" role="note">
          <span>{note}</span>
        </div>
      ))}
    </>
  )
}

function Head({ plan, role }: { plan: PlanDetail; role: Parameters<typeof PlanActs>[0]['role'] }) {
  const { result } = plan
  const isWeight = result?.aim === 'galaxies'
  return (
    <header className="event-head">
      <div>
        <div className="event-name">
          <h1>{plan.title}</h1>
          <PlanRole role={plan.role} />
          <span className="dim">version {plan.version}</span>
          <PlanStateWord plan={plan} />
        </div>
        <div className="row dim">
          {plan.eventId && (
            <span>
              for{' '}
              <Link to="/events/$id" params={{ id: plan.eventId }}>
                {plan.eventName}
              </Link>
            </span>
          )}
          <span>
            <Time at={plan.start} show="utc" /> to <Time at={plan.end} show="utc" /> UTC
          </span>
          <span>
            by {plan.requestedBy}, <Time at={plan.createdAt} show="ago" />
          </span>
        </div>
      </div>
      <PlanActs plan={plan} role={role} />
      {result && (
        <dl className="three">
          {isWeight && (
            <div>
              <dt>Galaxies’ weight covered</dt>
              <dd>
                <span className="number">{covered(result.probability)}</span>{' '}
                <span className="dim">of {thousands(result.galaxies)} galaxies</span>
              </dd>
            </div>
          )}
          <div>
            <dt>Probability covered</dt>
            <dd>
              <span className="number">{covered(isWeight ? result.skyProbability : result.probability)}</span>{' '}
              <span className="dim">
                {isWeight && 'of the map, '}
                <Value value={result.areaDeg2} unit="deg²" />
              </span>
            </dd>
          </div>
          <div>
            <dt>No plan covers more than</dt>
            <dd>
              <Asked
                source={{
                  method: 'Bound proven by the solver for these telescopes, hours and fields.',
                  inputs: `without limits of time and sky: ${covered(result.unlimited)}`,
                  version: `${result.status}, ${result.seconds.toFixed(1)} s`,
                }}
              >
                {covered(result.bound)}
              </Asked>
              {isWeight && <span className="dim"> of the galaxies’ weight</span>}
            </dd>
          </div>
          <div>
            <dt>Gap</dt>
            <dd>
              {gapText(result.gap)} <span className="dim">{result.status}</span>
            </dd>
          </div>
          <div>
            <dt>Fields</dt>
            <dd>
              <span className="number">{thousands(result.fields)}</span>{' '}
              <span className="dim">
                {thousands(result.exposures)} {result.exposures === 1 ? 'exposure' : 'exposures'}
              </span>
            </dd>
          </div>
        </dl>
      )}
    </header>
  )
}
