import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { send } from '#interface/web/api/client.ts'
import { sessionsOptions } from '#interface/web/api/queries.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'

/** Where one is signed in. */
export function Sessions() {
  const list = useInfiniteQuery(sessionsOptions())
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: ['sessions'] })
  const end = useMutation({
    mutationFn: (id: string | null) => send('DELETE', id === null ? '/sessions' : `/sessions/${id}`),
    onSuccess: refresh,
  })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Section
      title="Sessions"
      aside={
        items.length > 1 && (
          <button
            type="button"
            className="link-button"
            disabled={end.isPending}
            onClick={() => end.mutate(null)}
          >
            End all others
          </button>
        )
      }
    >
      {end.isError && <Problem error={end.error} />}
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="your sessions" />
      ) : list.isPending ? (
        <Loading lines={2} />
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Browser</th>
              <th scope="col">Address</th>
              <th scope="col">Since</th>
              <th scope="col">Last seen</th>
              <th scope="col">
                <span className="visually-hidden">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((session) => (
              <tr key={session.id}>
                <td title={session.userAgent ?? undefined}>{browserOf(session.userAgent)}</td>
                <td>{session.address ?? '–'}</td>
                <td className="dim">
                  <Time at={session.createdAt} show="utc" />
                </td>
                <td className="dim">
                  <Time at={session.lastSeenAt} show="ago" />
                </td>
                <td className="right">
                  {session.current ? (
                    <span className="dim">this one</span>
                  ) : (
                    <button
                      type="button"
                      className="link-button"
                      disabled={end.isPending}
                      onClick={() => end.mutate(session.id)}
                    >
                      End
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  )
}

/** `Firefox on Linux` from a user-agent text. */
function browserOf(userAgent: string | null): string {
  if (!userAgent) return 'unknown'
  const browser = /Edg\//.test(userAgent)
    ? 'Edge'
    : /Firefox\//.test(userAgent)
      ? 'Firefox'
      : /Chrome\//.test(userAgent)
        ? 'Chrome'
        : /Safari\//.test(userAgent)
          ? 'Safari'
          : userAgent.split(/[/ ]/)[0]
  const system = /Windows/.test(userAgent)
    ? 'Windows'
    : /Android/.test(userAgent)
      ? 'Android'
      : /iPhone|iPad/.test(userAgent)
        ? 'iOS'
        : /Mac OS/.test(userAgent)
          ? 'macOS'
          : /Linux/.test(userAgent)
            ? 'Linux'
            : ''
  return system ? `${browser} on ${system}` : browser
}
