import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { address, send } from '#interface/web/api/client.ts'
import { noticesOptions } from '#interface/web/api/queries.ts'
import { bytes } from '#interface/web/pieces/format.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import '#interface/web/tonight/tonight.css'
import type { NoticeSummary } from '#observatory/alerts/notice.ts'

/** Notices that could not be read, each with the reason, its bytes, and another try. */
export function DeadLetters() {
  const list = useInfiniteQuery(noticesOptions({ state: 'dead' }))
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.isError)
    return <Problem error={list.error} retry={() => void list.refetch()} what="the dead letters" />
  if (list.isPending) return <Loading />
  if (items.length === 0)
    return (
      <Empty title="No dead letters.">
        <p>
          A notice that cannot be read would be kept here with its bytes and the reason, and the stream would
          go on.
        </p>
      </Empty>
    )
  return (
    <>
      <ul className="lines" aria-label="Dead letters">
        {items.map((notice) => (
          <DeadLetter key={notice.id} notice={notice} />
        ))}
      </ul>
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

function DeadLetter({ notice }: { notice: NoticeSummary }) {
  const client = useQueryClient()
  const retry = useMutation({
    mutationFn: () => send('POST', `/notices/${notice.id}/retry`),
    onSettled: () => client.invalidateQueries({ queryKey: ['notices'] }),
  })
  return (
    <li>
      <span>
        <b>{notice.title || 'Notice'}</b> <span className="dim">{notice.topic}</span>
      </span>
      <span className="row" style={{ justifyContent: 'flex-end' }}>
        <a href={address(`/notices/${notice.id}/bytes`)} download>
          Bytes <span className="dim">{bytes(notice.byteLength)}</span>
        </a>
        <button
          type="button"
          className="link-button"
          disabled={retry.isPending}
          onClick={() => retry.mutate()}
        >
          {retry.isPending ? 'Reading…' : 'Read again'}
        </button>
      </span>
      <span style={{ whiteSpace: 'normal' }}>
        {notice.problem?.message}{' '}
        {notice.problem && (
          <CopyButton
            text={`${notice.problem.code}: ${notice.problem.message} (notice ${notice.id})`}
            label={`Copy ${notice.problem.code}`}
          />
        )}
        {retry.isError && <Problem error={retry.error} />}
      </span>
      <span className="dim">
        <Time at={notice.receivedAt} show="ago" />
      </span>
    </li>
  )
}
