import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { PlanDetail, PlanEdits } from '#observatory/plans/plan.ts'
import type { Role } from '#observatory/people/actor.ts'
import { parseDirection } from '#science/sky/angles.ts'

/** What a person changes of a plan before it is solved again. */
export interface Edits {
  readonly may: boolean
  readonly now: PlanEdits
  readonly changed: number
  toggle(what: 'drop' | 'pin', key: string): void
  lock(number: number): void
  add(field: PlanEdits['add'][number]): void
  unadd(index: number): void
  clear(): void
  readonly solve: { run: () => void; pending: boolean; error: Error | null }
}

const none: PlanEdits = { drop: [], pin: [], lock: [], add: [] }

/** What was decided for this version stays decided: dropped stays dropped, pinned and added stay in. */
function keptOf(plan: PlanDetail): PlanEdits {
  const before = plan.request.edits
  if (!before) return none
  const added = before.add.flatMap(({ telescope, id }) => (id === undefined ? [] : [`${telescope}/${id}`]))
  return { ...none, drop: before.drop, pin: [...new Set([...before.pin, ...added])] }
}

export function useEdits(plan: PlanDetail, role: Role | null): Edits {
  const [kept] = useState(() => keptOf(plan))
  const [now, setNow] = useState(kept)
  const navigate = useNavigate()
  const solve = useMutation({
    mutationFn: () => send<PlanDetail>('POST', `/plans/${plan.id}/resolve`, { edits: now }),
    onSuccess: (next) => void navigate({ to: '/plans/$id', params: { id: next.id } }),
  })
  const flip = <T,>(list: readonly T[], one: T): T[] =>
    list.includes(one) ? list.filter((other) => other !== one) : [...list, one]
  const differing = (what: 'drop' | 'pin') =>
    now[what].filter((key) => !kept[what].includes(key)).length +
    kept[what].filter((key) => !now[what].includes(key)).length
  return {
    may:
      reaches(role, 'member') &&
      (plan.state === 'ready' || plan.state === 'failed' || plan.state === 'cancelled'),
    now,
    changed: differing('drop') + differing('pin') + now.lock.length + now.add.length,
    // What is dropped can't be pinned, and the other way round.
    toggle: (what, key) =>
      setNow((old) => {
        const other = what === 'drop' ? 'pin' : 'drop'
        return { ...old, [what]: flip(old[what], key), [other]: old[other].filter((one) => one !== key) }
      }),
    lock: (number) => setNow((old) => ({ ...old, lock: flip(old.lock, number) })),
    add: (field) => setNow((old) => ({ ...old, add: [...old.add, field] })),
    unadd: (index) => setNow((old) => ({ ...old, add: old.add.filter((_, i) => i !== index) })),
    clear: () => setNow(kept),
    solve: { run: () => solve.mutate(), pending: solve.isPending, error: solve.error },
  }
}

/** What is changed so far, and the act that makes the next version of it. */
export function EditsBar({ plan, edits }: { plan: PlanDetail; edits: Edits }) {
  if (!edits.may || edits.changed === 0) return null
  const { now } = edits
  const words = [
    now.drop.length > 0 && `${now.drop.length} dropped`,
    now.pin.length > 0 && `${now.pin.length} pinned`,
    now.lock.length > 0 && `${now.lock.length} locked`,
    now.add.length > 0 && `${now.add.length} added`,
  ].filter(Boolean)
  return (
    <div className="edits" role="status">
      <span>
        <b>{words.join(', ') || 'Changes taken back'}</b>
        <span className="dim"> · version {plan.version} stays as it is</span>
      </span>
      {now.add.map((field, i) => (
        <span key={field.id ?? i} className="tag">
          {field.telescope} {field.id}{' '}
          <button
            type="button"
            className="link-button"
            aria-label={`Do not add ${field.id ?? 'it'}`}
            onClick={() => edits.unadd(i)}
          >
            ✕
          </button>
        </span>
      ))}
      <button
        type="button"
        className="button main"
        disabled={edits.solve.pending}
        onClick={() => edits.solve.run()}
      >
        Solve again
      </button>
      <button type="button" className="link-button" onClick={() => edits.clear()}>
        Forget the changes
      </button>
      {edits.solve.error && <Problem error={edits.solve.error} />}
    </div>
  )
}

/** A field of one's own: a place in any notation, for one of the telescopes. */
export function AddField({ plan, edits }: { plan: PlanDetail; edits: Edits }) {
  const [telescope, setTelescope] = useState(plan.telescopes[0] ?? '')
  const [place, setPlace] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  if (!edits.may) return null
  return (
    <form
      className="filters"
      aria-label="Add a field"
      style={{ margin: '10px 0 0' }}
      onSubmit={(event) => {
        event.preventDefault()
        try {
          const { ra, dec } = parseDirection(place)
          const id = `${ra.toFixed(3)}${dec < 0 ? '-' : '+'}${Math.abs(dec).toFixed(3)}`
          edits.add({ telescope, id, ra, dec })
          setPlace('')
          setWrong(null)
        } catch (error) {
          setWrong(error instanceof Error ? error.message : String(error))
        }
      }}
    >
      <select
        className="select"
        aria-label="Telescope of the new field"
        value={telescope}
        onChange={(event) => setTelescope(event.target.value)}
      >
        {plan.telescopes.map((slug) => (
          <option key={slug} value={slug}>
            {slug}
          </option>
        ))}
      </select>
      <input
        className="field"
        style={{ flex: '0 1 240px' }}
        aria-label="Place of the new field"
        aria-invalid={wrong !== null}
        aria-describedby={wrong ? 'add-field-wrong' : undefined}
        placeholder="RA Dec: 10h08m22s +12d18m"
        value={place}
        onChange={(event) => {
          setPlace(event.target.value)
          setWrong(null)
        }}
      />
      <button type="submit" className="button" disabled={place.trim() === ''}>
        Add a field
      </button>
      {wrong && (
        <span id="add-field-wrong" role="alert" style={{ color: 'var(--failed)' }}>
          {wrong}
        </span>
      )}
    </form>
  )
}
