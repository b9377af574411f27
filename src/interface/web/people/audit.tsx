import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { auditOptions } from '#interface/web/api/queries.ts'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { AuditEntry } from '#observatory/people/audit-entry.ts'

/** Who did what, from where, before and after; nothing here can be changed. */
export function AuditLog() {
  const [action, setAction] = useState('')
  const list = useInfiniteQuery(auditOptions({ action: action.trim() || undefined }))
  const entries = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <div className="filters">
        <input
          className="field grow"
          aria-label="Action"
          placeholder="action, whole: people.role_changed"
          value={action}
          onChange={(event) => setAction(event.target.value)}
        />
      </div>
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="the audit log" />
      ) : list.isPending ? (
        <Loading />
      ) : entries.length === 0 ? (
        <p className="dim">Nothing by that name.</p>
      ) : (
        <div className="scroll-x">
          <table className="list">
            <thead>
              <tr>
                <th scope="col">When (UTC)</th>
                <th scope="col">Who</th>
                <th scope="col">Did what</th>
                <th scope="col">To what</th>
                <th scope="col">Before → after</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.id}>
                  <td>
                    <Time at={entry.at} show="utc" />
                  </td>
                  <td>
                    {entry.actor.name} <span className="dim">{entry.actor.address}</span>
                  </td>
                  <td>
                    <code>{entry.action}</code>
                  </td>
                  <td className="dim">
                    {entry.subject.kind} <code>{entry.subject.id.slice(0, 8)}</code>
                  </td>
                  <td style={{ overflowWrap: 'anywhere' }}>
                    <code>{difference(entry)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <button
          type="button"
          className="button"
          style={{ marginTop: 10 }}
          onClick={() => void list.fetchNextPage()}
        >
          Show more
        </button>
      )}
    </>
  )
}

/** Only what differs: `role viewer → member`. */
function difference(entry: AuditEntry): string {
  const flat = (value: unknown) =>
    typeof value === 'object' && value !== null
      ? new Map(Object.entries(value).map(([key, inner]) => [key, JSON.stringify(inner)]))
      : new Map(value === null || value === undefined ? [] : [['', JSON.stringify(value)]])
  const [before, after] = [flat(entry.before), flat(entry.after)]
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key} ${before.get(key) ?? '∅'} → ${after.get(key) ?? '∅'}`.trim())
    .join('; ')
}
