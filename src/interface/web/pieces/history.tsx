import type { ReactNode } from 'react'
import { Time } from './time.tsx'

/** Who did what, newest first. */
export function History({ entries }: { entries: readonly { at: string; by: string; text: ReactNode }[] }) {
  return (
    <ol className="history">
      {entries.map((entry, i) => (
        <li key={`${entry.at} ${i}`}>
          <span className="dim">
            <Time at={entry.at} show="utc" />
          </span>
          <span>
            {entry.text} <span className="dim">· {entry.by}</span>
          </span>
        </li>
      ))}
    </ol>
  )
}
