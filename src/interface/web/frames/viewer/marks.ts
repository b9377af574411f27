import type { Wcs } from '#science/fits/wcs/wcs.ts'
import type { DrawnMask, Shape } from '#science/image/preparation/mask-shapes.ts'
import { compassAt, gridLines, labelPlace, scaleBar } from './grid.ts'
import type { Mark, Overlay } from './model.ts'
import { applied, scaleOf, type Affine } from './view.ts'

/** What lies over the pixels: marks, masks, grid, compass and scale. Drawn on a canvas of its own, in CSS pixels. */

export interface Ink {
  readonly line: string
  readonly text: string
  readonly halo: string
  readonly mark: string
}

type Context = CanvasRenderingContext2D
interface Box {
  readonly width: number
  readonly height: number
}

/** Colours of overlays that have none of their own; told apart also by those who see fewer. */
export const overlayColours = ['#56b4e9', '#e69f00', '#2bbd94', '#f0e442', '#cc79a7', '#d55e00', '#8fd3ff']

/** Green of DS9, as of X11, is the brightest there is; that of a browser is dark. */
export const inCss = (colour: string): string => (colour === 'green' ? '#00ff00' : colour)

/** A mark on pixels of the image: points, and lengths in pixels; null where the image has no such place. */
export function markOnPixels(
  mark: Mark,
  wcs: Wcs | null,
): { points: [number, number][]; sizes: number[] } | null {
  if (mark.on === 'pixel')
    return { points: mark.points.map(([x, y]) => [x, y]), sizes: [...(mark.sizes ?? [])] }
  if (!wcs) return null
  const points: [number, number][] = []
  for (const [ra, dec] of mark.points) {
    const at = wcs.skyToPixel(ra, dec)
    if (!at || !Number.isFinite(at[0]) || !Number.isFinite(at[1])) return null
    points.push([at[0], at[1]])
  }
  const scale = mark.sizes?.length ? wcs.pixelScaleDeg(...points[0]!) : 1
  return { points, sizes: (mark.sizes ?? []).map((size) => size / scale) }
}

function haloed(context: Context, ink: Ink, colour: string, trace: () => void): void {
  context.lineJoin = 'round'
  context.strokeStyle = ink.halo
  context.lineWidth = 3.5
  context.beginPath()
  trace()
  context.stroke()
  context.strokeStyle = colour
  context.lineWidth = 1.5
  context.beginPath()
  trace()
  context.stroke()
}

export function drawText(
  context: Context,
  ink: Ink,
  text: string,
  x: number,
  y: number,
  colour = ink.text,
): void {
  context.lineJoin = 'round'
  context.strokeStyle = ink.halo
  context.lineWidth = 3
  context.strokeText(text, x, y)
  context.fillStyle = colour
  context.fillText(text, x, y)
}

/** A place on the screen where a mark was drawn, for picking. */
export interface Placed {
  readonly overlay: string
  readonly mark: Mark
  readonly at: readonly [number, number]
}

const mostLabels = 400

/** Draws overlays; where the marks came to lie is given back. */
export function drawOverlays(
  context: Context,
  overlays: readonly Overlay[],
  m: Affine,
  wcs: Wcs | null,
  box: Box,
  ink: Ink,
): Placed[] {
  const placed: Placed[] = []
  const scale = scaleOf(m)
  const turn = Math.atan2(-m.b, m.a)
  const mirrored = m.a * m.d - m.b * m.c > 0
  context.font = '11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  let labels = 0
  for (const [index, overlay] of overlays.entries()) {
    const usual = overlay.colour ?? overlayColours[index % overlayColours.length]!
    for (const mark of overlay.marks) {
      const on = markOnPixels(mark, wcs)
      if (!on) continue
      const points = on.points.map(([x, y]) => applied(m, x, y))
      const sizes = on.sizes.map((size) => size * scale)
      const reach = Math.max(8, ...sizes)
      const seen = (at: number) =>
        points.some((p) => p[at]! > -reach) &&
        points.some((p) => p[at]! < (at ? box.height : box.width) + reach)
      if (!seen(0) || !seen(1)) continue
      const colour = inCss(mark.colour ?? usual)
      const [X, Y] = points[0]!
      const angle = -turn + (mirrored ? 1 : -1) * (((mark.angleDeg ?? 0) * Math.PI) / 180)
      if (mark.shape === 'dot') {
        context.fillStyle = ink.halo
        context.beginPath()
        context.arc(X, Y, 3.4, 0, 7)
        context.fill()
        context.fillStyle = colour
        context.beginPath()
        context.arc(X, Y, 2.3, 0, 7)
        context.fill()
      } else if (mark.shape !== 'text') haloed(context, ink, colour, () => trace(mark, points, sizes, angle))
      placed.push({ overlay: overlay.id, mark, at: [X, Y] })
      if (mark.label && labels < mostLabels) {
        labels++
        drawText(context, ink, mark.label, X + Math.min(60, 0.8 * (sizes[0] ?? 4)) + 5, Y - 6, colour)
      }
    }
  }
  return placed

  function trace(
    { shape }: Mark,
    points: readonly (readonly [number, number])[],
    sizes: readonly number[],
    angle: number,
  ): void {
    const [X, Y] = points[0]!
    const [first = 6, second = first] = sizes
    if (shape === 'cross') {
      context.moveTo(X - 4, Y - 4)
      context.lineTo(X + 4, Y + 4)
      context.moveTo(X - 4, Y + 4)
      context.lineTo(X + 4, Y - 4)
    } else if (shape === 'plus') {
      for (const [u, v] of [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ] as const) {
        context.moveTo(X + 4 * u, Y + 4 * v)
        context.lineTo(X + 11 * u, Y + 11 * v)
      }
    } else if (shape === 'circle') context.arc(X, Y, Math.max(1.5, first), 0, 7)
    else if (shape === 'annulus')
      for (const size of sizes) {
        context.moveTo(X + size, Y)
        context.arc(X, Y, size, 0, 7)
      }
    else if (shape === 'ellipse')
      context.ellipse(X, Y, Math.max(1.5, first), Math.max(1.5, second), angle, 0, 7)
    else if (shape === 'box') {
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
      for (const [i, [u, v]] of (
        [
          [-1, -1],
          [1, -1],
          [1, 1],
          [-1, 1],
        ] as const
      ).entries()) {
        const at = [
          X + (cos * u * first) / 2 - (sin * v * second) / 2,
          Y + (sin * u * first) / 2 + (cos * v * second) / 2,
        ] as const
        if (i === 0) context.moveTo(...at)
        else context.lineTo(...at)
      }
      context.closePath()
    } else {
      for (const [i, point] of points.entries())
        if (i === 0) context.moveTo(...(point as [number, number]))
        else context.lineTo(...(point as [number, number]))
      if (shape === 'polygon') context.closePath()
    }
  }
}

/** Vertices of a drawn shape on pixels; a circle as one of many sides. */
export function shapeOutline(shape: Shape, wcs: Wcs | null): [number, number][] {
  if (shape.kind === 'rectangle') {
    const { x0, y0, x1, y1 } = shape
    return [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
    ]
  }
  if (shape.kind === 'circle')
    return Array.from({ length: 64 }, (_, i) => [
      shape.x + shape.radius * Math.cos((i * Math.PI) / 32),
      shape.y + shape.radius * Math.sin((i * Math.PI) / 32),
    ])
  if (shape.kind === 'polygon') return shape.points.map(([x, y]) => [x, y])
  if (!wcs) return []
  const around = (ra: number, dec: number, offsets: readonly (readonly [number, number])[]) =>
    offsets.flatMap(([east, north]): [number, number][] => {
      const at = wcs.skyToPixel(
        ra + east / 3600 / Math.max(1e-6, Math.cos((dec * Math.PI) / 180)),
        dec + north / 3600,
      )
      return at ? [[at[0], at[1]]] : []
    })
  if (shape.kind === 'sky-circle')
    return around(
      shape.ra,
      shape.dec,
      Array.from({ length: 64 }, (_, i) => [
        shape.radius * Math.cos((i * Math.PI) / 32),
        shape.radius * Math.sin((i * Math.PI) / 32),
      ]),
    )
  if (shape.kind === 'sky-rectangle') {
    const turn = ((shape.angle ?? 0) * Math.PI) / 180
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
    const [w, h] = [shape.width / 2, shape.height / 2]
    return around(
      shape.ra,
      shape.dec,
      (
        [
          [-w, -h],
          [w, -h],
          [w, h],
          [-w, h],
        ] as const
      ).map(([e, n]) => [e * cos + n * sin, -e * sin + n * cos]),
    )
  }
  return shape.points.flatMap(([ra, dec]) => around(ra, dec, [[0, 0]]))
}

/** A mask that is drawn: what it leaves out is hatched. */
export function drawMask(
  context: Context,
  mask: DrawnMask,
  pending: readonly (readonly [number, number])[],
  m: Affine,
  wcs: Wcs | null,
  box: Box,
  ink: Ink,
): void {
  const outlines = mask.shapes.map((shape) => shapeOutline(shape, wcs).map(([x, y]) => applied(m, x, y)))
  const path = () => {
    for (const outline of outlines) {
      for (const [i, point] of outline.entries())
        if (i === 0) context.moveTo(...point)
        else context.lineTo(...point)
      context.closePath()
    }
  }
  if (outlines.length > 0) {
    context.save()
    context.beginPath()
    if (mask.mode === 'usable') context.rect(0, 0, box.width, box.height)
    path()
    context.clip(mask.mode === 'usable' ? 'evenodd' : 'nonzero')
    context.strokeStyle = ink.mark
    context.lineWidth = 1
    context.globalAlpha = 0.75
    context.beginPath()
    for (let at = -box.height; at < box.width; at += 9) {
      context.moveTo(at, box.height)
      context.lineTo(at + box.height, 0)
    }
    context.stroke()
    context.restore()
    haloed(context, ink, ink.mark, path)
  }
  if (pending.length > 0) {
    const points = pending.map(([x, y]) => applied(m, x, y))
    haloed(context, ink, ink.mark, () => {
      for (const [i, point] of points.entries())
        if (i === 0) context.moveTo(...point)
        else context.lineTo(...point)
    })
  }
}

/** Grid with its labels. */
export function drawGrid(
  context: Context,
  wcs: Wcs,
  m: Affine,
  box: Box,
  notation: 'degrees' | 'sexagesimal',
  ink: Ink,
): void {
  context.font = '11px system-ui, sans-serif'
  const lines = gridLines(wcs, m, box, notation)
  for (const line of lines) {
    context.strokeStyle = ink.halo
    for (const [width, colour] of [
      [2.4, ink.halo],
      [1, ink.line],
    ] as const) {
      context.lineWidth = width
      context.strokeStyle = colour
      context.beginPath()
      for (const piece of line.pieces)
        for (const [i, point] of piece.entries())
          if (i === 0) context.moveTo(...point)
          else context.lineTo(...point)
      context.stroke()
    }
  }
  for (const line of lines) {
    const at = labelPlace(line, box)
    if (!at) continue
    const width = context.measureText(line.text).width
    const x = Math.min(box.width - width - 6, Math.max(6, line.of === 'ra' ? at[0] - width / 2 : at[0] + 3))
    const y = Math.min(box.height - 8, Math.max(10, line.of === 'ra' ? at[1] - 6 : at[1] - 8))
    drawText(context, ink, line.text, x, y)
  }
}

/** North and east at the upper right, the scale bar below at the left. */
export function drawCompass(
  context: Context,
  wcs: Wcs | null,
  m: Affine,
  centre: readonly [number, number],
  box: Box,
  ink: Ink,
): void {
  context.font = '600 11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  const compass = wcs && compassAt(wcs, ...centre)
  if (compass) {
    const [X, Y] = [box.width - 46, 46]
    const scale = scaleOf(m)
    for (const [name, [u, v]] of [
      ['N', compass.north],
      ['E', compass.east],
    ] as const) {
      const [dx, dy] = [(m.a * u + m.c * v) / scale, (m.b * u + m.d * v) / scale]
      haloed(context, ink, ink.text, () => {
        context.moveTo(X, Y)
        context.lineTo(X + 24 * dx, Y + 24 * dy)
        for (const side of [1, -1]) {
          context.moveTo(X + 24 * dx, Y + 24 * dy)
          context.lineTo(X + 18 * dx - side * 4 * dy, Y + 18 * dy + side * 4 * dx)
        }
      })
      const width = context.measureText(name).width
      drawText(context, ink, name, X + 34 * dx - width / 2, Y + 34 * dy)
    }
  }
  const { length, text } = scaleBar(wcs ? wcs.pixelScaleDeg(...centre) : null, scaleOf(m))
  const [X, Y] = [14, box.height - 16]
  haloed(context, ink, ink.text, () => {
    context.moveTo(X, Y - 4)
    context.lineTo(X, Y)
    context.lineTo(X + length, Y)
    context.lineTo(X + length, Y - 4)
  })
  drawText(context, ink, text, X + 4, Y - 12)
}
