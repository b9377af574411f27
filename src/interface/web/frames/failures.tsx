import { useInfiniteQuery } from '@tanstack/react-query'
import { bytes } from '#interface/web/pieces/format.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { failuresOptions } from './queries.ts'

/** Files that became no frame, and why. */
export function Failures() {
  const list = useInfiniteQuery(failuresOptions())
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Section title="Files that became no frame" aside="the last first">
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="the failures" />
      ) : list.isPending ? (
        <Loading lines={3} />
      ) : rows.length === 0 ? (
        <p className="dim">None: every file that came became a frame.</p>
      ) : (
        <ul className="frame-failures">
          {rows.map((row) => (
            <li key={row.id}>
              <b>{row.origin}</b>
              <span>{row.reason}</span>
              <span className="dim">
                {row.code}
                {row.byteLength === null ? '' : `, ${bytes(row.byteLength)}`} · {row.by} ·{' '}
                <Time at={row.at} show="ago" />
              </span>
            </li>
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <button type="button" className="link-button" onClick={() => void list.fetchNextPage()}>
          Earlier ones
        </button>
      )}
    </Section>
  )
}
