import type { View } from './model.ts'

/** From pixels of the image to pixels of the screen and back. All of it in float64: sub-pixel at every zoom. */

/** As a canvas takes it: X = a·x + c·y + e, Y = b·x + d·y + f. */
export interface Affine {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

export const least = 1 / 32
export const most = 32

/** Image to screen of a view in a box of `width` × `height`; y grows upward in the image, downward on the screen. */
export function matrixOf({ x, y, zoom, turn, mirrored }: View, width: number, height: number): Affine {
  const flip = mirrored ? -1 : 1
  const [cos, sin] = [zoom * Math.cos(turn), zoom * Math.sin(turn)]
  const [a, b, c, d] = [cos * flip, -sin * flip, -sin, -cos]
  return { a, b, c, d, e: width / 2 - a * x - c * y, f: height / 2 - b * x - d * y }
}

export function applied(m: Affine, x: number, y: number): [number, number] {
  return [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f]
}

export function inverted({ a, b, c, d, e, f }: Affine): Affine {
  const det = a * d - b * c
  return {
    a: d / det,
    b: -b / det,
    c: -c / det,
    d: a / det,
    e: (c * f - d * e) / det,
    f: (b * e - a * f) / det,
  }
}

/** First `n`, then `m`. */
export function composed(m: Affine, n: Affine): Affine {
  return {
    a: m.a * n.a + m.c * n.b,
    b: m.b * n.a + m.d * n.b,
    c: m.a * n.c + m.c * n.d,
    d: m.b * n.c + m.d * n.d,
    e: m.a * n.e + m.c * n.f + m.e,
    f: m.b * n.e + m.d * n.f + m.f,
  }
}

/** Screen pixels per pixel of the image. */
export function scaleOf({ a, b, c, d }: Affine): number {
  return Math.sqrt(Math.abs(a * d - b * c))
}

/** The whole image in the box, with a margin; never beyond the range of zooms unless it has to. */
export function fitView(
  image: { width: number; height: number },
  box: { width: number; height: number },
  turned: Pick<View, 'turn' | 'mirrored'> = { turn: 0, mirrored: false },
): View {
  const [cos, sin] = [Math.abs(Math.cos(turned.turn)), Math.abs(Math.sin(turned.turn))]
  const across = image.width * cos + image.height * sin
  const up = image.width * sin + image.height * cos
  const zoom = Math.min(most, (0.98 * box.width) / across, (0.98 * box.height) / up)
  return { x: (image.width - 1) / 2, y: (image.height - 1) / 2, zoom, ...turned }
}

/** Another zoom, with the place under (X, Y) of the screen kept where it is. */
export function zoomedAt(
  view: View,
  box: { width: number; height: number },
  at: readonly [number, number],
  zoom: number,
): View {
  const next = Math.min(most, Math.max(least, zoom))
  const [x, y] = applied(inverted(matrixOf(view, box.width, box.height)), at[0], at[1])
  const factor = view.zoom / next
  return { ...view, zoom: next, x: x + (view.x - x) * factor, y: y + (view.y - y) * factor }
}

/** Moved by screen pixels. */
export function movedBy(view: View, dx: number, dy: number): View {
  const m = inverted({ ...matrixOf(view, 0, 0), e: 0, f: 0 })
  const [x, y] = applied(m, dx, dy)
  return { ...view, x: view.x - x, y: view.y - y }
}

/** The next zoom of 1/32, 1/16 … 32, up or down. */
export function zoomStep(zoom: number, step: 1 | -1): number {
  const at = Math.log2(zoom)
  const next = step > 0 ? Math.floor(at + 1.001) : Math.ceil(at - 1.001)
  return Math.min(most, Math.max(least, 2 ** next))
}

/** 1/8×, 0.37×, 1×, 16×. */
export function zoomText(zoom: number): string {
  const at = Math.log2(zoom)
  if (Math.abs(at - Math.round(at)) > 0.01) return `${zoom.toPrecision(2)}×`
  const power = Math.round(at)
  return power < 0 ? `1/${2 ** -power}×` : `${2 ** power}×`
}

/** Level whose pixels come nearest to those of the screen. */
export function levelFor(scale: number, levels: number): number {
  return Math.min(levels - 1, Math.max(0, Math.round(-Math.log2(scale))))
}

export const tileSide = 512

export interface TileAt {
  readonly level: number
  readonly column: number
  readonly row: number
}

/** Tiles of a level that the box shows; `m` takes pixels of the image to the screen. */
export function tilesIn(
  m: Affine,
  box: { width: number; height: number },
  level: { level: number; width: number; height: number },
): { x0: number; x1: number; y0: number; y1: number } | null {
  const back = inverted(m)
  const size = 2 ** level.level
  const corners = [
    [0, 0],
    [box.width, 0],
    [0, box.height],
    [box.width, box.height],
  ].map(([X, Y]) => applied(back, X!, Y!))
  const xs = corners.map(([x]) => (x + 0.5) / size)
  const ys = corners.map(([, y]) => (y + 0.5) / size)
  const [left, right] = [Math.max(0, Math.min(...xs)), Math.min(level.width, Math.max(...xs))]
  const [bottom, top] = [Math.max(0, Math.min(...ys)), Math.min(level.height, Math.max(...ys))]
  if (!(left < right) || !(bottom < top)) return null
  return {
    x0: Math.floor(left / tileSide),
    x1: Math.ceil(right / tileSide),
    y0: Math.floor(bottom / tileSide),
    y1: Math.ceil(top / tileSide),
  }
}

/** Best affine map between two planes around a place, from a map of single pixels. Null where it leads nowhere. */
export function localAffine(
  map: (x: number, y: number) => readonly [number, number] | null,
  x: number,
  y: number,
  step: number,
): Affine | null {
  const [middle, right, up] = [map(x, y), map(x + step, y), map(x, y + step)]
  if (!middle || !right || !up) return null
  const [a, b] = [(right[0] - middle[0]) / step, (right[1] - middle[1]) / step]
  const [c, d] = [(up[0] - middle[0]) / step, (up[1] - middle[1]) / step]
  if (![a, b, c, d, ...middle].every(Number.isFinite) || a * d === b * c) return null
  return { a, b, c, d, e: middle[0] - a * x - c * y, f: middle[1] - b * x - d * y }
}
