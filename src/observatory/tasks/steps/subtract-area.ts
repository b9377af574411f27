import { Problem } from '#problem.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import type { StepContext } from './context.ts'
import { placeOf, type bestWcs } from './frame-wcs.ts'

/** The square around a target, as far as the frame reaches. */
export function aroundTarget(
  { x, y }: { x: number; y: number },
  { width, height }: { width: number; height: number },
  size: number,
): Box {
  const place = (middle: number, length: number): [number, number] => {
    const side = Math.min(size, length)
    const from = Math.max(0, Math.min(length - side, Math.round(middle - side / 2)))
    return [from, from + side]
  }
  const [x0, x1] = place(x, width)
  const [y0, y1] = place(y, height)
  return { x0, y0, x1, y1 }
}

/** The whole frame, or what lies around the place that is looked at. */
export async function regionOf(
  context: StepContext,
  wcs: NonNullable<ReturnType<typeof bestWcs>>,
  { width, height }: { width: number; height: number },
): Promise<Box> {
  const { filter_center: text, filter_sr0: radius, sub_size: size } = context.config
  if (text.trim() === '') return { x0: 0, y0: 0, x1: width, y1: height }
  const { ra, dec } = await placeOf(context, text)
  const place = wcs.skyToPixel(ra, dec)
  const half = Math.max(radius / wcs.pixelScaleDeg(), size / 2)
  const box = place && {
    x0: Math.max(0, Math.floor(place[0] - half)),
    y0: Math.max(0, Math.floor(place[1] - half)),
    x1: Math.min(width, Math.ceil(place[0] + half)),
    y1: Math.min(height, Math.ceil(place[1] + half)),
  }
  if (!box || box.x1 - box.x0 < 64 || box.y1 - box.y0 < 64)
    throw new Problem('task.config', `filter_center (${text}) does not lie on the frame.`)
  return box
}

/** Tiles of about `size` pixels that cover a region without overlapping. */
export function tilesOf({ x0, y0, x1, y1 }: Box, size: number): Box[] {
  const [nx, ny] = [Math.max(1, Math.round((x1 - x0) / size)), Math.max(1, Math.round((y1 - y0) / size))]
  const cut = (from: number, to: number, n: number, i: number): number =>
    from + Math.round(((to - from) * i) / n)
  return Array.from({ length: nx * ny }, (_, k) => {
    const [i, j] = [k % nx, Math.floor(k / nx)]
    return {
      x0: cut(x0, x1, nx, i),
      y0: cut(y0, y1, ny, j),
      x1: cut(x0, x1, nx, i + 1),
      y1: cut(y0, y1, ny, j + 1),
    }
  })
}
