import type { ReactNode } from 'react'
import { LegendLine } from '#interface/web/pieces/sky-map.tsx'
import type { Field } from '#interface/web/pieces/sky-map.tsx'
import type { PlanDocument } from '#observatory/plans/document.ts'
import { fieldShapes } from '#observatory/plans/pictures.ts'
import { seriesStyle } from '#science/chart/axes.ts'
import { cssPalette } from '#science/chart/palette.ts'
import { planFieldNodes } from '#science/chart/plan-chart.ts'
import { planField } from '#science/chart/plan-field.ts'
import type { SkyProjection } from '#science/chart/projection.ts'
import type { SkyRegion } from '#science/chart/sky-chart.ts'
import type { SvgNode } from '#science/chart/svg.ts'

/** Fields of several plans on one map, a telescope in the same colour in all of them. */
export function eventOverlay(documents: readonly PlanDocument[]): {
  overlay: (view: SkyProjection) => readonly SvgNode[]
  legend: ReactNode
  /** The zoom that holds a region and all these fields. */
  framed: (region: SkyRegion, peak: { ra: number; dec: number }) => Field
} {
  const names = new Map(
    documents.flatMap(({ telescopes }) => telescopes.map(({ slug, name }) => [slug, name] as const)),
  )
  const slugs = [...names.keys()]
  const shapes = documents.flatMap((document) =>
    fieldShapes(document).map((shape) => ({
      ...shape,
      telescope: slugs.indexOf(document.telescopes[shape.telescope].slug),
    })),
  )
  return {
    overlay: (view) => planFieldNodes(shapes, view),
    framed: (region, peak) => planField(region.geometry, shapes, { peak }),
    legend: slugs.map((slug, n) => (
      <span key={slug}>
        <LegendLine colour={seriesStyle(n, cssPalette).colour} /> planned, {names.get(slug)}
      </span>
    )),
  }
}
