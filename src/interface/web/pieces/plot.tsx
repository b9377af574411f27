import { useEffect, useMemo, useRef, useState } from 'react'
import type { PointerEvent } from 'react'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { paletteOf } from '#science/image/display/colour-maps.ts'
import { useWidth } from './chart.tsx'
import { thousands } from './format.ts'
import { scaleOf, spanOf, ticksOf, type Axis, type Span } from './plot-scale.ts'
import './plot.css'

interface Named {
  readonly name: string
  /** `var(--…)`, so that it follows the theme. */
  readonly colour: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
}

export type Series =
  | (Named & {
      readonly kind: 'points'
      readonly shape?: 'dot' | 'cross' | 'limit'
      readonly radius?: number
      readonly opacity?: number
      /** σ of y, drawn as a bar. */
      readonly error?: ArrayLike<number>
      /** Colours by value instead, with the scale at the right. */
      readonly values?: ArrayLike<number>
      /** What is said of the point under the pointer, beside its place. */
      readonly text?: (i: number) => string
    })
  | (Named & { readonly kind: 'line'; readonly dash?: readonly number[] })
  /** From the left end of each bin; `width` in units of x. */
  | (Named & { readonly kind: 'bars'; readonly width: number; readonly outline?: boolean })

export interface Rule {
  readonly x?: number
  readonly y?: number
  readonly text?: string
}

const left = 62
const top = 8
const foot = 36

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

type Scales = { x: ReturnType<typeof scaleOf>; y: ReturnType<typeof scaleOf> }

function Axes(props: {
  x: Axis
  y: Axis
  shown: { x: Span; y: Span }
  scales: Scales
  width: number
  height: number
}) {
  const { x, y, shown, scales, width, height } = props
  const bottom = top + height
  return (
    <g fontSize="11" fill="var(--chart-text)">
      <rect x={left} y={top} width={width} height={height} fill="none" stroke="var(--chart-grid)" />
      {ticksOf(shown.x, x, Math.max(2, width / (x.mjd ? 100 : 70))).map(({ value, text }) => (
        <g key={text}>
          <path d={`M${scales.x.at(value)},${top}V${bottom}`} stroke="var(--chart-grid)" strokeWidth="0.6" />
          <text x={scales.x.at(value)} y={bottom + 14} textAnchor="middle">
            {text}
          </text>
        </g>
      ))}
      {ticksOf(shown.y, y, Math.max(2, height / 40)).map(({ value, text }) => (
        <g key={text}>
          <path
            d={`M${left},${scales.y.at(value)}H${left + width}`}
            stroke="var(--chart-grid)"
            strokeWidth="0.6"
          />
          <text x={left - 5} y={scales.y.at(value) + 4} textAnchor="end">
            {text}
          </text>
        </g>
      ))}
      <text x={left + width / 2} y={bottom + 30} textAnchor="middle">
        {titled(x)}
      </text>
      <text transform={`translate(11,${top + height / 2}) rotate(-90)`} textAnchor="middle">
        {titled(y)}
      </text>
    </g>
  )
}

function RuleLine(props: {
  rule: Rule
  scales: Scales
  shown: { x: Span; y: Span }
  across: number
  up: number
}) {
  const { rule, scales, shown, across, up } = props
  const isX = rule.x !== undefined
  const value = rule.x ?? rule.y
  const span = isX ? shown.x : shown.y
  if (value === undefined || value < span.from || value > span.to) return null
  const at = isX ? scales.x.at(value) : scales.y.at(value)
  return (
    <g>
      <path
        d={isX ? `M${at},${top}v${up}` : `M${left},${at}h${across}`}
        stroke="var(--chart-now)"
        strokeDasharray="5 3"
      />
      {rule.text && (
        <text
          x={isX ? at + 4 : left + across - 4}
          y={isX ? top + 12 : at - 4}
          textAnchor={isX ? (at > left + across * 0.7 ? 'end' : 'start') : 'end'}
          dx={isX && at > left + across * 0.7 ? -8 : 0}
          fontSize="11"
          fill="var(--chart-now)"
          stroke="var(--chart-ground)"
          strokeWidth="3"
          paintOrder="stroke"
        >
          {rule.text}
        </text>
      )}
    </g>
  )
}

function ScaleBar(props: { scale: { title: string; from: number; to: number }; x: number; height: number }) {
  const { scale, x, height } = props
  const palette = paletteOf('viridis')
  const parts = 24
  return (
    <g fontSize="10" fill="var(--chart-text)">
      {Array.from({ length: parts }, (_, i) => {
        const colour = 1 + Math.round((254 * (parts - 1 - i)) / (parts - 1))
        return (
          <rect
            key={i}
            x={x}
            y={top + (i * height) / parts}
            width="9"
            height={height / parts + 0.6}
            fill={rgb(palette, colour)}
          />
        )
      })}
      {[scale.to, (scale.from + scale.to) / 2, scale.from].map((value, i) => (
        <text key={i} x={x + 12} y={top + (i * height) / 2 + (i === 0 ? 8 : i === 1 ? 4 : 0)}>
          {String(Number(value.toPrecision(2))).replace('-', '−')}
        </text>
      ))}
    </g>
  )
}

function rgb(palette: Uint8Array, value: number): string {
  return `rgb(${palette[4 * value]},${palette[4 * value + 1]},${palette[4 * value + 2]})`
}

function paint(
  context: CanvasRenderingContext2D,
  one: Series,
  { x: xScale, y: yScale }: Scales,
  scale: { from: number; to: number } | undefined,
): void {
  const style = getComputedStyle(document.documentElement)
  const named = /^var\((--[\w-]+)\)$/.exec(one.colour)?.[1]
  const colour = named ? style.getPropertyValue(named).trim() : one.colour
  context.strokeStyle = colour
  context.fillStyle = colour
  context.globalAlpha = 1
  const { x, y } = one
  if (one.kind === 'line') {
    context.setLineDash(one.dash ? [...one.dash] : [])
    context.lineWidth = 1.6
    context.beginPath()
    let pen = false
    for (let i = 0; i < x.length; i++) {
      const [a, b] = [xScale.at(x[i]!), yScale.at(y[i]!)]
      if (!Number.isFinite(a + b)) pen = false
      else {
        if (pen) context.lineTo(a, b)
        else context.moveTo(a, b)
        pen = true
      }
    }
    context.stroke()
    context.setLineDash([])
    return
  }
  if (one.kind === 'bars') {
    context.lineWidth = 1.3
    context.globalAlpha = one.outline ? 1 : 0.55
    const floor = yScale.at(0)
    const ground = Number.isFinite(floor) ? floor : 1e5
    for (let i = 0; i < x.length; i++) {
      const [a, b] = [xScale.at(x[i]!), xScale.at(x[i]! + one.width)]
      const h = yScale.at(y[i]!)
      if (!(y[i]! > 0) || !Number.isFinite(h)) continue
      const [from, wide] = [Math.min(a, b), Math.max(1, Math.abs(b - a) - 0.5)]
      if (one.outline) context.strokeRect(from, h, wide, ground - h)
      else context.fillRect(from, h, wide, ground - h)
    }
    return
  }
  const r = one.radius ?? (x.length > 3_000 ? 1.4 : 2.2)
  const palette = one.values ? paletteOf('viridis') : null
  context.globalAlpha = one.opacity ?? (x.length > 3_000 ? 0.5 : 0.85)
  context.lineWidth = 1.1
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [xScale.at(x[i]!), yScale.at(y[i]!)]
    if (!Number.isFinite(a + b)) continue
    if (palette && one.values && scale) {
      const part = (one.values[i]! - scale.from) / (scale.to - scale.from || 1)
      if (!Number.isFinite(part)) continue
      context.fillStyle = rgb(palette, 1 + Math.round(254 * Math.max(0, Math.min(1, part))))
    }
    const error = one.error?.[i]
    if (error !== undefined && error > 0) {
      const [low, high] = [yScale.at(y[i]! - error), yScale.at(y[i]! + error)]
      context.beginPath()
      context.moveTo(a, low)
      context.lineTo(a, high)
      context.stroke()
    }
    context.beginPath()
    if (one.shape === 'cross') {
      context.moveTo(a - r, b - r)
      context.lineTo(a + r, b + r)
      context.moveTo(a - r, b + r)
      context.lineTo(a + r, b - r)
      context.stroke()
    } else if (one.shape === 'limit') {
      context.moveTo(a - 4, b)
      context.lineTo(a + 4, b)
      context.moveTo(a, b)
      context.lineTo(a, b + 9)
      context.moveTo(a - 3, b + 6)
      context.lineTo(a, b + 9)
      context.lineTo(a + 3, b + 6)
      context.stroke()
    } else {
      context.arc(a, b, r, 0, 2 * Math.PI)
      context.fill()
    }
  }
  context.globalAlpha = 1
}

/** The point nearest to a pixel, at most a dozen pixels away. */
function nearest(
  series: readonly Series[],
  scales: Scales,
  px: number,
  py: number,
): { series: number; i: number } | null {
  let found: { series: number; i: number } | null = null
  let best = 144
  for (const [n, one] of series.entries()) {
    if (one.kind !== 'points') continue
    for (let i = 0; i < one.x.length; i++) {
      const d = (scales.x.at(one.x[i]!) - px) ** 2 + (scales.y.at(one.y[i]!) - py) ** 2
      if (d < best) {
        best = d
        found = { series: n, i }
      }
    }
  }
  return found
}

/** Values of y with the ends of their errors. */
function heights(one: Series): ArrayLike<number>[] {
  const error = one.kind === 'points' ? one.error : undefined
  if (!error) return [one.y]
  return [-1, 1].map((sign) => Float64Array.from(one.y, (y, i) => y + sign * (error[i]! > 0 ? error[i]! : 0)))
}

const between = (a: number, b: number): Span => ({ from: Math.min(a, b), to: Math.max(a, b) })
const titled = ({ title, unit }: Axis): string => (unit ? `${title} (${unit})` : title)

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
