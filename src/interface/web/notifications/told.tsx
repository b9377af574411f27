import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Delivery } from '#observatory/notifications/delivery.ts'
import { Acknowledge } from './acknowledge.tsx'
import { DeliveryState, targetWords } from './delivery-words.tsx'
import './notifications.css'
import { deliveriesOptions, threadOptions } from './queries.ts'
import { withoutName } from './threads.ts'

const shownAtFirst = 12

/** The act on an event's page; only where somebody was told of it. */
export function AcknowledgeEvent({ id }: { id: string }) {
  const told = useInfiniteQuery(threadOptions(`event:${id}`)).data?.pages[0]?.items ?? []
  if (told.length === 0) return null
  return <Acknowledge subject={{ kind: 'event', id }} wanted={told.some((entry) => entry.acknowledge)} />
}

/** What was told of an event, to whom: all of it for operators, what reached oneself for others. */
export function EventTold({ id }: { id: string }) {
  const me = useQuery(meOptions).data
  if (!me) return null
  return reaches(me.role, 'operator') ? <ToldToAll id={id} /> : <ToldToMe id={id} />
}

/** Deliveries of one message, however many channels and people it went to. */
interface Told {
  headline: string
  at: string
  deliveries: Delivery[]
}

function ToldToAll({ id }: { id: string }) {
  const list = useInfiniteQuery(deliveriesOptions({ subject: `event:${id}` }))
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  const told: Told[] = []
  for (const row of rows) {
    // The same words to the same addressee are two messages.
    const same = told.find(
      (one) =>
        one.headline === row.headline &&
        !one.deliveries.some((other) => other.channel === row.channel && other.target.id === row.target.id),
    )
    if (same) same.deliveries.push(row)
    else told.push({ headline: row.headline, at: row.createdAt, deliveries: [row] })
  }
  return (
    <Section
      title="What was told"
      aside={
        rows.length > 0 && (
          <span className="row">
            <Link to="/inbox" search={{ thread: `event:${id}` }}>
              as a thread
            </Link>
            <Link to="/notifications" search={{ tab: 'deliveries', subject: `event:${id}` }}>
              all deliveries
            </Link>
          </span>
        )
      }
    >
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="what was told" />
      ) : list.isPending ? (
        <Loading lines={3} />
      ) : told.length === 0 ? (
        <p className="dim">
          Nobody was told of it: no <Link to="/notifications">rule</Link> meant it.
        </p>
      ) : (
        <ul className="told">
          {told.slice(0, shownAtFirst).map((one) => (
            <li key={one.deliveries[0].id}>
              <span>{withoutName(one.headline, one.deliveries[0].thread.name)}</span>
              <span className="dim">
                <Time at={one.at} show="utc" />
              </span>
              <span className="row" style={{ gap: '0 12px', gridColumn: '1 / -1', justifySelf: 'start' }}>
                {one.deliveries.map((delivery) => (
                  <span key={delivery.id} title={delivery.problem?.message ?? delivery.receipt ?? undefined}>
                    <DeliveryState delivery={delivery} />{' '}
                    <span className="dim">
                      {delivery.channel}, {targetWords(delivery)}
                    </span>
                  </span>
                ))}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function ToldToMe({ id }: { id: string }) {
  const list = useInfiniteQuery(threadOptions(`event:${id}`))
  const entries = list.data?.pages.flatMap((page) => page.items) ?? []
  if (entries.length === 0) return null
  return (
    <Section
      title="What you were told"
      aside={
        <Link to="/inbox" search={{ thread: `event:${id}` }}>
          as a thread
        </Link>
      }
    >
      <ul className="told">
        {entries.slice(0, shownAtFirst).map((entry) => (
          <li key={entry.id}>
            <span>{withoutName(entry.headline, entry.thread.name)}</span>
            <span className="dim">
              <Time at={entry.at} show="utc" />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
