import { useMemo } from 'react'
import { footprintChart } from '#science/chart/footprint-chart.ts'
import type { Footprint } from '#science/planning/model.ts'
import { mountSvg } from './chart.tsx'

/** A field of view as it lies on the sky, with a scale. */
export function FootprintDrawing({
  footprint,
  size,
  title,
  bare = false,
}: {
  footprint: Footprint
  size: number
  title: string
  /** The outline alone, too small for letters. */
  bare?: boolean
}) {
  const tree = useMemo(
    () => mountSvg(footprintChart(footprint, { size, title, bare })),
    [footprint, size, title, bare],
  )
  return <span className="chart">{tree}</span>
}
