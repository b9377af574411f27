import { useCallback, useEffect, useRef, useState } from 'react'
import type { RefObject } from 'react'
import type { Theme } from '#interface/web/app/preferences.tsx'
import type { DrawnMask } from '#science/image/preparation/mask-shapes.ts'
import type { PixelClient } from './client.ts'
import { drawCompass, drawGrid, drawMask, drawOverlays, type Ink, type Placed } from './marks.ts'
import type { Look, Overlay, Pick, View } from './model.ts'
import { paintPlane } from './paint.ts'
import { alignment, type OpenPlane } from './planes.ts'
import { tileKeeper, type TileKeeper } from './tile-keeper.ts'
import { composed, matrixOf, type Affine } from './view.ts'

/** The two canvases of a viewer, pixels below and marks above, and when they are drawn. */

interface Scene {
  readonly view: View | null
  readonly plane: OpenPlane | undefined
  /** Planes whose tiles are fetched ahead. */
  readonly also: readonly OpenPlane[]
  readonly reference: OpenPlane | undefined
  readonly to: Affine
  readonly look: Look
  readonly overlays: readonly Overlay[]
  readonly grid: boolean
  readonly coordinates: 'degrees' | 'sexagesimal'
  readonly theme: Theme
  readonly mask: DrawnMask | null
  readonly pending: readonly (readonly [number, number])[]
}

const onDark: Ink = { line: '#7fb6d6', text: '#e8eef5', halo: 'rgb(0 0 0 / 0.55)', mark: '#f5835c' }
/** Behind the pixels it is dark in every theme. */
const inks: Record<Theme, Ink> = {
  dark: onDark,
  light: onDark,
  red: { line: '#c4564a', text: '#f0776a', halo: 'rgb(0 0 0 / 0.55)', mark: '#ff8f7d' },
}

/** Size of an element in CSS pixels; 0 before it is laid out. */
export function useBox(stage: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [box, setBox] = useState({ width: 0, height: 0 })
  useEffect(() => {
    const element = stage.current!
    const observer = new ResizeObserver(() =>
      setBox({ width: element.clientWidth, height: element.clientHeight }),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [stage])
  return box
}

export interface Stage {
  readonly problem: string | null
  /** Where marks were drawn. */
  readonly placed: () => readonly Placed[]
  /** What is seen, as PNG. */
  readonly picture: () => Promise<Blob | null>
}

export function useStage(
  stage: RefObject<HTMLDivElement | null>,
  box: { width: number; height: number },
  client: PixelClient,
  scene: Scene,
): Stage {
  const [problem, setProblem] = useState<string | null>(null)
  const held = useRef<{
    pixels: HTMLCanvasElement
    marks: HTMLCanvasElement
    scratch: HTMLCanvasElement
    tiles: TileKeeper
  }>(undefined)
  const placed = useRef<readonly Placed[]>([])
  const latest = useRef({ scene, box })
  const waiting = useRef(0)

  const draw = useCallback(() => {
    waiting.current = 0
    const all = held.current
    if (all) placed.current = drawScene(all, latest.current.scene, latest.current.box)
    const element = all?.pixels.parentElement
    if (!element || !all) return
    const { view, plane } = latest.current.scene
    const ready = view !== null && plane?.interval !== null && plane !== undefined
    element.dataset['tiles'] = all.tiles.endRound() || !ready ? 'loading' : 'here'
  }, [])
  const drawSoon = useCallback(() => {
    if (waiting.current === 0) waiting.current = requestAnimationFrame(draw)
  }, [draw])

  useEffect(() => {
    const element = stage.current!
    const [pixels, marks] = [document.createElement('canvas'), document.createElement('canvas')]
    const tiles = tileKeeper(client, (wrong) => {
      if (wrong !== null) setProblem(wrong)
      drawSoon()
    })
    held.current = { pixels, marks, scratch: document.createElement('canvas'), tiles }
    element.prepend(pixels, marks)
    return () => {
      cancelAnimationFrame(waiting.current)
      waiting.current = 0
      tiles.clear()
      pixels.remove()
      marks.remove()
      held.current = undefined
    }
  }, [stage, client, drawSoon])

  useEffect(() => {
    latest.current = { scene, box }
    drawSoon()
  })

  const picture = useCallback(async () => {
    const all = held.current
    if (!all) return null
    const { width, height } = all.pixels
    const both = document.createElement('canvas')
    both.width = width
    both.height = height
    const context = both.getContext('2d')!
    context.fillStyle = '#000'
    context.fillRect(0, 0, width, height)
    context.drawImage(all.pixels, 0, 0)
    context.drawImage(all.marks, 0, 0)
    return new Promise<Blob | null>((resolve) => both.toBlob(resolve, 'image/png'))
  }, [])
  return { problem, placed: () => placed.current, picture }
}

function drawScene(
  all: { pixels: HTMLCanvasElement; marks: HTMLCanvasElement; scratch: HTMLCanvasElement; tiles: TileKeeper },
  scene: Scene,
  box: { width: number; height: number },
): readonly Placed[] {
  const { view, plane, reference, look } = scene
  const density = Math.min(2, devicePixelRatio || 1)
  for (const canvas of [all.pixels, all.marks]) {
    const [w, h] = [Math.round(box.width * density), Math.round(box.height * density)]
    if (canvas.width !== w) canvas.width = w
    if (canvas.height !== h) canvas.height = h
  }
  const [below, above] = [all.pixels.getContext('2d')!, all.marks.getContext('2d')!]
  below.setTransform(1, 0, 0, 1, 0, 0)
  below.clearRect(0, 0, all.pixels.width, all.pixels.height)
  above.setTransform(density, 0, 0, density, 0, 0)
  above.clearRect(0, 0, box.width, box.height)
  if (!view || box.width === 0) return []
  const m = matrixOf(view, box.width, box.height)
  const paint = (one: OpenPlane, to: Affine, context: CanvasRenderingContext2D) => {
    if (!one.info || !one.interval) return
    const { source, slice, interval, info } = one
    paintPlane(context, all.scratch, composed(m, to), box, density, info, all.tiles, {
      source,
      slice,
      look,
      interval,
    })
  }
  // Those that come next in a blink are drawn first, and over: what matters is that their tiles are asked for.
  for (const one of scene.also)
    if (one !== plane && reference) paint(one, alignment(one, reference, [view.x, view.y]).to, below)
  if (scene.also.length > 0) {
    below.setTransform(1, 0, 0, 1, 0, 0)
    below.clearRect(0, 0, all.pixels.width, all.pixels.height)
  }
  if (plane) paint(plane, scene.to, below)
  const ink = inks[scene.theme]
  const wcs = reference?.wcs ?? null
  if (!reference?.info) return []
  if (scene.grid && wcs) drawGrid(above, wcs, m, box, scene.coordinates, ink)
  if (scene.mask) drawMask(above, scene.mask, scene.pending, m, wcs, box, ink)
  const placed = drawOverlays(above, scene.overlays, m, wcs, box, ink)
  drawCompass(above, wcs, m, [view.x, view.y], box, ink)
  return placed
}

/** The mark within a few pixels of a click. */
export function nearestMark(placed: readonly Placed[], [X, Y]: readonly [number, number]): Pick['mark'] {
  let best: Pick['mark'] = null
  let distance = 12
  for (const { overlay, mark, at } of placed) {
    const away = Math.hypot(at[0] - X, at[1] - Y)
    if (away >= distance) continue
    distance = away
    best = { overlay, mark }
  }
  return best
}
