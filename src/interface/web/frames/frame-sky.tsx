import { useCallback, useMemo, useState } from 'react'
import { useNavigate } from '@tanstack/react-router'
import type { Position } from 'geojson'
import '#interface/web/events/events.css'
import { SkyMaps, type Field } from '#interface/web/pieces/sky-map.tsx'
import type { Frame } from '#observatory/frames/frame.ts'
import type { SkyProjection } from '#science/chart/projection.ts'
import { element, px, type SvgNode } from '#science/chart/svg.ts'
import { separation } from '#science/sky/vectors.ts'

/** Where the frames of the list lie: the whole sky, and a zoom in which a click opens the frame under it. */
export function FramesSky({ frames }: { frames: readonly Frame[] }) {
  const navigate = useNavigate()
  const placed = useMemo(() => frames.filter(({ footprint }) => footprint !== null), [frames])
  const home = useMemo((): Field => {
    const first = placed[0]?.footprint
    if (!first) return { ra: 0, dec: 0, fieldDeg: 90 }
    const around = placed.flatMap(({ footprint }) => {
      const distance = separation(
        first.centre[0],
        first.centre[1],
        footprint!.centre[0],
        footprint!.centre[1],
      )
      return distance < 30 ? [distance + footprint!.radiusDeg] : []
    })
    return {
      ra: first.centre[0],
      dec: first.centre[1],
      fieldDeg: Number((2.4 * Math.max(...around)).toPrecision(2)),
    }
  }, [placed])
  const [field, setField] = useState<Field | null>(null)
  const overlay = useCallback(
    (view: SkyProjection): SvgNode[] =>
      placed.flatMap((frame) => {
        const outlines = frame.images.flatMap(({ footprint }) => outlineOf(footprint?.polygon ?? [], view))
        if (outlines.length > 0) return outlines
        const at = view.project(frame.footprint!.centre[0], frame.footprint!.centre[1])
        return at
          ? [element('circle', { cx: px(at[0]), cy: px(at[1]), r: 2.5, fill: 'var(--chart-outline90)' })]
          : []
      }),
    [placed],
  )
  if (placed.length === 0) return <p className="dim">No frame of this list has a place on the sky.</p>
  return (
    <SkyMaps
      data={{}}
      title={`Footprints of ${placed.length} ${placed.length === 1 ? 'frame' : 'frames'}`}
      field={field ?? home}
      home={home}
      onField={setField}
      onPick={(ra, dec) => {
        const under = placed.find(
          ({ footprint }) =>
            separation(ra, dec, footprint!.centre[0], footprint!.centre[1]) <= footprint!.radiusDeg,
        )
        if (under) void navigate({ to: '/frames/$sha', params: { sha: under.sha256 } })
      }}
      overlay={overlay}
    />
  )
}

/** An outline as the view draws it; nothing where all of it is smaller than a dot. */
function outlineOf(polygon: readonly (readonly [number, number])[], view: SkyProjection): SvgNode[] {
  if (polygon.length < 3) return []
  const points = polygon.map(([ra, dec]) => view.project(ra, dec))
  const shown = points.filter((point) => point !== null)
  if (shown.length < 3) return []
  const across = Math.max(...shown.map(([x]) => x)) - Math.min(...shown.map(([x]) => x))
  const up = Math.max(...shown.map(([, y]) => y)) - Math.min(...shown.map(([, y]) => y))
  if (Math.max(across, up) < 4) return []
  const ring: Position[] = [...polygon, polygon[0]!].map(([ra, dec]) => [ra, dec])
  const d = view.path({ type: 'LineString', coordinates: ring })
  return d
    ? [
        element('path', {
          d,
          fill: 'none',
          stroke: 'var(--chart-outline90)',
          'stroke-width': 1.3,
        }),
      ]
    : []
}
