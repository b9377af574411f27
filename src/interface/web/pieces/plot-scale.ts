import { niceStep } from '#science/chart/axes.ts'

/** Axes of a plot: what is shown of a quantity, and where. Pure. */

export interface Axis {
  readonly title: string
  readonly unit?: string
  /** Small values at the right or the top, as magnitudes are. */
  readonly reversed?: boolean
  readonly log?: boolean
  /** Fixed ends; otherwise all of the data, with a little room. */
  readonly from?: number
  readonly to?: number
  /** Values are MJD, and dates are written. */
  readonly mjd?: boolean
}

export interface Span {
  readonly from: number
  readonly to: number
}

/** Ends of the values that can be shown, with 4 % of room; null where there are none. */
export function spanOf(columns: readonly ArrayLike<number>[], axis: Axis): Span | null {
  let low = Infinity
  let high = -Infinity
  for (const column of columns)
    for (let i = 0; i < column.length; i++) {
      const value = column[i]!
      if (!Number.isFinite(value) || (axis.log && value <= 0)) continue
      if (value < low) low = value
      if (value > high) high = value
    }
  if (low > high)
    return axis.from !== undefined && axis.to !== undefined ? { from: axis.from, to: axis.to } : null
  const grown = axis.log ? grownLog(low, high) : grownBy(low, high)
  return { from: axis.from ?? grown.from, to: axis.to ?? grown.to }
}

function grownBy(low: number, high: number): Span {
  const room = high > low ? 0.04 * (high - low) : Math.max(0.5, Math.abs(low) * 0.05)
  return { from: low - room, to: high + room }
}

function grownLog(low: number, high: number): Span {
  const room = high > low ? (high / low) ** 0.04 : 2
  return { from: low / room, to: high * room }
}

/** Where a value lies, pixels from `start` to `end`, and back. */
export function scaleOf(
  span: Span,
  axis: Axis,
  start: number,
  end: number,
): { at: (value: number) => number; value: (pixel: number) => number } {
  const f = axis.log ? Math.log10 : (value: number) => value
  const back = axis.log ? (value: number) => 10 ** value : (value: number) => value
  const [a, b] = axis.reversed ? [f(span.to), f(span.from)] : [f(span.from), f(span.to)]
  const perUnit = (end - start) / (b - a || 1)
  return {
    at: (value) => start + (f(value) - a) * perUnit,
    value: (pixel) => back(a + (pixel - start) / perUnit),
  }
}

/** Round values along an axis with their texts. */
export function ticksOf(span: Span, axis: Axis, count: number): { value: number; text: string }[] {
  if (axis.log) return logTicks(span)
  const step = niceStep(span.to - span.from, count)
  if (!(step > 0) || !Number.isFinite(step)) return []
  const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)))
  const first = Math.ceil(span.from / step - 1e-9)
  const last = Math.floor(span.to / step + 1e-9)
  return Array.from({ length: Math.max(0, Math.min(50, last - first + 1)) }, (_, i) => {
    const value = (first + i) * step
    return { value, text: axis.mjd ? dateText(value, step) : signed(value.toFixed(digits)) }
  })
}

function logTicks({ from, to }: Span): { value: number; text: string }[] {
  const ticks: { value: number; text: string }[] = []
  const decades = Math.log10(to / from)
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++)
    for (const digit of decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7]) {
      const value = digit * 10 ** power
      if (value >= from && value <= to)
        ticks.push({
          value,
          text: value >= 1e5 || value < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(3))),
        })
    }
  return ticks
}

/** A day of an MJD, with the time where ticks are closer than a day. */
function dateText(mjd: number, step: number): string {
  const text = new Date((mjd - 40_587) * 86_400_000).toISOString()
  return step >= 1 ? text.slice(0, 10) : `${text.slice(5, 10)} ${text.slice(11, 16)}`
}

function signed(text: string): string {
  return text.startsWith('-') ? `−${text.slice(1)}` : text
}

/** How often values fall into each of `count` equal parts of a span. */
export function histogramOf(values: ArrayLike<number>, span: Span, count: number): Float64Array {
  const bins = new Float64Array(count)
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor(((values[i]! - span.from) / (span.to - span.from)) * count)
    if (bin >= 0 && bin < count) bins[bin]!++
  }
  return bins
}
