import { paletteOf } from '#science/image/display/colour-maps.ts'
import { ticksOf, type Axis, type Span } from './plot-scale.ts'
import { rgb, type Rule, type Scales } from './plot-series.ts'

/** What lies around the points of a plot: axes, marked values, the scale of colours. Drawn, so that letters stay sharp. */

/** Pixels around the axes. */
export const left = 62
export const top = 8
export const foot = 36

export function Axes(props: {
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

export function RuleLine(props: {
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

export function ScaleBar(props: {
  scale: { title: string; from: number; to: number }
  x: number
  height: number
}) {
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

export const titled = ({ title, unit }: Axis): string => (unit ? `${title} (${unit})` : title)
