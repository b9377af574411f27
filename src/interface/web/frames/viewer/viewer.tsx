import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { KeyboardEvent } from 'react'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { pixelClient } from './client.ts'
import { LookControls } from './controls.tsx'
import { closedPolygon, draggedShape, pendingOutline, type Tool } from './draw-tools.ts'
import { DrawControls } from './draw-controls.tsx'
import { useGestures } from './gestures.ts'
import { northUp } from './grid.ts'
import { usualLook } from './model.ts'
import type { Drawing, Look, Overlay, Pick, View, ViewerPlane, ViewerState } from './model.ts'
import { alignment, usePlanes } from './planes.ts'
import { useRegionFiles } from './region-files.ts'
import { Readout, type Cursor } from './readout.tsx'
import { nearestMark, useBox, useStage } from './stage.ts'
import { Toolbar } from './toolbar.tsx'
import { applied, fitView, inverted, matrixOf, movedBy, zoomedAt, zoomStep } from './view.ts'
import './viewer.css'

export type { Drawing, Mark, Overlay, Pick, PlaneSource, ViewerPlane, ViewerState } from './model.ts'

const none: readonly Overlay[] = []

/**
 * Images on a canvas: aligned planes that blink, overlays, drawing of masks. Pixels are read and coloured in a worker.
 */
export function FrameViewer(props: {
  planes: readonly ViewerPlane[]
  overlays?: readonly Overlay[]
  onPick?: (pick: Pick) => void
  drawing?: Drawing
  /** Where it begins; what a link said. */
  initial?: Partial<ViewerState>
  /** Region files that are laid over it are kept in the tab under this word and are there again after a reload. */
  keep?: string
  /** Told a moment after something changed. */
  onState?: (state: ViewerState) => void
  /** CSS height of the picture; default: what fits on the screen. */
  height?: string
}) {
  const { planes, overlays = none, onPick, drawing, initial, onState, height, keep } = props
  const { coordinates, theme } = usePreferences()
  const [client] = useState(() => pixelClient())
  const [seen, setView] = useState<View | null>(initial?.view ?? null)
  const [look, setLook] = useState<Look>({ ...usualLook, ...initial?.look })
  const [chosen, setPlane] = useState(initial?.plane ?? 0)
  const [slice, setSlice] = useState(initial?.slice ?? 0)
  const [hdus, setHdus] = useState<Readonly<Record<number, number>>>(
    initial?.hdu === null || initial?.hdu === undefined ? {} : { 0: initial.hdu },
  )
  const [grid, setGrid] = useState(initial?.grid ?? false)
  const [blink, setBlink] = useState<number | null>(null)
  const [shown, setShown] = useState<Readonly<Record<string, boolean>>>(initial?.shown ?? {})
  /** On a narrow screen the choice of colours is closed at first. */
  const [lookOpen, setLookOpen] = useState(false)
  const [tool, setTool] = useState<Tool | null>(null)
  const [pending, setPending] = useState<readonly (readonly [number, number])[]>([])
  const [at, setAt] = useState<readonly [number, number] | null>(null)
  const stage = useRef<HTMLDivElement>(null)

  const plane = Math.min(chosen, planes.length - 1)
  const needed = useMemo(() => new Set(blink === null ? [0, plane] : planes.keys()), [blink, plane, planes])
  const open = usePlanes(client, planes, { hdus, slice, look, needed })
  const reference = open[0]
  const current = open[plane]
  const own = useRegionFiles(keep, reference)
  const all = useMemo(() => [...overlays, ...own.overlays], [overlays, own.overlays])
  const visible = useMemo(() => all.filter(({ id, hidden }) => shown[id] ?? hidden !== true), [all, shown])
  // Until someone moves it, the whole image.
  const box = useBox(stage)
  const info = reference?.info ?? null
  const fitted = useMemo(() => (info && box.width > 0 ? fitView(info, box) : null), [info, box])
  const view = seen ?? fitted
  const change = (how: (view: View) => View) =>
    setView((old) => {
      const before = old ?? fitted
      return before && how(before)
    })
  const aligned = useMemo(
    () =>
      current && reference && view
        ? alignment(current, reference, [view.x, view.y])
        : ({ to: { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, by: 'pixels' } as const),
    [current, reference, view],
  )

  useEffect(() => () => client.close(), [client])

  const drawn = useStage(stage, box, client, {
    view,
    plane: current,
    also: blink === null ? [] : open,
    reference,
    to: aligned.to,
    look,
    overlays: visible,
    grid,
    coordinates,
    theme,
    mask: drawing?.mask ?? null,
    pending: tool ? pendingOutline(tool, pending, at) : [],
  })
  useEffect(() => {
    if (blink === null || planes.length < 2) return undefined
    const timer = setInterval(() => setPlane((old) => (old + 1) % planes.length), 1000 / blink)
    return () => clearInterval(timer)
  }, [blink, planes.length])

  const ready = view !== null
  const told = useRef(onState)
  useEffect(() => {
    told.current = onState
  })
  useEffect(() => {
    if (!ready) return undefined
    const timer = setTimeout(
      () =>
        told.current?.({
          view: seen,
          look,
          plane: blink === null ? plane : 0,
          slice,
          hdu: hdus[0] ?? null,
          grid,
          shown,
        }),
      400,
    )
    return () => clearTimeout(timer)
  }, [ready, seen, look, plane, slice, hdus, grid, blink, shown])

  const matrix = useMemo(() => (view ? matrixOf(view, box.width, box.height) : null), [view, box])
  const placeOf = useCallback(
    (screen: readonly [number, number]): [number, number] | null =>
      matrix ? applied(inverted(matrix), screen[0], screen[1]) : null,
    [matrix],
  )
  const own2 = at && current ? applied(inverted(aligned.to), at[0], at[1]) : null
  const cursor = useValue(client, current, own2)

  const finish = (points: readonly (readonly [number, number])[]) => {
    const shape = closedPolygon(points)
    setPending([])
    if (shape && drawing) drawing.onChange({ ...drawing.mask, shapes: [...drawing.mask.shapes, shape] })
  }

  useGestures(stage, {
    change,
    giveUp: () => setPending((old) => (tool === 'polygon' ? old : [])),
    hover: (screen) => setAt(screen && placeOf(screen)),
    drawing: () => tool !== null && tool !== 'polygon',
    drag(from, to, done) {
      const [p, q] = [placeOf(from), placeOf(to)]
      if (!p || !q || !tool || tool === 'polygon' || !drawing) return
      setAt(q)
      setPending(done ? [] : [p])
      const shape = done ? draggedShape(tool, p, q) : null
      if (shape) drawing.onChange({ ...drawing.mask, shapes: [...drawing.mask.shapes, shape] })
    },
    click(screen, detail) {
      const place = placeOf(screen)
      stage.current?.focus({ preventScroll: true })
      if (!place || !current) return
      if (tool === 'polygon') {
        if (detail > 1 || closes(pending, place, view?.zoom ?? 1)) finish(pending)
        else setPending([...pending, place])
        return
      }
      const sky = reference?.wcs?.pixelToSky(place[0], place[1])
      onPick?.({
        x: place[0],
        y: place[1],
        ra: sky && Number.isFinite(sky[0]) ? sky[0] : null,
        dec: sky && Number.isFinite(sky[0]) ? sky[1] : null,
        plane,
        mark: nearestMark(drawn.placed(), screen),
      })
    },
  })

  const zoomTo = (how: (zoom: number) => number) =>
    change((old) => zoomedAt(old, box, [box.width / 2, box.height / 2], how(old.zoom)))
  const zoomBy = (sign: 1 | -1) => zoomTo((zoom) => zoomStep(zoom, sign))
  const moveBy = (dx: number, dy: number) => change((old) => movedBy(old, dx, dy))
  const fit = () => info && setView(fitView(info, box, view ?? undefined))
  const turn = () => {
    if (!view || !reference?.wcs) return
    const up = northUp(reference.wcs, view.x, view.y)
    const there = up && Math.abs(up.turn - view.turn) < 1e-3 && up.mirrored === view.mirrored
    if (up) setView({ ...view, ...(there ? { turn: 0, mirrored: false } : up) })
  }
  const step = (by: number) => setPlane((plane + by + planes.length) % planes.length)

  const keys: Record<string, () => void> = {
    ArrowLeft: () => moveBy(60, 0),
    ArrowRight: () => moveBy(-60, 0),
    ArrowUp: () => moveBy(0, 60),
    ArrowDown: () => moveBy(0, -60),
    '+': () => zoomBy(1),
    '=': () => zoomBy(1),
    '-': () => zoomBy(-1),
    '0': fit,
    '1': () => zoomTo(() => 1),
    b: () => setBlink((old) => (old === null && planes.length > 1 ? 2 : null)),
    ',': () => step(-1),
    '.': () => step(1),
    n: turn,
    w: () => setGrid((old) => !old),
    i: () => setLook((old) => ({ ...old, inverted: !old.inverted })),
    Enter: () => finish(pending),
    Escape: () => setPending([]),
  }
  const onKey = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  return (
    <div className="viewer">
      <Toolbar
        planes={planes}
        plane={plane}
        choosePlane={setPlane}
        current={current}
        reference={reference}
        chooseHdu={(hdu) => {
          setHdus({ ...hdus, [plane]: hdu })
          if (plane === 0) setView(null)
        }}
        slice={slice}
        chooseSlice={setSlice}
        blink={blink}
        setBlink={setBlink}
        grid={grid}
        setGrid={setGrid}
        view={view}
        zoomBy={zoomBy}
        fit={fit}
        one={() => zoomTo(() => 1)}
        turn={turn}
        overlays={all}
        visible={visible}
        show={(id, on) => setShown({ ...shown, [id]: on })}
        addRegions={own.add}
        removable={(id) => own.overlays.some((one) => one.id === id)}
        remove={own.remove}
        interval={current?.interval ?? null}
        look={look}
        lookOpen={lookOpen}
        openLook={() => setLookOpen(!lookOpen)}
        matrix={matrix}
        box={box}
        picture={drawn.picture}
      />
      <LookControls
        look={look}
        interval={current?.interval ?? null}
        open={lookOpen}
        change={(part) => setLook((old) => ({ ...old, ...part }))}
      />
      {drawing && (
        <DrawControls
          drawing={drawing}
          tool={tool}
          choose={(next) => {
            setTool(next)
            setPending([])
          }}
        />
      )}
      <div
        className={tool ? 'viewer-stage drawing' : 'viewer-stage'}
        ref={stage}
        style={height ? { height } : undefined}
        tabIndex={0}
        role="application"
        aria-label={`Image ${planes[plane]?.name ?? ''}: arrows move, plus and minus zoom, 0 shows all, 1 is one to one, b blinks, n turns north up, w shows the grid, i inverts`}
        onKeyDown={onKey}
      >
        {current?.problem && <Problem error={new Error(current.problem)} what={planes[plane]?.name ?? ''} />}
        {drawn.problem && !current?.problem && <Problem error={new Error(drawn.problem)} what="pixels" />}
        {current?.info?.finite === 0 && (
          <p className="viewer-note">No pixel of a sample of this image has a value: all are NaN or blank.</p>
        )}
        {current?.info && current.info.finite > 0 && current.info.least === current.info.most && (
          <p className="viewer-note">
            Every sampled pixel has the same value, {current.info.least}
            {current.info.unit ? ` ${current.info.unit}` : ' (unit not stated)'}.
          </p>
        )}
      </div>
      <Readout
        plane={current}
        name={planes[plane]?.name ?? ''}
        cursor={cursor}
        zoom={view?.zoom ?? null}
        by={plane > 0 ? `aligned by ${aligned.by}` : ''}
      />
      {current?.info?.noWcs && <p className="dim">No sky coordinates: {current.info.noWcs}</p>}
      {own.notes.length > 0 && (
        <p className="dim" role="status">
          Not drawn: {own.notes.slice(0, 4).join('; ')}
          {own.notes.length > 4 ? ` and ${own.notes.length - 4} more` : ''}
        </p>
      )}
    </div>
  )
}

/** Whether a click ends a polygon: on its first corner. */
function closes(
  points: readonly (readonly [number, number])[],
  at: readonly [number, number],
  zoom: number,
): boolean {
  const first = points[0]
  return (
    first !== undefined && points.length >= 3 && Math.hypot(at[0] - first[0], at[1] - first[1]) * zoom < 8
  )
}

/** The value of the pixel under a place of the plane, asked for once the pointer rests. */
function useValue(
  client: ReturnType<typeof pixelClient>,
  plane: ReturnType<typeof usePlanes>[number] | undefined,
  at: readonly [number, number] | null,
): Cursor | null {
  const [known, setKnown] = useState<{ key: string; value: number | null }>({ key: '', value: null })
  const [x, y] = at ? [Math.round(at[0]), Math.round(at[1])] : [NaN, NaN]
  const key = plane?.info && at ? `${JSON.stringify(plane.source)} ${plane.slice} ${x} ${y}` : ''
  const source = plane?.source
  const slice = plane?.slice ?? 0
  useEffect(() => {
    if (key === '' || !source) return undefined
    let gone = false
    const timer = setTimeout(() => {
      client.value(source, slice, x, y).then(
        (value) => !gone && setKnown({ key, value }),
        () => undefined,
      )
    }, 25)
    return () => {
      gone = true
      clearTimeout(timer)
    }
    // `key` says all that the others do.
    // oxlint-disable-next-line react/exhaustive-deps -- the source is a new object at every drawing, its text is the same
  }, [client, key])
  if (!at || !plane?.info) return null
  return { x: at[0], y: at[1], value: known.key === key ? known.value : undefined }
}
