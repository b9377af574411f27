import { useEffect, useId, useRef, useState } from 'react'
import type { ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { significant, unitText, withError } from './format.ts'

/** Where a value comes from; shown on hover, focus or long press. */
export interface Source {
  method: string
  inputs?: string
  version?: string
}

/** A number with its error and unit; `digits` are significant ones where there is no error. Null is a dash. */
export function Value(props: {
  value: number | null | undefined
  error?: number | null
  unit?: string
  digits?: number
  source?: Source
}) {
  const { value, error, unit, digits = 3, source } = props
  if (value === null || value === undefined || !Number.isFinite(value)) return <span className="dim">–</span>
  const text = error ? withError(value, error) : { value: significant(value, digits), error: '' }
  const shown = (
    <span className="number">
      {text.value}
      {text.error && <span className="dim"> ± {text.error}</span>}
      {unit && <span className="unit">{unitText(unit)}</span>}
    </span>
  )
  return source ? <Asked source={source}>{shown}</Asked> : shown
}

const cardWidth = 300

/** Anything that can be asked where it comes from: by the pointer, the focus or a touch. Escape puts it away. */
export function Asked({ source, children }: { source: Source; children: ReactNode }) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const [at, setAt] = useState<{ left: number; top?: number; bottom?: number } | null>(null)
  const show = () => {
    const box = button.current!.getBoundingClientRect()
    const left = Math.max(8, Math.min(innerWidth - cardWidth - 8, box.left + (box.width - cardWidth) / 2))
    const below = box.bottom < innerHeight * 0.7
    setAt(below ? { left, top: box.bottom + 6 } : { left, bottom: innerHeight - box.top + 6 })
  }
  const hide = () => {
    clearTimeout(timer.current)
    setAt(null)
  }
  useEffect(() => {
    if (!at) return undefined
    const away = () => setAt(null)
    addEventListener('scroll', away, { passive: true, capture: true })
    return () => removeEventListener('scroll', away, { capture: true })
  }, [at])
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <>
      <button
        ref={button}
        type="button"
        className="asked"
        aria-describedby={at ? id : undefined}
        onPointerEnter={() => {
          timer.current = setTimeout(show, 250)
        }}
        onPointerLeave={hide}
        onFocus={show}
        onBlur={hide}
        onClick={show}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && at) {
            event.stopPropagation()
            hide()
          }
        }}
      >
        {children}
      </button>
      {at &&
        createPortal(
          <div id={id} role="tooltip" className="asked-card" style={{ ...at, width: cardWidth }}>
            <p>{source.method}</p>
            {source.inputs && <p className="dim">From {source.inputs}</p>}
            {source.version && <p className="dim">{source.version}</p>}
          </div>,
          document.body,
        )}
    </>
  )
}
