import { useMemo } from 'react'
import { mountSvg, useWidth } from '#interface/web/pieces/chart.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { altitudePanel } from '#observatory/plans/altitudes.ts'
import type { PlanDocument } from '#observatory/plans/document.ts'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { altitudeChart } from '#science/chart/altitude-chart.ts'
import { usePlanSpan } from './pictures.tsx'
import { useChoice } from './plan-sky.tsx'

/** How high the fields and the Moon stand over each telescope. */
export function Altitudes({ plan, document }: { plan: PlanDetail; document: PlanDocument }) {
  const [box, width] = useWidth(1000)
  const span = usePlanSpan({ plan, document })
  const { telescope } = useChoice()
  const panels = useMemo(
    () =>
      document.telescopes
        .filter((one) => one.ground && (telescope === undefined || one.slug === telescope))
        .filter((one) => document.exposures.some((exposure) => exposure.telescope === one.slug))
        .map((one) => altitudePanel(one, document, span)),
    [document, span, telescope],
  )
  const tree = useMemo(
    () => mountSvg(altitudeChart(panels, { width, title: 'Altitudes', plain: true })),
    [panels, width],
  )
  if (panels.length === 0) return null
  return (
    <Section title="How high" aside="altitude of the fields and the Moon; UTC">
      <div className="chart" ref={box}>
        {tree}
      </div>
    </Section>
  )
}
