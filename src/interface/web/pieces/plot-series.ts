import { paletteOf } from '#science/image/display/colour-maps.ts'
import type { scaleOf } from './plot-scale.ts'

/** What a plot draws, and how it is painted: on a canvas, so that tens of thousands of points are no burden. */

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

export type Scales = { x: ReturnType<typeof scaleOf>; y: ReturnType<typeof scaleOf> }

export function rgb(palette: Uint8Array, value: number): string {
  return `rgb(${palette[4 * value]},${palette[4 * value + 1]},${palette[4 * value + 2]})`
}

export function paint(
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
export function nearest(
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
export function heights(one: Series): ArrayLike<number>[] {
  const error = one.kind === 'points' ? one.error : undefined
  if (!error) return [one.y]
  return [-1, 1].map((sign) => Float64Array.from(one.y, (y, i) => y + sign * (error[i]! > 0 ? error[i]! : 0)))
}
