import { useMemo, useRef, useState } from 'react'
import type { PointerEvent, ReactNode } from 'react'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { allSky, zoom } from '#science/chart/projection.ts'
import type { SkyProjection } from '#science/chart/projection.ts'
import { skyChart } from '#science/chart/sky-chart.ts'
import type { SkyChartData } from '#science/chart/sky-chart.ts'
import type { SvgNode } from '#science/chart/svg.ts'
import { mountSvg, useWidth } from './chart.tsx'
import { useCoordinateText } from './sky-coord.tsx'

export interface Field {
  ra: number
  dec: number
  fieldDeg: number
}

/** Two pictures of one sky: the whole of it with the frame of the zoom, and the zoom, which drags and scrolls. */
export function SkyMaps(props: {
  data: SkyChartData
  title: string
  /** What the zoom shows; `home` is where "whole region" goes back to. */
  field: Field
  home: Field
  onField: (field: Field) => void
  /** A click on the zoom. */
  onPick?: (ra: number, dec: number) => void
  /** Drawn above everything else in either view: the fields of a plan. */
  overlay?: (view: SkyProjection) => readonly SvgNode[]
  /** What the overlay means, beside what the lines mean. */
  legend?: ReactNode
}) {
  const { data, title, field, home, onField, onPick, overlay, legend } = props
  const { ra: fieldRa, dec: fieldDec, fieldDeg } = field
  const { coordinates } = usePreferences()
  const raLabels = coordinates === 'degrees' ? 'degrees' : 'hours'
  const [skyBox, skyWidth] = useWidth(720)
  const [zoomBox, zoomWidth] = useWidth(480)
  const [at, setAt] = useState<[number, number] | null>(null)

  // The sky is cut opposite to the region, at a round hour, so that the region stays in one piece.
  const centreRa = (Math.round(home.ra / 90) * 90) % 360
  const sky = useMemo(() => allSky({ width: skyWidth, centreRa }), [skyWidth, centreRa])
  const zoomHeight = Math.round(Math.min(zoomWidth * 0.8, Math.max(280, skyWidth / 2)))
  const local = useMemo(
    () => zoom({ ra: fieldRa, dec: fieldDec, fieldDeg, width: zoomWidth, height: zoomHeight }),
    [fieldRa, fieldDec, fieldDeg, zoomWidth, zoomHeight],
  )
  const skyTree = useMemo(
    () =>
      mountSvg(
        withOverlay(
          skyChart(data, { view: sky, frame: local, raLabels, ecliptic: true, title: `${title}: whole sky` }),
          overlay?.(sky),
        ),
      ),
    [data, sky, local, raLabels, title, overlay],
  )
  const zoomTree = useMemo(
    () =>
      mountSvg(
        withOverlay(skyChart(data, { view: local, raLabels, title: `${title}: zoom` }), overlay?.(local)),
      ),
    [data, local, raLabels, title, overlay],
  )
  const drag = useDrag(local, field, onField)

  return (
    <div className="sky-maps">
      <div className="sky-all">
        <div
          className="chart"
          ref={skyBox}
          onPointerMove={(event) => setAt(directionUnder(event, sky))}
          onPointerLeave={() => setAt(null)}
          onClick={(event) => {
            const to = directionUnder(event, sky)
            if (to) onField({ ...field, ra: to[0], dec: to[1] })
          }}
        >
          {skyTree}
        </div>
        <Legend regions={data.regions !== undefined}>{legend}</Legend>
      </div>
      <div className="sky-zoom">
        <div
          className="chart zoomable"
          ref={zoomBox}
          onPointerMove={(event) => {
            setAt(directionUnder(event, local))
            drag.move(event)
          }}
          onPointerLeave={() => setAt(null)}
          onPointerDown={(event) => drag.down(event)}
          onPointerUp={(event) => {
            const to = drag.up(event) ? null : directionUnder(event, local)
            if (to) onPick?.(...to)
          }}
          onWheel={(event) => {
            // The wheel alone scrolls the page, as everywhere.
            if (event.shiftKey)
              onField({
                ...field,
                fieldDeg: clampField(field.fieldDeg * (event.deltaY + event.deltaX > 0 ? 1.25 : 0.8)),
              })
          }}
          tabIndex={0}
          role="group"
          aria-label="Zoom: arrows move, plus and minus change the field, 0 shows the whole region"
          onKeyDown={(event) => {
            const next = movedByKey(event.key, field, home)
            if (!next) return
            event.preventDefault()
            onField(next)
          }}
        >
          {zoomTree}
        </div>
        <div className="chart-readout">
          <Pointer at={at} field={field} />
          <span className="chart-tools">
            <button
              type="button"
              aria-label="Zoom in"
              onClick={() => onField({ ...field, fieldDeg: clampField(field.fieldDeg / 1.6) })}
            >
              +
            </button>
            <button
              type="button"
              aria-label="Zoom out"
              onClick={() => onField({ ...field, fieldDeg: clampField(field.fieldDeg * 1.6) })}
            >
              −
            </button>
            <button type="button" className="wide" onClick={() => onField(home)}>
              Whole region
            </button>
          </span>
        </div>
      </div>
    </div>
  )
}

function clampField(degrees: number): number {
  return Math.min(180, Math.max(0.01, Number(degrees.toPrecision(3))))
}

function directionUnder(
  event: { clientX: number; clientY: number; currentTarget: Element },
  view: SkyProjection,
) {
  const box = event.currentTarget.getBoundingClientRect()
  return view.invert(event.clientX - box.left, event.clientY - box.top)
}

function Pointer({ at, field }: { at: [number, number] | null; field: Field }) {
  const text = useCoordinateText()
  const digits = Math.max(1, Math.min(6, Math.ceil(2.5 - Math.log10(field.fieldDeg))))
  return (
    <span>
      {at
        ? `${text(at[0], at[1], at && field.fieldDeg < 90 ? Math.max(digits, 2) : 2)}`
        : 'ICRS · drag to move, click to ask'}
    </span>
  )
}

function withOverlay(chart: SvgNode, nodes: readonly SvgNode[] = []): SvgNode {
  return nodes.length === 0 ? chart : { ...chart, children: [...chart.children, ...nodes] }
}

function Legend({ children, regions }: { children?: ReactNode; regions: boolean }) {
  return (
    <div className="legend">
      {children}
      {regions && (
        <>
          <span>
            <LegendLine colour="var(--chart-outline50)" /> 50 % region
          </span>
          <span>
            <LegendLine colour="var(--chart-outline90)" dash="5 3" /> 90 % region
          </span>
        </>
      )}
      <span>
        <LegendLine colour="var(--chart-milky-way)" dash="5 4" /> Milky Way
      </span>
      <span>
        <LegendLine colour="var(--chart-ecliptic)" dash="1 3" /> ecliptic
      </span>
    </div>
  )
}

export function LegendLine({ colour, dash }: { colour: string; dash?: string }) {
  return (
    <svg width="20" height="8" aria-hidden="true">
      <path d="M0 4h20" stroke={colour} strokeWidth="2" strokeDasharray={dash} />
    </svg>
  )
}

/** The field after a key; undefined for keys that do nothing here. */
function movedByKey(key: string, field: Field, home: Field): Field | undefined {
  const step = field.fieldDeg / 8
  const across = step / Math.max(0.02, Math.cos((field.dec * Math.PI) / 180))
  const turned = (ra: number) => ((ra % 360) + 360) % 360
  if (key === 'ArrowLeft') return { ...field, ra: turned(field.ra + across) }
  if (key === 'ArrowRight') return { ...field, ra: turned(field.ra - across) }
  if (key === 'ArrowUp') return { ...field, dec: Math.min(90, field.dec + step) }
  if (key === 'ArrowDown') return { ...field, dec: Math.max(-90, field.dec - step) }
  if (key === '+' || key === '=') return { ...field, fieldDeg: clampField(field.fieldDeg / 1.6) }
  if (key === '-') return { ...field, fieldDeg: clampField(field.fieldDeg * 1.6) }
  return key === '0' ? home : undefined
}

/** Dragging moves the field so that the direction under the pointer stays under it. */
function useDrag(view: SkyProjection, field: Field, onField: (field: Field) => void) {
  const from = useRef<{ x: number; y: number; field: Field } | null>(null)
  return {
    down(event: PointerEvent<HTMLDivElement>) {
      // A finger scrolls the page; it moves the map by the buttons and keys.
      if (event.pointerType === 'touch') return
      from.current = { x: event.clientX, y: event.clientY, field }
      event.currentTarget.setPointerCapture(event.pointerId)
    },
    move(event: PointerEvent<HTMLDivElement>) {
      const start = from.current
      if (!start) return
      const perPixel = start.field.fieldDeg / view.width
      const dec = Math.max(-90, Math.min(90, start.field.dec + (event.clientY - start.y) * perPixel))
      const scale = perPixel / Math.max(0.02, Math.cos((dec * Math.PI) / 180))
      const ra = (((start.field.ra + (event.clientX - start.x) * scale) % 360) + 360) % 360
      if (Math.hypot(event.clientX - start.x, event.clientY - start.y) > 3)
        onField({ ...start.field, ra, dec })
    },
    /** True when the pointer was dragged; false for a click. */
    up(event: PointerEvent<HTMLDivElement>): boolean {
      const start = from.current
      from.current = null
      return start !== null && Math.hypot(event.clientX - start.x, event.clientY - start.y) > 3
    },
  }
}
