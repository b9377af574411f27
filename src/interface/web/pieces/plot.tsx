import { useEffect, useMemo, useRef, useState } from 'react'
import type { PointerEvent } from 'react'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { useWidth } from './chart.tsx'
import { thousands } from './format.ts'
import { Axes, foot, left, RuleLine, ScaleBar, titled, top } from './plot-axes.tsx'
import { scaleOf, spanOf, type Axis, type Span } from './plot-scale.ts'
import { heights, nearest, paint, type Rule, type Series } from './plot-series.ts'
import './plot.css'

/**
 * Points, lines and bars over two axes. Drag a box to look closer, press the button or Escape to see all; the point under
 * the pointer is told. Points are painted, so that tens of thousands are no burden; axes are drawn, so that letters stay sharp.
 */
export function Plot(props: {
  title: string
  x: Axis
  y: Axis
  series: readonly Series[]
  rules?: readonly Rule[]
  height?: number
  /** Pixels as wide as high: a picture of the frame. */
  square?: boolean
  /** Scale of coloured values. */
  scale?: { readonly title: string; readonly from: number; readonly to: number }
  note?: string
  onPick?: (series: number, i: number) => void
}) {
  const { title, x: xAxis, y: yAxis, series, rules = [], square, scale, note, onPick } = props
  const [box, width] = useWidth(420)
  const canvas = useRef<HTMLCanvasElement>(null)
  const { theme } = usePreferences()
  const [zoom, setZoom] = useState<{ x: Span; y: Span } | null>(null)
  const [drag, setDrag] = useState<{ x0: number; y0: number; x1: number; y1: number } | null>(null)
  const [under, setUnder] = useState<{ series: number; i: number } | null>(null)
  const whole = useMemo(() => {
    const x = spanOf(
      series.map((one) => one.x),
      xAxis,
    )
    const y = spanOf(series.flatMap(heights), yAxis)
    return x && y ? { x, y } : null
  }, [series, xAxis, yAxis])
  const right = scale ? 58 : 10
  const across = Math.max(80, width - left - right)
  const ratio = whole && square ? (whole.y.to - whole.y.from) / (whole.x.to - whole.x.from) : 0
  const height =
    square && ratio > 0 ? Math.round(Math.min(560, across * ratio)) + top + foot : (props.height ?? 260)
  const up = height - top - foot
  const shown = zoom ?? whole
  const scales = useMemo(
    () =>
      shown && {
        x: scaleOf(shown.x, xAxis, left, left + across),
        y: scaleOf(shown.y, yAxis, top + up, top),
      },
    [shown, xAxis, yAxis, across, up],
  )

  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context || !scales) return
    const ratioOf = Math.min(3, devicePixelRatio || 1)
    element.width = Math.round(width * ratioOf)
    element.height = Math.round(height * ratioOf)
    context.setTransform(ratioOf, 0, 0, ratioOf, 0, 0)
    context.clearRect(0, 0, width, height)
    context.save()
    context.beginPath()
    context.rect(left, top, across, up)
    context.clip()
    for (const one of series) paint(context, one, scales, scale)
    context.restore()
    // The theme decides what the variables mean.
  }, [series, scales, scale, width, height, across, up, theme])

  const place = (event: PointerEvent<HTMLDivElement>): [number, number] => {
    const frame = event.currentTarget.getBoundingClientRect()
    return [event.clientX - frame.left, event.clientY - frame.top]
  }
  const count = series.reduce((sum, one) => sum + (one.kind === 'points' ? one.x.length : 0), 0)
  const told = under ? series[under.series] : undefined
  const said =
    told && under
      ? [
          told.name,
          `${axisText(xAxis, told.x[under.i]!)}, ${axisText(yAxis, told.y[under.i]!)}${errorText(told, under.i)}`,
          told.kind === 'points' ? told.text?.(under.i) : '',
        ]
          .filter(Boolean)
          .join(' · ')
      : (note ?? '')
  return (
    <figure className="plot" aria-label={title}>
      <figcaption>
        <b>{title}</b>
        {zoom && (
          <button type="button" className="link-button" onClick={() => setZoom(null)}>
            show all
          </button>
        )}
      </figcaption>
      <div
        ref={box}
        className="plot-box"
        style={{ height }}
        onPointerDown={(event) => {
          if (event.pointerType === 'touch' || !shown) return
          const [x0, y0] = place(event)
          event.currentTarget.setPointerCapture(event.pointerId)
          setDrag({ x0, y0, x1: x0, y1: y0 })
        }}
        onPointerMove={(event) => {
          const [x, y] = place(event)
          if (drag) setDrag({ ...drag, x1: x, y1: y })
          else if (scales) setUnder(nearest(series, scales, x, y))
        }}
        onPointerLeave={() => setUnder(null)}
        onPointerUp={(event) => {
          if (!drag || !scales) return
          const [x, y] = place(event)
          setDrag(null)
          if (Math.abs(x - drag.x0) > 6 && Math.abs(y - drag.y0) > 6)
            setZoom({
              x: between(scales.x.value(drag.x0), scales.x.value(x)),
              y: between(scales.y.value(drag.y0), scales.y.value(y)),
            })
          else if (under) onPick?.(under.series, under.i)
        }}
      >
        {shown && scales ? (
          <>
            <canvas ref={canvas} style={{ width, height }} aria-hidden="true" />
            <svg
              width={width}
              height={height}
              role="img"
              aria-label={`${title}: ${describe(xAxis, yAxis, shown, count)}`}
            >
              <Axes x={xAxis} y={yAxis} shown={shown} scales={scales} width={across} height={up} />
              {rules.map((rule) => (
                <RuleLine
                  key={`${rule.x} ${rule.y} ${rule.text}`}
                  rule={rule}
                  scales={scales}
                  shown={shown}
                  across={across}
                  up={up}
                />
              ))}
              {scale && <ScaleBar scale={scale} x={left + across + 12} height={up} />}
              {drag && (
                <rect
                  x={Math.min(drag.x0, drag.x1)}
                  y={Math.min(drag.y0, drag.y1)}
                  width={Math.abs(drag.x1 - drag.x0)}
                  height={Math.abs(drag.y1 - drag.y0)}
                  fill="var(--accent)"
                  fillOpacity="0.15"
                  stroke="var(--accent)"
                />
              )}
              {told && under && (
                <circle
                  cx={scales.x.at(told.x[under.i]!)}
                  cy={scales.y.at(told.y[under.i]!)}
                  r="6"
                  fill="none"
                  stroke="var(--chart-mark)"
                />
              )}
            </svg>
          </>
        ) : (
          <p className="dim" style={{ padding: 12 }}>
            Nothing to draw: no row has both values.
          </p>
        )}
      </div>
      <div className="plot-foot">
        {series.length > 1 && (
          <span className="legend">
            {series.map((one) => (
              <span key={one.name}>
                <svg width="16" height="10" aria-hidden="true">
                  {one.kind === 'line' ? (
                    <path
                      d="M0 5h16"
                      stroke={one.colour}
                      strokeWidth="2"
                      strokeDasharray={one.dash?.join(' ')}
                    />
                  ) : one.kind === 'points' && one.shape === 'cross' ? (
                    <path d="M5 2l6 6m0-6l-6 6" stroke={one.colour} strokeWidth="1.4" />
                  ) : one.kind === 'points' && one.shape === 'limit' ? (
                    <path d="M4 2h8M8 2v7m-3-3l3 3 3-3" fill="none" stroke={one.colour} strokeWidth="1.3" />
                  ) : one.kind === 'bars' ? (
                    <rect
                      x="3"
                      y="1"
                      width="10"
                      height="8"
                      fill={one.outline ? 'none' : one.colour}
                      stroke={one.colour}
                    />
                  ) : (
                    <circle cx="8" cy="5" r="3" fill={one.colour} />
                  )}
                </svg>
                {one.name}
              </span>
            ))}
          </span>
        )}
        <span className="dim">{said}</span>
      </div>
    </figure>
  )
}

const between = (a: number, b: number): Span => ({ from: Math.min(a, b), to: Math.max(a, b) })

function short(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−')
}

function axisText(axis: Axis, value: number): string {
  const text = axis.mjd
    ? new Date((value - 40_587) * 86_400_000).toISOString().slice(0, 16).replace('T', ' ')
    : String(Number(value.toPrecision(5))).replace('-', '−')
  return `${text}${axis.unit ? ` ${axis.unit}` : ''}`
}

function errorText(one: Series, i: number): string {
  const error = one.kind === 'points' ? one.error?.[i] : undefined
  return error !== undefined && error > 0 ? ` ± ${short(error)}` : ''
}

function describe(x: Axis, y: Axis, shown: { x: Span; y: Span }, count: number): string {
  return `${titled(y)} from ${short(shown.y.from)} to ${short(shown.y.to)} against ${titled(x)} from ${axisText({ ...x, unit: undefined } as Axis, shown.x.from)} to ${axisText({ ...x, unit: undefined } as Axis, shown.x.to)}${count > 0 ? `, ${thousands(count)} points` : ''}`
}
