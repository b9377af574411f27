import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import '#interface/web/events/events.css'
import { LegendLine, SkyMaps } from '#interface/web/pieces/sky-map.tsx'
import type { Field } from '#interface/web/pieces/sky-map.tsx'
import { Empty } from '#interface/web/pieces/problem.tsx'
import type { SkyProjection } from '#science/chart/projection.ts'
import { circle } from '#science/chart/great-circles.ts'
import { element, px } from '#science/chart/svg.ts'
import type { SvgNode } from '#science/chart/svg.ts'
import { directionOf, separation, unitVector } from '#science/sky/vectors.ts'
import type { Task } from '#observatory/tasks/task.ts'
import { nameOf } from './words.tsx'

type Placed = Task & { ra: number; dec: number }

/** Where the tasks of the list lie: a circle each, and a dot where it would be too small to see. */
export function TaskSky({ tasks }: { tasks: readonly Task[] }) {
  const navigate = useNavigate()
  const placed = useMemo(
    () => tasks.filter((task): task is Placed => task.ra !== null && task.dec !== null),
    [tasks],
  )
  const home = useMemo(() => homeOf(placed), [placed])
  const [moved, setField] = useState<Field | null>(null)
  const field = moved ?? home
  const overlay = useMemo(
    () => (view: SkyProjection) => placed.flatMap((task) => drawn(task, view)),
    [placed],
  )
  if (placed.length === 0)
    return <Empty title="None of the tasks shown has a position yet; inspect finds it from the header." />
  return (
    <div className="task-sky">
      <SkyMaps
        data={{}}
        title={`${placed.length} tasks on the sky`}
        field={field}
        home={home}
        onField={setField}
        onPick={(ra, dec) => {
          const near = placed
            .map((task) => ({ task, away: separation(ra, dec, task.ra, task.dec) }))
            .toSorted((a, b) => a.away - b.away)[0]
          if (near && near.away < Math.max(near.task.radius ?? 0, field.fieldDeg / 30))
            void navigate({ to: '/tasks/$id', params: { id: near.task.id } })
        }}
        overlay={overlay}
        legend={
          <span>
            <LegendLine colour="var(--chart-series1)" /> task, click it in the zoom to open it
          </span>
        }
      />
    </div>
  )
}

function drawn(task: Placed, view: SkyProjection): SvgNode[] {
  const at = view.project(task.ra, task.dec)
  if (!at) return []
  const title = element('title', {}, nameOf(task))
  const radius = task.radius ?? 0
  const pixels = (radius / view.fieldDeg) * view.width
  if (pixels < 3)
    return [element('circle', { cx: px(at[0]), cy: px(at[1]), r: 3, fill: 'var(--chart-series1)' }, title)]
  const path = view.path(circle(task.ra, task.dec, radius))
  return path === null
    ? []
    : [
        element(
          'path',
          {
            d: path,
            fill: 'var(--chart-series1)',
            'fill-opacity': 0.15,
            stroke: 'var(--chart-series1)',
            'stroke-width': 1.5,
          },
          title,
        ),
      ]
}

/** The zoom that holds all of them, or the first where they are all over the sky. */
function homeOf(tasks: readonly Placed[]): Field {
  const [first] = tasks
  if (!first) return { ra: 0, dec: 0, fieldDeg: 60 }
  const sum: [number, number, number] = [0, 0, 0]
  for (const { ra, dec } of tasks) unitVector(ra, dec).forEach((v, i) => (sum[i] += v))
  if (Math.hypot(...sum) > 0.5 * tasks.length) {
    const [ra, dec] = directionOf(sum)
    const widest = Math.max(
      ...tasks.map((task) => separation(ra, dec, task.ra, task.dec) + (task.radius ?? 0)),
    )
    if (widest < 40) return { ra, dec, fieldDeg: Math.max(0.05, widest * 2.6) }
  }
  return { ra: first.ra, dec: first.dec, fieldDeg: Math.max(0.5, (first.radius ?? 0.2) * 6) }
}
