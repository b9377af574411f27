import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Acknowledgement } from '#observatory/notifications/acknowledgement.ts'
import { acknowledgementOptions } from './queries.ts'

/** Takes charge of what a thread is about. */
export function useAcknowledge(subject: { kind: string; id: string } | undefined) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () =>
      send<Acknowledgement>('POST', '/acknowledgements', { kind: subject?.kind, id: subject?.id }),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
}

/** Who has taken charge, or the button by which one does. `wanted`: a rule waits for it. */
export function Acknowledge(props: { subject: { kind: string; id: string }; wanted?: boolean }) {
  const { subject, wanted } = props
  const me = useQuery(meOptions).data
  const done = useQuery(acknowledgementOptions(`${subject.kind}:${subject.id}`)).data
  const take = useAcknowledge(subject)
  if (!done) return null
  const [first] = done.items
  if (first)
    return (
      <span className="acknowledged">
        <State tone="done">Acknowledged</State>{' '}
        <span className="dim">
          by {first.by.name}
          {first.through === 'page' ? '' : `, ${first.through}`} · <Time at={first.at} show="ago" />
        </span>
      </span>
    )
  if (!reaches(me?.role ?? null, 'member'))
    return wanted ? <State tone="needs">nobody has acknowledged</State> : null
  return (
    <>
      <button
        type="button"
        className={wanted ? 'button main' : 'button'}
        title="Say that you are on it: reminders and escalations stop"
        disabled={take.isPending}
        onClick={() => take.mutate()}
      >
        Acknowledge
      </button>
      {take.isError && <Problem error={take.error} />}
    </>
  )
}
