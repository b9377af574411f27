import { useQuery } from '@tanstack/react-query'
import { eventHistoryOptions } from '#interface/web/api/queries.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { History } from '#interface/web/pieces/history.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'

/** What people and programs did to an event. */
export function EventHistory({ id }: { id: string }) {
  const history = useQuery(eventHistoryOptions(id))
  return (
    <Section title="History">
      {history.isError ? (
        <Problem error={history.error} retry={() => void history.refetch()} what="the history" />
      ) : history.data ? (
        <History entries={history.data.items.toSorted((a, b) => b.at.localeCompare(a.at))} />
      ) : (
        <Loading lines={3} />
      )}
    </Section>
  )
}
