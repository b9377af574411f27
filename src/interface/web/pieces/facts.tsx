import type { ReactNode } from 'react'

/** A definition list; facts without a value (null, undefined, false, empty) are left out. */
export function Facts({
  facts,
}: {
  facts: readonly (readonly [name: string, value: ReactNode] | null | false)[]
}) {
  return (
    <dl className="facts">
      {facts.map((fact) => {
        if (!fact || fact[1] === null || fact[1] === undefined || fact[1] === false || fact[1] === '')
          return null
        return [<dt key={`t ${fact[0]}`}>{fact[0]}</dt>, <dd key={`d ${fact[0]}`}>{fact[1]}</dd>]
      })}
    </dl>
  )
}

/** A part of a page: a heading with a line under it, no box. */
export function Section({
  title,
  aside,
  children,
  id,
}: {
  title: string
  aside?: ReactNode
  children: ReactNode
  id?: string
}) {
  return (
    <section className="section" id={id} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside && <span className="dim">{aside}</span>}
      </header>
      {children}
    </section>
  )
}

/** Probabilities as bars, the largest first; the number stands beside each. */
export function ShareBars({
  shares,
  format,
}: {
  shares: Record<string, number>
  format: (share: number) => string
}) {
  const sorted = Object.entries(shares).toSorted(([, a], [, b]) => b - a)
  return (
    <div className="bars">
      {sorted.map(([name, share]) => [
        <span key={`${name} name`}>{name}</span>,
        <span key={`${name} bar`} className="track" aria-hidden="true">
          <span className="fill" style={{ display: 'block', width: `${Math.min(100, share * 100)}%` }} />
        </span>,
        <span key={`${name} value`} className="value">
          {format(share)}
        </span>,
      ])}
    </div>
  )
}
