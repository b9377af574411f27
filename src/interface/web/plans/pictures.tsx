import { useMemo } from 'react'
import { mountSvg, useWidth } from '#interface/web/pieces/chart.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import type { PlanDocument } from '#observatory/plans/document.ts'
import { coverageData, spanOf, timelineRow } from '#observatory/plans/pictures.ts'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { coverageChart } from '#science/chart/coverage-chart.ts'
import { planTimeline } from '#science/chart/plan-chart.ts'
import { Trail } from './trail.tsx'

interface Props {
  plan: PlanDetail
  document: PlanDocument
}

/** What each telescope does when. */
export function Timeline({ plan, document }: Props) {
  const [box, width] = useWidth(1000)
  const span = usePlanSpan({ plan, document })
  const tree = useMemo(
    () =>
      mountSvg(
        planTimeline(
          document.telescopes.map((telescope) => timelineRow(telescope, document)),
          span,
          { width, title: 'Timeline', plain: true },
        ),
      ),
    [document, span, width],
  )
  return (
    <Section title="When" aside="blocks are exposures, thin lines slews, bands the usable hours; UTC">
      <div className="chart" ref={box}>
        {tree}
      </div>
    </Section>
  )
}

/** Probability against fields and time with the bound, and how the solver came to it. */
export function CoveragePicture({ plan, document }: Props) {
  const [box, width] = useWidth(1000)
  const span = usePlanSpan({ plan, document })
  const { result } = plan
  const tree = useMemo(
    () =>
      result &&
      mountSvg(
        coverageChart(coverageData(document, result, span), {
          width,
          title: result.aim === 'galaxies' ? 'Galaxies’ weight covered' : 'Probability covered',
          plain: true,
        }),
      ),
    [document, result, span, width],
  )
  if (!result) return null
  return (
    <Section title="How much">
      <div className="chart" ref={box}>
        {tree}
      </div>
      {result.trail.length > 1 && (
        <details style={{ marginTop: 8 }}>
          <summary className="link-button" style={{ width: 'max-content' }}>
            How the solver came to it, {result.seconds.toFixed(1)} s
          </summary>
          <Trail trail={result.trail} title="Best plan and bound while it was solved" />
        </details>
      )}
    </Section>
  )
}

export function usePlanSpan({ plan, document }: Props) {
  return useMemo(
    () => spanOf(document, { start: Date.parse(plan.start), end: Date.parse(plan.end) }),
    [document, plan.start, plan.end],
  )
}
