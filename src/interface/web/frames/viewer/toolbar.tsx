import { useEffect, useRef } from 'react'
import { address } from '#interface/web/api/client.ts'
import { Menu } from '#interface/web/pieces/menu.tsx'
import type { Interval } from '#science/image/display/stretch.ts'
import type { Look, Overlay, View, ViewerPlane } from './model.ts'
import type { OpenPlane } from './planes.ts'
import { Bar } from './controls.tsx'
import { regionsFrom } from './regions-file.ts'
import { inCss, overlayColours } from './marks.ts'
import { applied, inverted, type Affine } from './view.ts'

/** Which image, how near, what lies over it, and what is taken away. */
export function Toolbar(props: {
  planes: readonly ViewerPlane[]
  plane: number
  choosePlane: (plane: number) => void
  current: OpenPlane | undefined
  reference: OpenPlane | undefined
  chooseHdu: (hdu: number) => void
  slice: number
  chooseSlice: (slice: number) => void
  blink: number | null
  setBlink: (rate: number | null) => void
  grid: boolean
  setGrid: (grid: boolean) => void
  view: View | null
  zoomBy: (sign: 1 | -1) => void
  fit: () => void
  one: () => void
  turn: () => void
  overlays: readonly Overlay[]
  visible: readonly Overlay[]
  show: (id: string, on: boolean) => void
  addRegions: (file: File) => void
  /** Whether an overlay was laid over by hand. */
  removable: (id: string) => boolean
  remove: (id: string) => void
  interval: Interval | null
  look: Look
  lookOpen: boolean
  openLook: () => void
  matrix: Affine | null
  box: { width: number; height: number }
  picture: () => Promise<Blob | null>
}) {
  const { planes, plane, current, reference, blink, overlays, visible } = props
  const file = useRef<HTMLInputElement>(null)
  const images = current?.info?.images ?? []
  const slices = current?.info?.slices ?? 1
  const wcs = reference?.wcs ?? null
  useRegionDrop(props.addRegions)
  const cutout = cutoutAddress(planes[plane], current, props.matrix, props.box)
  return (
    <div className="viewer-tools">
      {planes.length > 1 && (
        <span className="segments" role="group" aria-label="Planes">
          {planes.map(({ name }, index) => (
            <button
              key={`${index} ${name}`}
              type="button"
              aria-pressed={index === plane}
              onClick={() => props.choosePlane(index)}
            >
              {name}
            </button>
          ))}
        </span>
      )}
      {planes.length > 1 && (
        <span className="segments">
          <button
            type="button"
            aria-pressed={blink !== null}
            onClick={() => props.setBlink(blink === null ? 2 : null)}
          >
            Blink
          </button>
          {blink !== null && (
            <select
              className="select"
              aria-label="Blink rate"
              value={blink}
              onChange={(event) => props.setBlink(Number(event.target.value))}
            >
              {[0.5, 1, 2, 4, 8].map((rate) => (
                <option key={rate} value={rate}>
                  {rate} / s
                </option>
              ))}
            </select>
          )}
        </span>
      )}
      {images.length > 1 && (
        <select
          className="select"
          aria-label="HDU"
          value={current?.info?.hdu}
          onChange={(event) => props.chooseHdu(Number(event.target.value))}
        >
          {images.map(({ hdu, name, shape }) => (
            <option key={hdu} value={hdu}>
              HDU {hdu} {name} {shape.join(' × ')}
            </option>
          ))}
        </select>
      )}
      {slices > 1 && (
        <label>
          Plane{' '}
          <span className="dim">
            {current!.slice + 1} of {slices}
          </span>
          <input
            type="range"
            min={0}
            max={slices - 1}
            value={current!.slice}
            onChange={(event) => props.chooseSlice(event.target.valueAsNumber)}
          />
        </label>
      )}
      <span className="segments" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom out" onClick={() => props.zoomBy(-1)}>
          −
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => props.zoomBy(1)}>
          +
        </button>
        <button type="button" onClick={props.fit}>
          Fit
        </button>
        <button type="button" onClick={props.one}>
          1:1
        </button>
      </span>
      <span className="segments">
        <button
          type="button"
          disabled={!wcs}
          aria-pressed={props.grid && wcs !== null}
          onClick={() => props.setGrid(!props.grid)}
        >
          Grid
        </button>
        <button
          type="button"
          disabled={!wcs}
          aria-pressed={wcs !== null && (props.view?.turn !== 0 || props.view.mirrored)}
          onClick={props.turn}
        >
          North up
        </button>
      </span>
      <Bar look={props.look} interval={props.interval} unit={current?.info?.unit ?? ''} />
      {overlays.map((overlay) => {
        const on = visible.includes(overlay)
        const colour = inCss(
          overlay.colour ?? overlayColours[Math.max(0, visible.indexOf(overlay)) % overlayColours.length]!,
        )
        return (
          <label key={overlay.id} className="check">
            <input type="checkbox" checked={on} onChange={() => props.show(overlay.id, !on)} />
            <span className="viewer-swatch" style={{ background: on ? colour : 'transparent' }} />
            {overlay.name} <span className="dim">{overlay.marks.length}</span>
            {props.removable(overlay.id) && (
              <button
                type="button"
                className="link-button"
                aria-label={`Take ${overlay.name} away`}
                onClick={() => props.remove(overlay.id)}
              >
                ✕
              </button>
            )}
          </label>
        )
      })}
      <span className="end row">
        <button
          type="button"
          className="link-button viewer-narrow"
          aria-expanded={props.lookOpen}
          onClick={props.openLook}
        >
          Colours…
        </button>
        <input
          ref={file}
          type="file"
          accept=".reg,text/plain"
          hidden
          aria-label="Region file"
          onChange={(event) => {
            const [first] = event.target.files ?? []
            if (first) props.addRegions(first)
            event.target.value = ''
          }}
        />
        <Menu
          width={270}
          items={[
            ...(cutout ? [{ text: 'What is seen as FITS, with its WCS', href: cutout }] : []),
            {
              text: 'What is seen as PNG',
              act: () =>
                void props
                  .picture()
                  .then((blob) => blob && save(blob, `${planes[plane]?.name ?? 'image'}.png`)),
            },
            'line',
            { text: 'Regions from a DS9 file…', act: () => file.current?.click() },
            {
              text: 'Overlays as a DS9 region file',
              disabled: visible.length === 0,
              act: () => save(new Blob([regionsFrom(visible, wcs)], { type: 'text/plain' }), 'overlays.reg'),
            },
          ]}
        >
          <button type="button" className="link-button">
            Take…
          </button>
        </Menu>
      </span>
    </div>
  )
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** A region file dropped anywhere on the page; other files are somebody else's. */
function useRegionDrop(take: (file: File) => void): void {
  const latest = useRef(take)
  useEffect(() => {
    latest.current = take
  })
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
    }
    const drop = (event: DragEvent) => {
      const [file] = event.dataTransfer?.files ?? []
      if (!file) return
      event.preventDefault()
      if (/\.reg$/i.test(file.name)) latest.current(file)
    }
    addEventListener('dragover', over)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('drop', drop)
    }
  }, [])
}

/** Address of the seen part as FITS, cut by the server; null where it has none to offer. */
function cutoutAddress(
  named: ViewerPlane | undefined,
  plane: OpenPlane | undefined,
  m: Affine | null,
  box: { width: number; height: number },
): string | null {
  if (!named || !plane?.info || !m) return null
  const back = inverted(m)
  const corners = [
    [0, 0],
    [box.width, 0],
    [0, box.height],
    [box.width, box.height],
  ].map(([X, Y]) => applied(back, X!, Y!))
  const { width, height } = plane.info
  const x0 = Math.max(0, Math.floor(Math.min(...corners.map(([x]) => x)) + 0.5))
  const y0 = Math.max(0, Math.floor(Math.min(...corners.map(([, y]) => y)) + 0.5))
  const x1 = Math.min(width, Math.ceil(Math.max(...corners.map(([x]) => x)) + 0.5))
  const y1 = Math.min(height, Math.ceil(Math.max(...corners.map(([, y]) => y)) + 0.5))
  if (x1 <= x0 || y1 <= y0) return null
  if ('frame' in named.source)
    return address(`/frames/${named.source.frame}/cutout`, {
      hdu: plane.info.hdu,
      plane: plane.slice,
      x: x0,
      y: y0,
      w: x1 - x0,
      h: y1 - y0,
    })
  const product = /^(.*\/tasks\/[^/]+)\/products\/(.+)$/.exec(named.source.url.split('?')[0]!)
  if (!product) return null
  return address(`${product[1]}/cutout/${product[2]}`, {
    hdu: plane.info.hdu,
    x: (x0 + x1) / 2,
    y: (y0 + y1) / 2,
    size: Math.min(20_000, Math.max(x1 - x0, y1 - y0)),
  })
}
