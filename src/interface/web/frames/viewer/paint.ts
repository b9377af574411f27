import type { ImageInfo } from './model.ts'
import type { TileKeeper, Wanted } from './tile-keeper.ts'
import { composed, levelFor, scaleOf, tileSide, tilesIn, type Affine } from './view.ts'

/** Draws a plane: its tiles side by side on a scratch canvas in whole pixels, and that once through the view, so that no seams show. */

interface Box {
  readonly width: number
  readonly height: number
}

export function paintPlane(
  context: CanvasRenderingContext2D,
  scratch: HTMLCanvasElement,
  m: Affine,
  box: Box,
  density: number,
  info: ImageInfo,
  tiles: TileKeeper,
  wanted: Wanted,
): void {
  const scale = scaleOf(m) * density
  const level = levelFor(scale, info.levels.length)
  const coarse = info.levels.length - 1
  const whole = layer(level)
  // Until all of it is here the coarsest level lies below.
  if (!whole && level !== coarse) {
    layer(coarse, true)
    layer(level, true)
  }

  function layer(at: number, anyway = false): boolean {
    const size = info.levels[at]!
    const range = tilesIn(m, box, size)
    if (!range) return true
    const found: { bitmap: ImageBitmap; u: number; v: number }[] = []
    let complete = true
    for (let row = range.y0; row < range.y1; row++)
      for (let column = range.x0; column < range.x1; column++) {
        const bitmap = tiles.tile(wanted, { level: at, column, row })
        if (bitmap) found.push({ bitmap, u: (column - range.x0) * tileSide, v: (row - range.y0) * tileSide })
        else complete = false
      }
    if (!complete && !anyway && at !== coarse) return false
    const across = Math.min(size.width, range.x1 * tileSide) - range.x0 * tileSide
    const up = Math.min(size.height, range.y1 * tileSide) - range.y0 * tileSide
    if (scratch.width < across) scratch.width = across
    if (scratch.height < up) scratch.height = up
    const onto = scratch.getContext('2d')!
    onto.clearRect(0, 0, across, up)
    for (const { bitmap, u, v } of found) onto.drawImage(bitmap, u, v)
    const step = 2 ** at
    const placed = composed(m, {
      a: step,
      b: 0,
      c: 0,
      d: step,
      e: range.x0 * tileSide * step - 0.5,
      f: range.y0 * tileSide * step - 0.5,
    })
    context.save()
    context.setTransform(
      placed.a * density,
      placed.b * density,
      placed.c * density,
      placed.d * density,
      placed.e * density,
      placed.f * density,
    )
    // The last pixels of a level stand for fewer of the image's where its size is no multiple.
    context.beginPath()
    context.rect(
      0,
      0,
      (Math.min(info.width, range.x1 * tileSide * step) - range.x0 * tileSide * step) / step,
      (Math.min(info.height, range.y1 * tileSide * step) - range.y0 * tileSide * step) / step,
    )
    context.clip()
    context.imageSmoothingEnabled = at > 0 || scale < 1
    context.drawImage(scratch, 0, 0, across, up, 0, 0, across, up)
    context.restore()
    return complete
  }
}
