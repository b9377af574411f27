import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useMemo } from 'react'
import { send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { isTyping } from '#interface/web/app/keys.tsx'
import { reaches } from '#interface/web/app/rooms.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { useAcknowledge } from './acknowledge.tsx'
import './notifications.css'
import { inboxOptions, unreadOptions } from './queries.ts'
import { ThreadView } from './thread.tsx'
import { threadsOf, toneOf, withoutName, type Thread } from './threads.ts'

const route = getRouteApi('/framed/inbox')
const scopes = [
  [undefined, 'All'],
  ['me', 'To me'],
  ['groups', 'My groups'],
  ['everybody', 'Everybody'],
] as const

/** What one, one's groups and everybody were told: threads at the left, the chosen one as a chat. */
export function Inbox() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const me = useQuery(meOptions).data
  const list = useInfiniteQuery(inboxOptions({ for: search.for, unread: search.unread }))
  const unread = useQuery(unreadOptions).data?.unread ?? 0
  const entries = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const threads = useMemo(() => threadsOf(entries), [entries])
  const shown = search.thread ?? threads[0]?.key
  const current = threads.find((thread) => thread.key === shown)
  const read = useMutation({
    mutationFn: (which: { ids: string[] } | { upTo: string }) => send('POST', '/inbox/read', which),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  const acknowledge = useAcknowledge(current)
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}Inbox · Urania`
  }, [unread])

  const newest = entries[0]?.id
  const open = (thread: Thread | undefined) => {
    if (thread) void navigate({ search: { ...search, thread: thread.key }, replace: true })
  }
  const readAll = () => {
    // Everything there is, also what the filter hides and what is further down.
    if (newest !== undefined) read.mutate({ upTo: newest })
  }
  const readThis = () => {
    if (current && current.unread.length > 0) read.mutate({ ids: current.unread })
  }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('[role="dialog"]')) return
      const at = threads.findIndex((thread) => thread.key === shown)
      if (event.key === 'j') open(threads[Math.min(threads.length - 1, at + 1)])
      else if (event.key === 'k') open(threads[Math.max(0, at - 1)])
      else if (event.key === 'r') readThis()
      else if (event.key === 'R') readAll()
      else if (event.key === 'a' && current && reaches(me?.role ?? null, 'member')) acknowledge.mutate()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })

  const filtered = search.for !== undefined || search.unread === true
  return (
    <>
      <div className="page-head">
        <div className="row">
          <h1>Inbox</h1>
          <span className="dim">{unread > 0 ? `${unread} unread` : 'nothing unread'}</span>
        </div>
        <div className="row" style={{ alignItems: 'center' }}>
          <nav className="segments" aria-label="Told to whom">
            {scopes.map(([scope, label]) => (
              <Link
                key={label}
                to="/inbox"
                search={{ ...search, for: scope, thread: undefined }}
                className="segment"
                aria-current={search.for === scope ? 'page' : undefined}
              >
                {label}
              </Link>
            ))}
          </nav>
          <label className="check">
            <input
              type="checkbox"
              checked={search.unread === true}
              onChange={(event) =>
                void navigate({
                  search: { ...search, unread: event.target.checked || undefined, thread: undefined },
                  replace: true,
                })
              }
            />
            Unread only
          </label>
          <button
            type="button"
            className="button"
            disabled={unread === 0 || read.isPending || newest === undefined}
            onClick={readAll}
          >
            Mark all read
          </button>
        </div>
      </div>
      {read.isError && <Problem error={read.error} />}
      {acknowledge.isError && <Problem error={acknowledge.error} />}
      {list.isError && threads.length === 0 ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="the inbox" />
      ) : list.isPending ? (
        <div className="inbox">
          <Loading lines={8} />
          <div className="thread-pane" />
        </div>
      ) : threads.length === 0 && search.thread === undefined ? (
        <Empty title={filtered ? 'Nothing here by this choice.' : 'Nothing was told yet.'}>
          {filtered ? (
            <p>
              <Link to="/inbox">Everything that reached you</Link>
            </p>
          ) : (
            <p>
              When an alert comes, a plan begins or ends, or an event is withdrawn, it is told here. Who is
              told what, and whether Slack, mail or a cloud folder hears it too, is set under{' '}
              <Link to="/notifications">Notifications</Link>.
            </p>
          )}
        </Empty>
      ) : (
        <div className="inbox" data-open={search.thread !== undefined || undefined}>
          <div className="inbox-list" tabIndex={0} role="region" aria-label="Threads">
            <ul>
              {threads.map((thread) => (
                <ThreadLine key={thread.key} thread={thread} current={thread.key === shown} />
              ))}
            </ul>
            {list.hasNextPage && (
              <button
                type="button"
                className="button"
                disabled={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                {list.isFetchingNextPage ? 'Loading…' : 'Show older'}
              </button>
            )}
            <p className="dim inbox-keys">
              <kbd>j</kbd> <kbd>k</kbd> threads · <kbd>a</kbd> acknowledge · <kbd>r</kbd> read · <kbd>R</kbd>{' '}
              all read
            </p>
          </div>
          {shown !== undefined && (
            <ThreadView
              key={shown}
              subject={shown}
              chosen={search.thread !== undefined}
              markRead={(ids) => read.mutate({ ids })}
            />
          )}
        </div>
      )}
    </>
  )
}

function ThreadLine({ thread, current }: { thread: Thread; current: boolean }) {
  const search = route.useSearch()
  const { last, unread } = thread
  return (
    <li>
      <Link
        to="/inbox"
        search={{ ...search, thread: thread.key }}
        className="thread-line"
        data-unread={unread.length > 0 || undefined}
        aria-current={current ? 'true' : undefined}
      >
        <span className="thread-name">{thread.name}</span>
        <span className="dim">
          <Time at={last.at} show="ago" />
        </span>
        <span className="thread-last">
          <State tone={toneOf(last)}>
            <span className="message-words">{withoutName(last.headline, thread.name)}</span>
          </State>
        </span>
        <span className="thread-marks">
          {thread.waits && <State tone="needs">acknowledge</State>}
          {unread.length > 0 && (
            <span className="thread-count" title="unread">
              {unread.length}
              <span className="visually-hidden"> unread</span>
            </span>
          )}
        </span>
      </Link>
    </li>
  )
}
