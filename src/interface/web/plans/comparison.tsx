import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { contoursOptions } from '#interface/web/api/queries.ts'
import { Facts } from '#interface/web/pieces/facts.tsx'
import { Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { regionsOf } from '#interface/web/pieces/regions.ts'
import { LegendLine, SkyMaps } from '#interface/web/pieces/sky-map.tsx'
import type { Field } from '#interface/web/pieces/sky-map.tsx'
import { fieldsOf } from '#observatory/plans/document.ts'
import { fieldShapes } from '#observatory/plans/pictures.ts'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { seriesStyle } from '#science/chart/axes.ts'
import { cssPalette } from '#science/chart/palette.ts'
import { planFieldNodes } from '#science/chart/plan-chart.ts'
import type { PlanFieldShape } from '#science/chart/plan-chart.ts'
import { planField } from '#science/chart/plan-field.ts'
import type { SkyProjection } from '#science/chart/projection.ts'
import { comparisonOptions, documentOptions } from './queries.ts'
import { covered } from './words.tsx'

/** What this plan changes of another: in words, in figures and on the map. */
export function Comparison({ plan, other }: { plan: PlanDetail; other: string }) {
  const navigate = useNavigate()
  const query = useQuery(comparisonOptions(other, plan.id))
  const close = () =>
    void navigate({ to: '/plans/$id', params: { id: plan.id }, search: {}, resetScroll: false })
  const answer = query.data
  return (
    <section className="section" aria-label="Comparison" style={{ marginBottom: 22 }}>
      <header>
        <h2>
          {answer ? (
            <>
              Against{' '}
              <Link to="/plans/$id" params={{ id: answer.a.id }}>
                {answer.a.title}
                {answer.a.series === answer.b.series ? `, version ${answer.a.version}` : ''}
              </Link>
            </>
          ) : (
            'Comparison'
          )}
        </h2>
        <button type="button" className="link-button" onClick={close}>
          End the comparison
        </button>
      </header>
      {query.isError && (
        <Problem error={query.error} retry={() => void query.refetch()} what="the comparison" />
      )}
      {query.isPending && <Skeleton height={120} />}
      {answer && (
        <div className="plan-two">
          <div className="stack">
            <ul className="plain-list">
              {answer.text.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
          <Facts
            facts={[
              ['The other covers of the map', covered(answer.probability.a)],
              ['This covers of the map', covered(answer.probability.b)],
              ['Both cover of the map', covered(answer.probability.shared)],
              ['Together, of the map', covered(answer.probability.together)],
            ]}
          />
        </div>
      )}
      {answer && <ComparedSky plan={plan} other={other} />}
    </section>
  )
}

const words = ['in both', 'new in this', 'only in the other'] as const

function ComparedSky({ plan, other }: { plan: PlanDetail; other: string }) {
  const contours = useQuery(contoursOptions(plan.localizationId))
  const mine = useQuery(documentOptions(plan.id)).data
  const theirs = useQuery(documentOptions(other)).data
  const regions = useMemo(() => regionsOf(contours.data), [contours.data])
  const shapes = useMemo((): PlanFieldShape[] => {
    if (!mine || !theirs) return []
    const before = new Set(fieldsOf(theirs).map((field) => field.key))
    const after = fieldsOf(mine)
    const now = new Set(after.map((field) => field.key))
    const others = fieldsOf(theirs)
    return [
      ...fieldShapes(mine).map((shape, i) => ({
        ...shape,
        telescope: before.has(after[i].key) ? 0 : 1,
      })),
      ...fieldShapes(theirs)
        .filter((_, i) => !now.has(others[i].key))
        .map((shape) => ({ ...shape, telescope: 2 })),
    ]
  }, [mine, theirs])
  const home = useMemo((): Field => {
    const wide = regions.find((region) => Math.abs(region.level - 0.9) < 1e-6) ?? regions.at(-1)
    const around = planField(wide?.geometry, shapes)
    return { ...around, fieldDeg: Number(around.fieldDeg.toPrecision(3)) }
  }, [regions, shapes])
  const [moved, setMoved] = useState<Field | null>(null)
  const data = useMemo(() => ({ regions }), [regions])
  const overlay = useCallback((view: SkyProjection) => planFieldNodes(shapes, view), [shapes])
  if (!mine || !theirs) return <Skeleton height={300} />
  return (
    <div style={{ marginTop: 14 }}>
      <SkyMaps
        data={data}
        title="What changes"
        field={moved ?? home}
        home={home}
        onField={(field) => setMoved(field === home ? null : field)}
        overlay={overlay}
        legend={words.map((word, n) => (
          <span key={word}>
            <LegendLine colour={seriesStyle(n, cssPalette).colour} /> {word}
          </span>
        ))}
      />
    </div>
  )
}
