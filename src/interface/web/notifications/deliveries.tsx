import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { get, send } from '#interface/web/api/client.ts'
import { Pick } from '#interface/web/pieces/filters.tsx'
import { Listing, useRows } from '#interface/web/pieces/listing.tsx'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { Empty } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import type { EventDetail } from '#observatory/alerts/event.ts'
import { deliveryStates } from '#observatory/notifications/delivery.ts'
import type { Delivery } from '#observatory/notifications/delivery.ts'
import { DeliveryState, stateWords, targetWords } from './delivery-words.tsx'
import { channelsOptions, deliveriesOptions } from './queries.ts'
import { plain } from './threads.ts'

const route = getRouteApi('/framed/notifications')

/** What went out, to whom, by which way; what waits, and what was given up. */
export function Deliveries() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const filter = { state: search.state, channel: search.channel, subject: search.subject }
  const list = useInfiniteQuery({ ...deliveriesOptions(filter), refetchInterval: 15_000 })
  const dead = useInfiniteQuery(deliveriesOptions({ state: 'dead' }, 50)).data?.pages[0]
  const channels = useQuery(channelsOptions).data?.items ?? []
  const rows = useRows(list)
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: { ...search, ...part }, replace: true })
  const filtered = Object.values(filter).some((value) => value !== undefined)
  return (
    <>
      {dead && dead.items.length > 0 && search.state !== 'dead' && (
        <div className="banner" role="status">
          <b>▲ {`${dead.items.length}${dead.next ? '+' : ''}`} given up</b>
          <span>
            Nobody got these messages.{' '}
            <Link to="/notifications" search={{ tab: 'deliveries', state: 'dead' }}>
              Look at them
            </Link>
          </span>
        </div>
      )}
      <div className="filters">
        <Pick
          label="State"
          value={search.state}
          all="any state"
          among={deliveryStates.map((state) => [state, stateWords[state]] as const)}
          change={(state) => change({ state })}
        />
        <Pick
          label="Channel"
          value={search.channel}
          all="any channel"
          among={channels.map(({ name }) => [name, name] as const)}
          change={(channel) => change({ channel })}
        />
        <OfEvent
          subject={search.subject}
          name={rows[0]?.thread.name}
          change={(subject) => change({ subject })}
        />
        {filtered && (
          <Link to="/notifications" search={{ tab: 'deliveries' }}>
            Clear
          </Link>
        )}
      </div>
      <Listing
        list={list}
        rows={rows}
        words={['delivery', 'deliveries']}
        filtered={filtered}
        clear={() => void navigate({ search: { tab: 'deliveries' } })}
        none={
          <Empty title="Nothing was sent yet.">
            <p>
              Every message that a rule sends is listed here, with its attempts and the receipt of the
              channel.
            </p>
          </Empty>
        }
        name="deliveries"
        columns={columns}
        keyOf={(row) => row.id}
        compact={(row) => <Compact delivery={row} />}
        fetchAll={() => everyRow<Delivery>('/deliveries', filter)}
      />
    </>
  )
}

/** Chooses the event by its name; the address keeps its id. */
function OfEvent(props: {
  subject: string | undefined
  name: string | undefined
  change: (subject: string | undefined) => void
}) {
  const { subject, name, change } = props
  const [text, setText] = useState('')
  const find = useMutation({
    mutationFn: (typed: string) => get<EventDetail>(`/events/${encodeURIComponent(typed)}`),
    onSuccess: (event) => {
      setText('')
      change(`event:${event.id}`)
    },
  })
  if (subject !== undefined)
    return (
      <span className="chip">
        {name ?? subject}
        <button type="button" aria-label="Of any event" onClick={() => change(undefined)}>
          ×
        </button>
      </span>
    )
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '') find.mutate(text.trim())
      }}
    >
      <input
        className="field"
        aria-label="Event"
        placeholder="event, by name"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {find.isError && <span className="field-problem">{find.error.message}</span>}
    </form>
  )
}

function Thread({ delivery }: { delivery: Delivery }) {
  const { kind, id, name } = delivery.thread
  return kind === 'event' ? (
    <Link to="/events/$id" params={{ id }}>
      {name}
    </Link>
  ) : (
    <>{name}</>
  )
}

/** What a channel answered, or why it did not. */
function Outcome({ delivery }: { delivery: Delivery }) {
  if (delivery.problem)
    return (
      <span className="delivery-problem" title={`${delivery.problem.message} (${delivery.problem.code})`}>
        {delivery.problem.message}
      </span>
    )
  if (delivery.receipt === null)
    return delivery.notBefore ? (
      <span className="dim">
        not before <Time at={delivery.notBefore} show="utc" />
      </span>
    ) : (
      <span className="dim">–</span>
    )
  return (
    <span className="delivery-problem dim" title={delivery.receipt}>
      {delivery.url ? (
        <a href={delivery.url} target="_blank" rel="noreferrer">
          {delivery.receipt}
        </a>
      ) : (
        delivery.receipt
      )}
    </span>
  )
}

function Retry({ delivery }: { delivery: Delivery }) {
  const client = useQueryClient()
  const retry = useMutation({
    mutationFn: () => send('POST', `/deliveries/${delivery.id}/retry`),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  if (delivery.state !== 'dead' && delivery.state !== 'dropped') return null
  return retry.isError ? (
    <span className="field-problem">{retry.error.message}</span>
  ) : (
    <button type="button" className="link-button" disabled={retry.isPending} onClick={() => retry.mutate()}>
      Send again
    </button>
  )
}

const columns: Column<Delivery>[] = [
  {
    id: 'at',
    header: 'When (UTC)',
    cell: (row) => <Time at={row.createdAt} show="utc" />,
    plain: (row) => row.createdAt,
  },
  {
    id: 'state',
    header: 'State',
    cell: (row) => (
      <>
        <DeliveryState delivery={row} /> <Retry delivery={row} />
      </>
    ),
    plain: (row) => row.state,
  },
  { id: 'channel', header: 'Channel', cell: (row) => row.channel, plain: (row) => row.channel },
  { id: 'to', header: 'To', cell: (row) => targetWords(row), plain: (row) => targetWords(row) },
  {
    id: 'thread',
    header: 'About',
    cell: (row) => <Thread delivery={row} />,
    plain: (row) => row.thread.name,
  },
  {
    id: 'headline',
    header: 'What',
    cell: (row) => (
      <span className="delivery-problem" title={plain(row.headline)}>
        {row.form !== 'news' && <State tone="needs">{row.form}</State>} {plain(row.headline)}
      </span>
    ),
    plain: (row) => row.headline,
  },
  { id: 'rule', header: 'Rule', hidden: true, cell: (row) => row.rule ?? '–', plain: (row) => row.rule },
  {
    id: 'kind',
    header: 'Kind',
    hidden: true,
    cell: (row) => <code>{row.kind}</code>,
    plain: (row) => row.kind,
  },
  {
    id: 'attempts',
    header: 'Attempts',
    right: true,
    cell: (row) => (
      <span title={row.uncertain ? 'An attempt may have gone out' : undefined}>
        {row.attempts}
        {row.uncertain ? ' ?' : ''}
      </span>
    ),
    plain: (row) => row.attempts,
  },
  {
    id: 'outcome',
    header: 'Receipt, or why not',
    cell: (row) => <Outcome delivery={row} />,
    plain: (row) => row.problem?.message ?? row.receipt,
  },
]

function Compact({ delivery }: { delivery: Delivery }) {
  return (
    <div className="stack" style={{ gap: 1 }}>
      <span style={{ overflowWrap: 'anywhere' }}>{plain(delivery.headline)}</span>
      <span className="row" style={{ gap: '0 12px' }}>
        <DeliveryState delivery={delivery} />
        <span className="dim">
          {delivery.channel}, {targetWords(delivery)}
        </span>
        <span className="dim">
          <Time at={delivery.createdAt} show="ago" />
        </span>
        {delivery.attempts > 1 && <span className="dim">{delivery.attempts} attempts</span>}
        <Retry delivery={delivery} />
      </span>
      {delivery.problem && <Outcome delivery={delivery} />}
    </div>
  )
}
