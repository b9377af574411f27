import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { peopleOptions } from '#interface/web/api/queries.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Shift } from '#observatory/notifications/shift.ts'
import {
  laterClock,
  minutesBetween,
  recurrenceOf,
  repeatOf,
  weekdays,
  weekdayWord,
  type Repeat,
} from './calendar.ts'
import { Chips } from './chips.tsx'
import { Zones } from './zones.tsx'

const route = getRouteApi('/framed/notifications')

/** A shift to be added or changed, in clock times of its own zone. */
export function ShiftForm({ shift }: { shift: Shift | undefined }) {
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const people = useInfiniteQuery(peopleOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const [title, setTitle] = useState(shift?.title ?? '')
  const [who, setWho] = useState<string[]>(shift?.people.map((person) => person.id) ?? [])
  const [zone, setZone] = useState(shift?.zone ?? 'UTC')
  const [starts, setStarts] = useState(
    () => shift?.starts.slice(0, 16) ?? `${new Date().toISOString().slice(0, 10)}T20:00`,
  )
  const [ends, setEnds] = useState(laterClock(starts, shift?.minutes ?? 480))
  const [repeat, setRepeat] = useState<Repeat>(repeatOf(shift?.recurrence ?? null))
  const [skipped, setSkipped] = useState<string[]>(shift?.skipped.map((one) => one.slice(0, 16)) ?? [])
  const nameOf = (id: string) =>
    shift?.people.find((person) => person.id === id)?.name ??
    people.find((person) => person.id === id)?.name ??
    id
  const save = useMutation({
    mutationFn: () => {
      const body = { title, people: who, starts, ends, zone, recurrence: recurrenceOf(repeat), skipped }
      return shift ? send('PUT', `/shifts/${shift.id}`, body) : send('POST', '/shifts', body)
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['notifications'] })
      void navigate({ search: { tab: 'shifts' } })
    },
  })
  return (
    <>
      <div className="row" style={{ margin: '4px 0 12px' }}>
        <Link to="/notifications" search={{ tab: 'shifts' }}>
          ‹ All shifts
        </Link>
        <h2 style={{ fontSize: 16 }}>{shift ? shift.title : 'New shift'}</h2>
      </div>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <label className="labelled">
          Title
          <input
            className="field"
            required
            maxLength={200}
            placeholder="Night watch"
            value={title}
            onChange={(event) => setTitle(event.target.value)}
          />
        </label>
        <div className="labelled">
          Who
          <Chips
            label="Who"
            values={who}
            onChange={setWho}
            words={nameOf}
            placeholder="add somebody…"
            options={people.map((person) => ({
              value: person.id,
              label: person.email ? `${person.name}, ${person.email}` : person.name,
            }))}
          />
        </div>
        <div className="form-grid">
          <ClockField
            label="From"
            value={starts}
            change={(next) => {
              // The end is moved along, so that the length stays.
              const length = minutesBetween(starts, ends)
              const moved = length !== null && minutesBetween(next, ends) !== null
              setStarts(next)
              if (moved) setEnds(laterClock(next, length))
            }}
          />
          <ClockField label="To" value={ends} change={setEnds} />
          <label className="labelled">
            Time zone of these clocks
            <input
              className="field"
              list="zones"
              required
              value={zone}
              onChange={(event) => setZone(event.target.value)}
            />
          </label>
          <Zones />
          <RepeatChoice repeat={repeat} change={setRepeat} />
        </div>
        {repeat.how === 'weekly' && (
          <div className="weekdays" role="group" aria-label="On which days">
            {weekdays.map((day) => (
              <label key={day} className="check">
                <input
                  type="checkbox"
                  checked={repeat.days.includes(day)}
                  onChange={() =>
                    setRepeat({
                      how: 'weekly',
                      days: repeat.days.includes(day)
                        ? repeat.days.filter((one) => one !== day)
                        : [...repeat.days, day],
                    })
                  }
                />
                {weekdayWord(day)}
              </label>
            ))}
          </div>
        )}
        {repeat.how !== 'once' && (
          <div className="labelled">
            Beginnings that are left out
            <Chips
              label="Beginnings that are left out"
              values={skipped}
              onChange={(values) => setSkipped(values.map((value) => value.replace(' ', 'T')))}
              words={(value) => value.replace('T', ' ')}
              placeholder={starts.replace('T', ' ')}
            />
          </div>
        )}
        {save.isError && <Problem error={save.error} what="not saved" />}
        <div className="row" style={{ alignItems: 'center' }}>
          <button
            type="submit"
            className="button main"
            disabled={
              save.isPending || who.length === 0 || (repeat.how === 'weekly' && repeat.days.length === 0)
            }
          >
            {shift ? 'Save' : 'Add the shift'}
          </button>
          <Link to="/notifications" search={{ tab: 'shifts' }} className="button">
            Cancel
          </Link>
        </div>
      </form>
    </>
  )
}

/** A clock time, written the same way in every browser. */
function ClockField(props: { label: string; value: string; change: (value: string) => void }) {
  const { label, value, change } = props
  return (
    <label className="labelled">
      {label}
      <input
        className="field"
        required
        pattern="\d{4}-\d{2}-\d{2} \d{2}:\d{2}"
        title="year-month-day hour:minute"
        placeholder="2026-11-21 20:00"
        value={value.replace('T', ' ')}
        onChange={(event) => change(event.target.value.replace(' ', 'T'))}
      />
    </label>
  )
}

function RepeatChoice({ repeat, change }: { repeat: Repeat; change: (repeat: Repeat) => void }) {
  return (
    <>
      <label className="labelled">
        Repeats
        <select
          className="select"
          value={repeat.how}
          onChange={(event) => {
            const how = event.target.value as Repeat['how']
            change(
              how === 'weekly'
                ? { how, days: ['MO'] }
                : how === 'rule'
                  ? { how, rule: recurrenceOf(repeat) ?? 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO' }
                  : { how },
            )
          }}
        >
          <option value="once">not at all</option>
          <option value="daily">every day</option>
          <option value="weekly">every week on…</option>
          <option value="rule">by a rule (RFC 5545)</option>
        </select>
      </label>
      {repeat.how === 'rule' && (
        <label className="labelled">
          Rule
          <input
            className="field"
            required
            value={repeat.rule}
            onChange={(event) => change({ how: 'rule', rule: event.target.value })}
          />
        </label>
      )}
    </>
  )
}
