import { openFits, openFitsSource } from '#science/fits/file.ts'
import { parseHeader } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import type { ByteSource } from '#science/fits/source.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { intervalOf, quantile, sampleOf } from '#science/image/display/stretch.ts'
import type { Interval, IntervalRule } from '#science/image/display/stretch.ts'
import { imageHdus, mainHdu, tileRows } from '#observatory/frames/images.ts'
import { binned, boxBelow, levelsOf, makeLevels, worthLevels } from '#observatory/frames/levels.ts'
import { imageAt, planesOf, readFlux } from '#observatory/frames/pixels.ts'
import type { Box } from '#observatory/frames/pixels.ts'
import { fetchRanges, inMemory } from './ranges.ts'
import type { ImageInfo, PlaneSource } from './model.ts'

/** Pixels of one image, from the levels of the server or from the file itself. Runs in the worker. */

export interface PixelSource {
  readonly info: ImageInfo
  /** A box of a level, float32. */
  read(level: number, box: Box, signal?: AbortSignal): Promise<Float32Array>
  interval(rule: IntervalRule): Promise<Interval>
  /** Values in ascending order. */
  sample(): Promise<Float64Array>
}

interface FrameAnswer {
  readonly images: readonly { hdu: number; name: string; shape: number[]; noFootprint: string | null }[]
}

interface ViewAnswer {
  readonly hdu: number
  readonly width: number
  readonly height: number
  readonly planes: number
  readonly unit: string | null
  readonly levels: ImageInfo['levels']
  readonly zscale: Interval
  readonly percentiles: Record<string, number>
  readonly least: number | null
  readonly most: number | null
  readonly finite: number
}

/** @throws Error with the sentence of the API or of the reader */
export function openPixels(source: PlaneSource, slice: number): Promise<PixelSource> {
  return 'frame' in source
    ? openFrame(source.frame, source.hdu, slice)
    : openFile(source.url, source.hdu, slice)
}

async function answered(path: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, { credentials: 'same-origin', ...(signal ? { signal } : {}) })
  if (response.ok) return response
  const problem = (await response.json().catch(() => ({}))) as { detail?: string }
  throw new Error(problem.detail ?? `The server answered ${response.status} to ${path}.`)
}

function coordinates(header: Header): Pick<ImageInfo, 'wcs' | 'noWcs' | 'physical'> {
  const physical = {
    scale: [cardOr(header, 'LTM1_1', 1), cardOr(header, 'LTM2_2', 1)] as const,
    shift: [cardOr(header, 'LTV1', 0), cardOr(header, 'LTV2', 0)] as const,
  }
  try {
    const wcs = readWcs(header)
    return wcs
      ? { wcs: wcs.terms, noWcs: null, physical }
      : {
          wcs: null,
          noWcs: 'Its header has no celestial WCS (no pair of CTYPE with a projection).',
          physical,
        }
  } catch (error) {
    return { wcs: null, noWcs: error instanceof Error ? error.message : String(error), physical }
  }
}

function cardOr(header: Header, keyword: string, usual: number): number {
  const value = header.first.get(keyword)?.value
  return typeof value === 'number' ? value : usual
}

/** Header from its text, a card a line. */
function headerFrom(text: string): Header {
  const cards = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.padEnd(80).slice(0, 80))
  const bytes = new Uint8Array(80 * cards.length)
  for (const [i, card] of cards.entries())
    for (let at = 0; at < 80; at++) bytes[80 * i + at] = card.charCodeAt(at)
  return parseHeader(bytes)
}

async function openFrame(sha256: string, wanted: number | undefined, slice: number): Promise<PixelSource> {
  const base = `/api/v1/frames/${sha256}`
  const which = `${wanted === undefined ? '' : `hdu=${wanted}&`}plane=${slice}`
  const [view, frame] = await Promise.all([
    answered(`${base}/view?${which}`).then((r) => r.json() as Promise<ViewAnswer>),
    answered(base).then((r) => r.json() as Promise<FrameAnswer>),
  ])
  const header = await answered(`${base}/header?hdu=${view.hdu}&format=text`).then((r) => r.text())
  const { hdu, width, height, planes, unit, levels, finite, least, most } = view
  const read: PixelSource['read'] = async (level, box, signal) => {
    const section = `${box.x0}:${box.x1},${box.y0}:${box.y1}`
    const response = await answered(
      `${base}/pixels?hdu=${hdu}&plane=${slice}&level=${level}&section=${section}`,
      signal,
    )
    return new Float32Array(await response.arrayBuffer())
  }
  const sampled = once(async () => {
    // Rows over the whole height, as they are: means of blocks have less noise than pixels.
    const rows = Math.min(height, 24)
    const parts = await Promise.all(
      Array.from({ length: rows }, (_, i) => {
        const y0 = Math.min(height - 1, Math.floor(((i + 0.5) * height) / rows))
        return read(0, { x0: 0, x1: width, y0, y1: y0 + 1 })
      }),
    )
    return sampleOf(joined(parts), 40_000)
  })
  return {
    info: {
      hdu,
      width,
      height,
      slices: planes,
      unit,
      levels,
      finite,
      least,
      most,
      ...coordinates(headerFrom(header)),
      images: frame.images,
    },
    read,
    sample: sampled,
    async interval(rule) {
      if (rule.by === 'zscale' && rule.contrast === undefined) return view.zscale
      if (rule.by === 'percentile') {
        const [low, high] = [view.percentiles[String(rule.low)], view.percentiles[String(rule.high)]]
        if (low !== undefined && high !== undefined) return { low, high }
      }
      if (rule.by === 'range' && least !== null && most !== null) return { low: least, high: most }
      return rule.by === 'values' ? rule : intervalOf(await sampled(), rule)
    },
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** HDUs of files that are open, so that another plane or HDU of one asks for no header again. */
const opened = new Map<string, Promise<{ source: ByteSource; hdus: readonly Hdu[] }>>()

function fileAt(url: string): Promise<{ source: ByteSource; hdus: readonly Hdu[] }> {
  const there = opened.get(url)
  if (there) return there
  const made = (async () => {
    const source = await fetchRanges(url)
    const head = await source.slice(0, 2)
    if (head[0] !== 0x1f || head[1] !== 0x8b) return { source, hdus: await openFitsSource(source) }
    // A gzip stream has no places to begin at: it comes whole.
    const { bytes, hdus } = openFits(await source.slice(0, source.byteLength))
    return { source: inMemory(bytes), hdus }
  })()
  opened.set(url, made)
  if (opened.size > 8) opened.delete(opened.keys().next().value!)
  made.catch(() => opened.delete(url))
  return made
}

async function openFile(url: string, wanted: number | undefined, slice: number): Promise<PixelSource> {
  const { source, hdus } = await fileAt(url)
  const index = wanted ?? mainHdu(hdus)?.index
  if (index === undefined) throw new Error('The file holds no image.')
  const hdu = imageAt(hdus, index, slice)
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  const levels = levelsOf(width, height)
  const flux = (box: Box): Promise<Float32Array<ArrayBuffer>> => readFlux(source, hdu, box, { plane: slice })
  const kept = once(() => makeLevels(source, hdu, { plane: slice, scale: { form: 'linear' } }))
  const read: PixelSource['read'] = async (at, box) => {
    const level = levels[at]!
    if (level.offset === null || width * height < worthLevels) {
      const below = boxBelow(box, at, hdu)
      const data = await flux(below)
      return at === 0 ? data : binned(data, below.x1 - below.x0, below.y1 - below.y0, 2 ** at)
    }
    const all = new Float32Array((await kept()).buffer, level.offset, level.width * level.height)
    const across = box.x1 - box.x0
    const out = new Float32Array(across * (box.y1 - box.y0))
    for (let y = box.y0; y < box.y1; y++)
      out.set(all.subarray(y * level.width + box.x0, y * level.width + box.x1), (y - box.y0) * across)
    return out
  }
  const sampled = once(async () => {
    const places = Math.max(1, Math.min(32, Math.floor(height / tileRows(hdu))))
    const rows = Math.max(1, Math.floor(Math.min(height, 64) / places))
    const parts: Float32Array[] = []
    for (let i = 0; i < places; i++) {
      const y0 = Math.min(height - rows, Math.floor(((i + 0.5) * height) / places))
      parts.push(await flux({ x0: 0, x1: width, y0, y1: y0 + rows }))
    }
    return joined(parts)
  })
  const sorted = once(async () => sampleOf(await sampled(), 40_000))
  const rows = await sampled()
  const ascending = await sorted()
  let count = 0
  for (const value of rows) if (Number.isFinite(value)) count++
  const unit = hdu.header.first.get('BUNIT')?.value
  return {
    info: {
      hdu: index,
      width,
      height,
      slices: planesOf(hdu),
      unit: typeof unit === 'string' && unit.trim() !== '' ? unit.trim() : null,
      levels,
      finite: count / rows.length,
      least: ascending.length > 0 ? quantile(ascending, 0) : null,
      most: ascending.length > 0 ? quantile(ascending, 1) : null,
      ...coordinates(hdu.header),
      images: imageHdus(hdus).map(({ index: number, name, shape }) => ({ hdu: number, name, shape })),
    },
    read,
    sample: sorted,
    interval: async (rule) => intervalOf(await sorted(), rule),
  }
}
