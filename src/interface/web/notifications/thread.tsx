import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { RefObject } from 'react'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Acknowledge } from './acknowledge.tsx'
import { Message } from './message.tsx'
import { threadOptions } from './queries.ts'

const route = getRouteApi('/framed/inbox')
/** So long a message is looked at until it counts as read, ms. */
const lookMs = 900

/** One thread, oldest message first, as a chat. What is looked at is read. */
export function ThreadView(props: {
  /** kind:id */
  subject: string
  /** Somebody opened it, it is not only the first of the list. */
  chosen: boolean
  markRead: (ids: string[]) => void
}) {
  const { subject, chosen, markRead } = props
  const search = route.useSearch()
  const list = useInfiniteQuery(threadOptions(subject))
  const messages = (list.data?.pages.flatMap((page) => page.items) ?? []).toReversed()
  const unread = messages.filter((entry) => !entry.read).map((entry) => entry.id)
  const fresh = useEver(unread)
  const box = useFollowEnd(messages.at(-1)?.id)

  const wanted = unread.join()
  const mark = useRef(markRead)
  useEffect(() => {
    mark.current = markRead
  })
  useEffect(() => {
    if (!chosen || wanted === '') return
    const look = () => {
      if (document.visibilityState === 'visible') mark.current(wanted.split(','))
    }
    const timer = setTimeout(look, lookMs)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [chosen, wanted])

  const first = messages[0]
  const colon = subject.indexOf(':')
  const kind = subject.slice(0, colon)
  const id = subject.slice(colon + 1)
  const waits = messages.some((entry) => entry.acknowledge)
  return (
    <section className="thread-pane" aria-label={first?.thread.name ?? 'Thread'}>
      <Link
        to="/inbox"
        search={{ ...search, thread: undefined }}
        className="thread-back"
        aria-label="Back to all threads"
      >
        ‹ All threads
      </Link>
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="this thread" />
      ) : list.isPending ? (
        <Loading />
      ) : first === undefined ? (
        <Empty title="Nothing of this thread reached you.">
          <p>Either nobody was told of it, or it was told to others.</p>
        </Empty>
      ) : (
        <>
          <header className="thread-head">
            <div className="row">
              <h2>
                {kind === 'event' ? (
                  <Link to="/events/$id" params={{ id }}>
                    {first.thread.name}
                  </Link>
                ) : (
                  first.thread.name
                )}
              </h2>
              <span className="dim">
                {messages.length}
                {list.hasNextPage ? '+' : ''} {messages.length === 1 ? 'message' : 'messages'}
              </span>
            </div>
            <div className="thread-act">
              <Acknowledge subject={{ kind, id }} wanted={waits} />
            </div>
          </header>
          <div className="thread-scroll" ref={box} tabIndex={0} role="region" aria-label="Messages">
            {list.hasNextPage && (
              <button
                type="button"
                className="link-button"
                disabled={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                {list.isFetchingNextPage ? 'Loading…' : 'Show earlier messages'}
              </button>
            )}
            <ol className="messages">
              {messages.map((entry) => (
                <Message key={entry.id} entry={entry} fresh={fresh.has(entry.id)} wide />
              ))}
            </ol>
          </div>
        </>
      )}
    </section>
  )
}

/** Everything that was ever in the list while this was shown: what was unread stays marked though it was looked at. */
function useEver(ids: readonly string[]): ReadonlySet<string> {
  const [ever, setEver] = useState<ReadonlySet<string>>(new Set())
  const added = ids.filter((id) => !ever.has(id))
  if (added.length > 0) setEver(new Set([...ever, ...added]))
  return ever
}

/** Keeps the newest message in sight, unless one has scrolled up; pictures grow as they come. */
function useFollowEnd(last: string | undefined): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const first = useRef(true)
  useLayoutEffect(() => {
    const element = box.current
    if (!element || last === undefined) return
    const follow = () => {
      if (atEnd.current) element.scrollTop = element.scrollHeight
    }
    const look = () => {
      atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40
    }
    follow()
    // On a phone the page itself scrolls: what is new comes into sight once, below the bar.
    if (first.current && getComputedStyle(element).overflowY === 'visible')
      element.querySelector('[data-fresh], .message:last-child')?.scrollIntoView()
    first.current = false
    element.addEventListener('load', follow, true)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      element.removeEventListener('load', follow, true)
      element.removeEventListener('scroll', look)
    }
  }, [last])
  return box
}
