import { useCoordinateText } from '#interface/web/pieces/sky-coord.tsx'
import { significant } from '#interface/web/pieces/format.ts'
import type { OpenPlane } from './planes.ts'
import { zoomText } from './view.ts'

export interface Cursor {
  /** Pixel of the plane that is looked at, 0-based. */
  readonly x: number
  readonly y: number
  /** Undefined while it is on its way, null outside. */
  readonly value: number | null | undefined
}

/** What lies under the cursor. */
export function Readout({
  plane,
  name,
  cursor,
  zoom,
  by,
}: {
  plane: OpenPlane | undefined
  name: string
  cursor: Cursor | null
  zoom: number | null
  by: string
}) {
  const text = useCoordinateText()
  const { info, wcs } = plane ?? {}
  const sky = cursor && wcs ? wcs.pixelToSky(cursor.x, cursor.y) : null
  const digits = wcs ? Math.min(9, Math.max(3, Math.ceil(-Math.log10(wcs.pixelScaleDeg())) + 2)) : 4
  const fixed = (value: number) => value.toFixed(2).replace('-', '−')
  return (
    <div className="viewer-readout" aria-live="off">
      <span>
        <b>{name}</b> {by}
      </span>
      <span className="viewer-value" data-testid="value">
        {cursor ? valueText(cursor.value, info?.unit ?? null) : 'value under the cursor'}
      </span>
      <span data-testid="pixel" title="FITS pixels count from 1, those of programs from 0">
        {cursor
          ? `FITS ${fixed(cursor.x + 1)}, ${fixed(cursor.y + 1)} · 0-based ${fixed(cursor.x)}, ${fixed(cursor.y)}`
          : 'pixel'}
      </span>
      <span data-testid="sky">
        {sky && Number.isFinite(sky[0])
          ? `${text(sky[0], sky[1], digits)} ICRS`
          : info && !wcs
            ? 'no sky: pixels only'
            : cursor
              ? 'no sky here'
              : 'ICRS'}
      </span>
      <span className="dim">{zoom === null ? '' : `${zoomText(zoom)} zoom`}</span>
    </div>
  )
}

function valueText(value: Cursor['value'], unit: string | null): string {
  if (value === undefined) return '…'
  if (value === null) return 'outside'
  if (Number.isNaN(value)) return 'no value (NaN)'
  const whole = Number.isInteger(value) && Math.abs(value) < 1e15
  const text = whole ? String(value).replace('-', '−') : significant(value, 7)
  return `${text} ${unit ?? '(unit not stated)'}`
}
