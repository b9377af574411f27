import { Modal } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { send } from '#interface/web/api/client.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { utc } from '#interface/web/pieces/format.ts'
import type { EventDetail } from '#observatory/alerts/event.ts'
import type { Role } from '#observatory/people/actor.ts'

/** What may be done with an event now, by whom is looking. */
export function EventActs(props: { event: EventDetail; role: Role | null; children?: ReactNode }) {
  const { event, role, children } = props
  const [open, setOpen] = useState<'merge' | 'split' | null>(null)
  const client = useQueryClient()
  const path = `/events/${encodeURIComponent(event.id)}`
  const refresh = () => client.invalidateQueries({ queryKey: ['event'] })
  const keep = useMutation({
    mutationFn: () => send('PATCH', path, { kept: !event.kept }),
    onSuccess: refresh,
  })
  if (!reaches(role, 'member')) return <div className="event-acts">{children}</div>
  const expires = event.role === 'test' || event.role === 'mock'
  return (
    <div className="event-acts">
      {event.status === 'active' && event.place.state === 'ready' && (
        <Link to="/plans/new" search={{ event: event.id }} className="button main">
          Plan
        </Link>
      )}
      {children}
      {expires && (
        <button type="button" className="button" disabled={keep.isPending} onClick={() => keep.mutate()}>
          {event.kept ? 'Let it expire' : 'Keep'}
        </button>
      )}
      {reaches(role, 'operator') && (
        <>
          <button type="button" className="button" onClick={() => setOpen('merge')}>
            Merge…
          </button>
          {event.notices.length > 1 && (
            <button type="button" className="button" onClick={() => setOpen('split')}>
              Split…
            </button>
          )}
        </>
      )}
      {keep.isError && <Problem error={keep.error} />}
      <Modal
        opened={open === 'merge'}
        onClose={() => setOpen(null)}
        title={`Merge another event into ${event.name}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Merge event={event} path={path} done={() => setOpen(null)} />
      </Modal>
      <Modal
        opened={open === 'split'}
        onClose={() => setOpen(null)}
        title={`Split notices off ${event.name}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Split event={event} path={path} done={() => setOpen(null)} />
      </Modal>
    </div>
  )
}

function Merge({ event, path, done }: { event: EventDetail; path: string; done: () => void }) {
  const [other, setOther] = useState('')
  const client = useQueryClient()
  const merge = useMutation({
    mutationFn: () => send('POST', `${path}/merge`, { other: other.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries()
      done()
    },
  })
  return (
    <form
      className="stack"
      onSubmit={(submit) => {
        submit.preventDefault()
        merge.mutate()
      }}
    >
      <p className="dim">
        All notices and names of the other event come to {event.name}. It can be undone by a split; the
        history keeps both.
      </p>
      <label className="stack" style={{ gap: 4 }}>
        Name or id of the other event
        <input
          className="field"
          data-autofocus
          value={other}
          onChange={(change) => setOther(change.target.value)}
          required
        />
      </label>
      {merge.isError && <Problem error={merge.error} />}
      <div className="row">
        <button type="submit" className="button main" disabled={merge.isPending || other.trim() === ''}>
          Merge into {event.name}
        </button>
        <button type="button" className="button" onClick={done}>
          Cancel
        </button>
      </div>
    </form>
  )
}

function Split({ event, path, done }: { event: EventDetail; path: string; done: () => void }) {
  const [chosen, setChosen] = useState<string[]>([])
  const client = useQueryClient()
  const navigate = useNavigate()
  const split = useMutation({
    mutationFn: () => send<{ id?: string }>('POST', `${path}/split`, { notices: chosen }),
    onSuccess: async (answer) => {
      await client.invalidateQueries()
      done()
      if (answer.id && answer.id !== event.id) void navigate({ to: '/events/$id', params: { id: answer.id } })
    },
  })
  return (
    <form
      className="stack"
      onSubmit={(submit) => {
        submit.preventDefault()
        split.mutate()
      }}
    >
      <p className="dim">The chosen notices become an event of their own.</p>
      <div className="stack" style={{ gap: 4 }}>
        {event.notices.map((notice) => (
          <label key={notice.id} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(notice.id)}
              onChange={() =>
                setChosen((old) =>
                  old.includes(notice.id) ? old.filter((id) => id !== notice.id) : [...old, notice.id],
                )
              }
            />
            {notice.title}{' '}
            <span className="dim">{utc(Date.parse(notice.createdAt ?? notice.receivedAt))}</span>
          </label>
        ))}
      </div>
      {split.isError && <Problem error={split.error} />}
      <div className="row">
        <button
          type="submit"
          className="button main"
          disabled={split.isPending || chosen.length === 0 || chosen.length === event.notices.length}
        >
          Split off {chosen.length || ''}
        </button>
        <button type="button" className="button" onClick={done}>
          Cancel
        </button>
      </div>
    </form>
  )
}
