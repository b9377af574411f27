import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { nightTimeline } from '#science/chart/night-timeline.ts'
import type { NightData } from '#science/chart/night-timeline.ts'
import { mountSvg, useWidth } from './chart.tsx'

/** The night of a site with what happened in it. */
export function NightTimeline({ night, title }: { night: NightData; title: string }) {
  const navigate = useNavigate()
  const [box, width] = useWidth(1000)
  const tree = useMemo(
    () => mountSvg(nightTimeline(night, { width, title }), (href) => void navigate({ href })),
    [night, width, title, navigate],
  )
  return (
    <div className="chart" ref={box}>
      {tree}
    </div>
  )
}
