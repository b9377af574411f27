import { paletteOf } from '#science/image/display/colour-maps.ts'
import { smoothed } from '#science/image/smooth.ts'
import { shadesOf } from '#science/image/display/stretch.ts'
import type { Interval, IntervalRule } from '#science/image/display/stretch.ts'
import { openPixels, type PixelSource } from './pixel-source.ts'
import type { Ask, Told } from './protocol.ts'
import { tileSide } from './view.ts'

/** The viewer's worker: reads pixels, colours them, and knows single values. Plain TypeScript; no memory is shared. */

const host = globalThis as unknown as {
  postMessage(message: Told, transfer?: Transferable[]): void
  onmessage: (event: { data: Ask }) => void
}

const sources = new Map<string, Promise<PixelSource>>()
/** Raw tiles, the least lately used first; 64 of them are 64 MB. */
const tiles = new Map<string, Promise<Float32Array>>()
const mostTiles = 64
const given = new Map<number, AbortController>()

function sourceOf(ask: Ask): Promise<PixelSource> {
  const key = `${JSON.stringify(ask.source)} ${ask.slice}`
  const there = sources.get(key)
  if (there) return there
  const made = openPixels(ask.source, ask.slice)
  sources.set(key, made)
  if (sources.size > 24) sources.delete(sources.keys().next().value!)
  made.catch(() => sources.delete(key))
  return made
}

interface Tile {
  readonly data: Float32Array
  readonly width: number
  readonly height: number
}

async function rawTile(
  ask: Ask,
  pixels: PixelSource,
  level: number,
  column: number,
  row: number,
  sigma: number,
  signal?: AbortSignal,
): Promise<Tile> {
  const { width, height } = pixels.info.levels[level]!
  const [x0, y0] = [column * tileSide, row * tileSide]
  const [x1, y1] = [Math.min(width, x0 + tileSide), Math.min(height, y0 + tileSide)]
  const margin = Math.ceil(4 * sigma)
  const box = {
    x0: Math.max(0, x0 - margin),
    x1: Math.min(width, x1 + margin),
    y0: Math.max(0, y0 - margin),
    y1: Math.min(height, y1 + margin),
  }
  const key = `${JSON.stringify(ask.source)} ${ask.slice} ${level} ${column} ${row} ${sigma}`
  let made = tiles.get(key)
  if (made) tiles.delete(key)
  else {
    made = pixels.read(level, box, signal).then((data) => {
      if (margin === 0) return data
      const across = box.x1 - box.x0
      const soft = smoothed({ width: across, height: box.y1 - box.y0, data }, sigma).data
      const out = new Float32Array((x1 - x0) * (y1 - y0))
      for (let y = y0; y < y1; y++) {
        const from = (y - box.y0) * across + x0 - box.x0
        out.set(soft.subarray(from, from + x1 - x0), (y - y0) * (x1 - x0))
      }
      return out
    })
    made.catch(() => tiles.delete(key))
  }
  tiles.set(key, made)
  while (tiles.size > mostTiles) tiles.delete(tiles.keys().next().value!)
  return { data: await made, width: x1 - x0, height: y1 - y0 }
}

const palettes = new Map<string, Uint32Array>()

async function coloured(ask: Extract<Ask, { what: 'tile' }>, signal: AbortSignal): Promise<ImageBitmap> {
  const pixels = await sourceOf(ask)
  const { level, column, row, look } = ask
  const sigma = look.smooth / 2 ** level
  const tile = await rawTile(ask, pixels, level, column, row, sigma < 0.3 ? 0 : sigma, signal)
  const options = look.stretch === 'histogram' ? { sample: await pixels.sample() } : {}
  const shades = shadesOf(tile.data, ask.interval, look.stretch, options)
  const name = `${look.map} ${look.inverted}`
  let palette = palettes.get(name)
  if (!palette) {
    palette = new Uint32Array(paletteOf(look.map, { inverted: look.inverted }).slice().buffer)
    palettes.set(name, palette)
  }
  const rgba = new Uint32Array(shades.length)
  for (let i = 0; i < shades.length; i++) rgba[i] = palette[shades[i]!]!
  return createImageBitmap(new ImageData(new Uint8ClampedArray(rgba.buffer), tile.width, tile.height))
}

async function valueAt(ask: Extract<Ask, { what: 'value' }>): Promise<number | null> {
  const pixels = await sourceOf(ask)
  const { x, y } = ask
  const { width, height } = pixels.info
  if (x < 0 || y < 0 || x >= width || y >= height) return null
  const [column, row] = [Math.floor(x / tileSide), Math.floor(y / tileSide)]
  const tile = await rawTile(ask, pixels, 0, column, row, 0)
  return tile.data[(y - row * tileSide) * tile.width + (x - column * tileSide)]!
}

async function answer(ask: Ask, signal: AbortSignal): Promise<unknown> {
  if (ask.what === 'open') return (await sourceOf(ask)).info
  if (ask.what === 'interval') return intervalIn(await sourceOf(ask), ask.rule)
  if (ask.what === 'value') return valueAt(ask)
  return coloured(ask as Extract<Ask, { what: 'tile' }>, signal)
}

async function intervalIn(pixels: PixelSource, rule: IntervalRule): Promise<Interval> {
  const { low, high } = await pixels.interval(rule)
  return Number.isFinite(low) && Number.isFinite(high) ? { low, high } : { low: 0, high: 1 }
}

host.onmessage = ({ data: ask }) => {
  if (ask.what === 'forget') {
    given.get(ask.id)?.abort()
    return
  }
  const controller = new AbortController()
  given.set(ask.id, controller)
  answer(ask, controller.signal)
    .then(
      (result) =>
        host.postMessage(
          { id: ask.id, result },
          result instanceof ImageBitmap ? [result as Transferable] : [],
        ),
      (error: unknown) =>
        host.postMessage({ id: ask.id, wrong: error instanceof Error ? error.message : String(error) }),
    )
    .finally(() => given.delete(ask.id))
}
