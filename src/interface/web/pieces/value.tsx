import { HoverCard } from '@mantine/core'
import type { ReactNode } from 'react'
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

/** Anything that can be asked where it comes from. */
export function Asked({ source, children }: { source: Source; children: ReactNode }) {
  return (
    <HoverCard width={300} shadow="md" openDelay={250} withinPortal>
      <HoverCard.Target>
        <button type="button" className="asked">
          {children}
        </button>
      </HoverCard.Target>
      <HoverCard.Dropdown style={{ background: 'var(--raised)', borderColor: 'var(--line)', fontSize: 12 }}>
        <p>{source.method}</p>
        {source.inputs && <p className="dim">From {source.inputs}</p>}
        {source.version && <p className="dim">{source.version}</p>}
      </HoverCard.Dropdown>
    </HoverCard>
  )
}
