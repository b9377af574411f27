import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { send, sendBytes } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { reaches } from '#interface/web/app/rooms.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { duration } from '#interface/web/pieces/format.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { CalendarImport, Shift, Turn } from '#observatory/notifications/shift.ts'
import { daysOf, repeatWords, type DayPart } from './calendar.ts'
import { shiftsOptions, turnsOptions } from './queries.ts'
import { ShiftForm } from './shift-form.tsx'

const route = getRouteApi('/framed/notifications')
const dayMs = 86_400_000
const days = 14

/** Who watches now and in the next two weeks, and the shifts that this comes from. */
export function Shifts() {
  const { shift: chosen } = route.useSearch()
  const list = useQuery(shiftsOptions)
  const now = useMinute()
  // From today's midnight on, so that the question is the same all day long.
  const today = Math.floor(now / dayMs) * dayMs
  const turns = useQuery(
    turnsOptions(new Date(today).toISOString(), new Date(today + days * dayMs).toISOString()),
  )
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'operator')
  const failed = list.error ?? turns.error
  if (failed)
    return (
      <Problem
        error={failed}
        retry={() => void Promise.all([list.refetch(), turns.refetch()])}
        what="the shifts"
      />
    )
  if (!list.data || !turns.data) return <Loading />
  const shifts = list.data.items
  if (chosen !== undefined && may) {
    const shift = shifts.find((one) => one.id === chosen)
    if (shift || chosen === 'new') return <ShiftForm key={chosen} shift={shift} />
  }
  return (
    <div className="stack" style={{ gap: 24 }}>
      <div className="shift-head">
        <OnShift turns={turns.data.items} now={now} />
        {may && (
          <Link to="/notifications" search={{ tab: 'shifts', shift: 'new' }} className="button main">
            Add a shift
          </Link>
        )}
      </div>
      {shifts.length === 0 ? (
        <Empty title="No shifts yet.">
          <p>
            Rules can tell whoever is on shift.{' '}
            {may
              ? 'Add one, or import the calendar that you keep them in (iCalendar, .ics).'
              : 'Operators enter them or import a calendar.'}
          </p>
        </Empty>
      ) : (
        <>
          <Section title="The next two weeks" aside="days and hours in UTC; your clock on hover">
            <Calendar turns={turns.data.items} now={now} today={today} />
          </Section>
          <Section title="Shifts" aside="hours as they were entered">
            <ShiftList shifts={shifts} may={may} />
          </Section>
        </>
      )}
      {may && <ImportCalendar />}
    </div>
  )
}

function OnShift({ turns, now }: { turns: readonly Turn[]; now: number }) {
  const current = turns.filter((turn) => Date.parse(turn.start) <= now && now < Date.parse(turn.end))
  const next = turns.find((turn) => Date.parse(turn.start) > now)
  return (
    <div className="onshift" role="status">
      {current.length === 0 ? (
        <span>
          <State tone="waiting">Nobody is on shift now</State>
        </span>
      ) : (
        current.map((turn) => (
          <span key={turn.shiftId}>
            <State tone="running">On shift now:</State> <b>{namesOf(turn)}</b>{' '}
            <span className="dim">
              {turn.title}, until <Time at={turn.end} />
            </span>
          </span>
        ))
      )}
      {next && (
        <span className="dim">
          next {namesOf(next)}, <Time at={next.start} show="ago" />
        </span>
      )}
    </div>
  )
}

function namesOf(turn: Turn): string {
  return [...turn.people.map((person) => person.name), ...turn.unmatched].join(', ') || 'nobody'
}

function Calendar({ turns, now, today }: { turns: readonly Turn[]; now: number; today: number }) {
  return (
    <div className="days">
      {daysOf(turns, today, days).map((day, i) => (
        <div key={day.date} className={i === 0 ? 'day today' : 'day'}>
          <span className="dim">
            {day.weekday} {day.date.slice(5)}
            {i === 0 && ' · today'}
          </span>
          {day.parts.length === 0 ? (
            <span className="dim">–</span>
          ) : (
            <ul>
              {day.parts.map((part) => (
                <Part
                  key={`${part.turn.shiftId} ${part.turn.start}`}
                  part={part}
                  nowHour={i === 0 ? (now - today) / 3_600_000 : null}
                />
              ))}
            </ul>
          )}
        </div>
      ))}
    </div>
  )
}

function clock(hour: number): string {
  const minutes = Math.round(hour * 60)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

function Part({ part, nowHour }: { part: DayPart; nowHour: number | null }) {
  const { turn, fromHour, toHour, cut } = part
  const local = (at: string) => new Date(at).toLocaleString()
  return (
    <li>
      <span title={`${local(turn.start)} to ${local(turn.end)} by your clock`}>
        {cut === 'start' || cut === 'both' ? '…' : clock(fromHour)}–
        {cut === 'end' || cut === 'both' ? '…' : clock(toHour)}
      </span>
      <span className="strip" aria-hidden="true">
        <span style={{ left: `${(fromHour / 24) * 100}%`, width: `${((toHour - fromHour) / 24) * 100}%` }} />
        {nowHour !== null && <i style={{ left: `${(nowHour / 24) * 100}%` }} />}
      </span>
      <span>
        <b>{turn.people.map((person) => person.name).join(', ')}</b>
        {turn.unmatched.length > 0 && (
          <span className="field-problem" title="No account here has this address">
            {' '}
            ▲ {turn.unmatched.join(', ')}
          </span>
        )}{' '}
        <span className="dim">{turn.title}</span>
      </span>
    </li>
  )
}

function ShiftList({ shifts, may }: { shifts: readonly Shift[]; may: boolean }) {
  return (
    <div>
      {shifts.map((shift) => (
        <ShiftLine key={shift.id} shift={shift} may={may} />
      ))}
    </div>
  )
}

function ShiftLine({ shift, may }: { shift: Shift; may: boolean }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/shifts/${shift.id}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  return (
    <div className="rule-line">
      <div className="row">
        <b>{shift.title}</b>
        <span>{shift.people.map((person) => person.name).join(', ')}</span>
        {shift.unmatched.length > 0 && <State tone="needs">no account: {shift.unmatched.join(', ')}</State>}
      </div>
      {may && (
        <div className="row">
          {shift.calendar === null && (
            <Link to="/notifications" search={{ tab: 'shifts', shift: shift.id }}>
              Edit
            </Link>
          )}
          <button
            type="button"
            className="link-button"
            disabled={remove.isPending}
            onClick={() => remove.mutate()}
          >
            Remove
          </button>
        </div>
      )}
      <p className="rule-words dim">
        {shift.starts.slice(0, 16).replace('T', ' ')} {shift.zone}, {duration(shift.minutes * 60_000)},{' '}
        {repeatWords(shift.recurrence)}
        {shift.skipped.length > 0 && `, ${shift.skipped.length} left out`}
        {shift.calendar !== null && `; from the calendar “${shift.calendar}”`}
        {shift.nextStart === null && '; over'}
      </p>
      {remove.isError && <Problem error={remove.error} />}
    </div>
  )
}

/** An iCalendar file in place of an earlier import of the same calendar. */
function ImportCalendar() {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [file, setFile] = useState<File | null>(null)
  const take = useMutation({
    mutationFn: (bytes: File) =>
      sendBytes<CalendarImport>('/shifts/import', { calendar: name.trim() }, bytes, 'text/calendar'),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  return (
    <Section
      title="Import a calendar"
      aside="iCalendar (.ics); importing it again replaces what came from it"
    >
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (file) take.mutate(file)
        }}
      >
        <label className="labelled">
          File
          <input
            type="file"
            accept=".ics,text/calendar"
            onChange={(event) => setFile(event.target.files?.[0] ?? null)}
          />
        </label>
        <label className="labelled">
          Name of the calendar, if not its own
          <input className="field" value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <button type="submit" className="button" disabled={file === null || take.isPending}>
          {take.isPending ? 'Reading…' : 'Import'}
        </button>
      </form>
      {take.isError && <Problem error={take.error} what="nothing was imported" />}
      {take.data && (
        <div className="stack" role="status">
          <State tone="done">
            {take.data.shifts} shifts of {take.data.people} people from “{take.data.calendar}”
            {take.data.replaced > 0 ? `, in place of ${take.data.replaced}` : ''}
          </State>
          {take.data.unmatched.length > 0 && (
            <div className="problem partial">
              <b>Nobody here has these addresses</b>
              <span>
                {take.data.unmatched
                  .map(({ address, shifts }) => `${address} (${shifts} ${shifts === 1 ? 'shift' : 'shifts'})`)
                  .join(', ')}
              </span>
              <span className="dim">
                They are on shift, but are told nothing. Invite them, then import the calendar again.
              </span>
            </div>
          )}
          {take.data.refused.length > 0 && (
            <div className="problem partial">
              <b>Not taken</b>
              {take.data.refused.map((one) => (
                <span key={`${one.line} ${one.title}`}>
                  Line {one.line}, {one.title}: {one.reason}
                </span>
              ))}
            </div>
          )}
        </div>
      )}
    </Section>
  )
}
