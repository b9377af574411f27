import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { eventOptions, eventsOptions, meOptions } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { reaches } from '#interface/web/app/rooms.ts'
import { PlaceArea, RoleTag } from '#interface/web/events/words.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { utc } from '#interface/web/pieces/format.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { useDarkness } from '#interface/web/telescopes/darkness.tsx'
import { telescopesOptions } from '#interface/web/telescopes/queries.ts'
import type { EventSummary } from '#observatory/alerts/event.ts'
import type { PlanDetail, PlanRequest, TelescopeRequest } from '#observatory/plans/plan.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { fieldErrors } from './errors.ts'
import { NumberField } from './fields.tsx'
import { LeaveOut } from './leave-out.tsx'
import './plans.css'
import { planOptions, plansOptions } from './queries.ts'
import { suggested } from './suggest.ts'
import { TelescopeChoice } from './telescope-choice.tsx'
import { TelescopeOptions } from './telescope-options.tsx'
import { sentTerms, termsOf, TermsFields, usualTerms } from './terms.tsx'
import type { Terms } from './terms.tsx'

const route = getRouteApi('/framed/plans/new')

/** A new plan, or a new version of one: everything is filled in already, one press suffices. */
export function NewPlan() {
  const { like, event } = route.useSearch()
  const me = useQuery(meOptions).data
  const before = useQuery({ ...planOptions(like ?? ''), enabled: like !== undefined })
  const telescopes = useQuery(telescopesOptions)
  const events = useInfiniteQuery(eventsOptions({ state: 'active' }))
  const last = useInfiniteQuery(plansOptions({}))
  useEffect(() => {
    document.title = like ? 'A new version · Urania' : 'A new plan · Urania'
  }, [like])
  const failed = [before, telescopes, events].find((one) => one.isError)
  const title = like ? 'A new version' : 'A new plan'
  if (me && !reaches(me.role, 'member'))
    return (
      <>
        <h1>{title}</h1>
        <Empty title="Only members, operators and administrators make plans.">
          <p>Your role is {me.role ?? 'none'}.</p>
        </Empty>
      </>
    )
  if (failed)
    return (
      <>
        <h1>{title}</h1>
        <Problem error={failed.error} retry={() => void failed.refetch()} what="the form" />
      </>
    )
  const known = events.data?.pages.flatMap((page) => page.items) ?? []
  if (!telescopes.data || !events.data || last.isPending || (like !== undefined && !before.data))
    return (
      <>
        <h1>{title}</h1>
        <Loading lines={10} />
      </>
    )
  return (
    <PlanForm
      key={`${like} ${event}`}
      telescopes={telescopes.data.items}
      events={known}
      event={event}
      before={like === undefined ? undefined : before.data}
      lastUsed={last.data?.pages[0]?.items.find((plan) => (plan.probability ?? 0) > 0)?.telescopes ?? []}
    />
  )
}

/** `2026-11-21 19:00`, UTC as everywhere: a browser's own field would ask in local words. */
function fieldTime(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}

/** ISO moment of what stands in the field; null for what is none. */
function momentOf(text: string): string | null {
  const [, date, time] = /^\s*(\d{4}-\d\d-\d\d)[T ]+(\d\d:\d\d)(?::\d\d)?\s*Z?\s*$/.exec(text) ?? []
  const iso = `${date}T${time}:00Z`
  return date === undefined || Number.isNaN(Date.parse(iso)) ? null : iso
}

interface Draft {
  event: string
  /** Undefined until somebody chose: then the suggestion stands. */
  asked: readonly TelescopeRequest[] | undefined
  /** Empty: from now on. */
  start: string
  terms: Terms
  observed: PlanRequest['observed']
  title: string
}

function PlanForm(props: {
  telescopes: readonly Telescope[]
  events: readonly EventSummary[]
  event: string | undefined
  before: PlanDetail | undefined
  lastUsed: readonly string[]
}) {
  const { telescopes, events, before, lastUsed } = props
  const now = useMinute()
  const navigate = useNavigate()
  const client = useQueryClient()
  const [draft, setDraft] = useState<Draft>(() => {
    const place =
      before?.eventId ?? props.event ?? events.find((one) => one.place.state === 'ready')?.id ?? ''
    const isAhead = before !== undefined && Date.parse(before.end) > Date.now()
    return {
      event: events.find((one) => one.id === place || one.name === place)?.id ?? place,
      asked: before?.request.telescopes,
      start: isAhead && Date.parse(before.start) > Date.now() ? fieldTime(before.start) : '',
      terms: before ? termsOf(before.request) : usualTerms,
      observed: before?.request.observed ?? [],
      title: '',
    }
  })
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }))
  const event = usePlannedEvent(draft.event, events)
  const dark = useDarkness(now)
  const known = new Map(telescopes.map((one) => [one.slug, one]))
  const usual = lastUsed.filter((slug) => known.has(slug))
  const offered = usual.length > 0 ? usual : suggested(telescopes, { dec: event?.place.dec ?? null }, dark)
  const asked = draft.asked ?? offered.map(blank)
  const slugs = asked.map((one) => one.telescope)
  const start = momentOf(draft.start)
  const wrongStart = draft.start.trim() !== '' && start === null
  const submit = useMutation({
    mutationFn: () => {
      const body = {
        telescopes: asked,
        ...sentTerms(draft.terms),
        observed: draft.observed,
        ...(start === null ? {} : { start }),
        ...(draft.title.trim() ? { title: draft.title.trim() } : {}),
      }
      return before
        ? send<PlanDetail>('POST', `/plans/${before.id}/resolve`, {
            edits: before.request.edits
              ? { drop: before.request.edits.drop, pin: before.request.edits.pin, lock: [], add: [] }
              : { drop: [], pin: [], lock: [], add: [] },
            change: { start: new Date().toISOString(), ...body },
          })
        : send<PlanDetail>('POST', '/plans', { event: draft.event, ...body })
    },
    onSuccess: async (plan) => {
      await client.invalidateQueries({ queryKey: ['plans'] })
      void navigate({ to: '/plans/$id', params: { id: plan.id } })
    },
  })
  const wrong = fieldErrors(submit.error, slugs)
  const toggle = (slug: string) =>
    change({
      asked: slugs.includes(slug) ? asked.filter((one) => one.telescope !== slug) : [...asked, blank(slug)],
    })
  const begins = start === null ? now : Date.parse(start)
  return (
    <form
      className="form"
      onSubmit={(submitted) => {
        submitted.preventDefault()
        submit.mutate()
      }}
    >
      <div className="page-head" style={{ marginBottom: 0 }}>
        <h1>{before ? `${before.title}: a new version` : 'A new plan'}</h1>
        {before && (
          <Link to="/plans/$id" params={{ id: before.id }}>
            Back to version {before.version}
          </Link>
        )}
      </div>
      <Section title="What and when">
        <div className="form-grid">
          <label className="stack" style={{ gridColumn: 'span 2' }}>
            Event
            <select
              className="select"
              required
              disabled={before !== undefined}
              value={draft.event}
              onChange={(changed) => change({ event: changed.target.value })}
            >
              <option value="">choose an event</option>
              {draft.event && !events.some((one) => one.id === draft.event) && (
                <option value={draft.event}>{event?.name ?? before?.eventName ?? draft.event}</option>
              )}
              {events.map((one) => (
                <option key={one.id} value={one.id} disabled={one.place.state !== 'ready'}>
                  {one.name}
                  {one.place.state === 'ready' ? '' : ' (no map yet)'}
                </option>
              ))}
            </select>
            {event && (
              <span className="hint">
                90 % in <PlaceArea event={event} /> <RoleTag event={event} />
              </span>
            )}
          </label>
          <label className="stack">
            Starts (UTC)
            <input
              className="field"
              placeholder={`now, or ${fieldTime(new Date(now + 6 * 3_600_000).toISOString())}`}
              aria-invalid={wrongStart}
              aria-describedby="starts-more"
              value={draft.start}
              onChange={(changed) => change({ start: changed.target.value })}
            />
            <span id="starts-more" className={wrongStart ? 'wrong' : 'hint'}>
              {wrongStart ? (
                'Write it as 2026-11-22 01:30, UTC.'
              ) : draft.start ? (
                <button type="button" className="link-button" onClick={() => change({ start: '' })}>
                  From now on
                </button>
              ) : (
                'empty: from now on'
              )}
            </span>
          </label>
          <NumberField
            label="Hours"
            value={draft.terms.hours}
            min={0.1}
            max={336}
            required
            set={(hours) => hours !== undefined && change({ terms: { ...draft.terms, hours } })}
            hint={`until ${utc(begins + draft.terms.hours * 3_600_000).slice(0, 16)}; 24 h hold one night everywhere`}
          />
        </div>
      </Section>
      <Section
        title="Telescopes"
        aside={
          draft.asked === undefined
            ? usual.length > 0
              ? 'as in the last plan'
              : 'the widest that see it from a night within a day'
            : undefined
        }
      >
        <TelescopeChoice
          telescopes={telescopes}
          chosen={new Set(slugs)}
          first={before ? before.telescopes : offered}
          toggle={toggle}
        />
        {slugs.length === 0 && (
          <p className="wrong" role="alert" style={{ marginTop: 6 }}>
            Choose at least one telescope.
          </p>
        )}
        <div className="stack" style={{ marginTop: 14 }}>
          {asked.map((one) => {
            const telescope = known.get(one.telescope)
            return telescope ? (
              <TelescopeOptions
                key={one.telescope}
                telescope={telescope}
                asked={one}
                isOpen={false}
                wrong={wrong.telescopes[one.telescope] ?? []}
                change={(next) =>
                  change({ asked: asked.map((other) => (other.telescope === one.telescope ? next : other)) })
                }
              />
            ) : (
              <p key={one.telescope} className="wrong">
                There is no telescope {one.telescope} any more.
              </p>
            )
          })}
        </div>
      </Section>
      <Section title="How">
        <TermsFields terms={draft.terms} change={(part) => change({ terms: { ...draft.terms, ...part } })} />
      </Section>
      <Section title="Leave out">
        <LeaveOut
          without={draft.terms.without}
          setWithout={(without) => change({ terms: { ...draft.terms, without } })}
          observed={draft.observed}
          setObserved={(observed) => change({ observed })}
        />
      </Section>
      {submit.isError && (wrong.rest.length > 0 || Object.keys(wrong.telescopes).length === 0) && (
        <Problem error={submit.error} what="the plan" />
      )}
      <div className="form-acts">
        <button
          type="submit"
          className="button main"
          disabled={submit.isPending || wrongStart || slugs.length === 0 || draft.event === ''}
        >
          {before ? 'Make the new version' : 'Make the plan'}
        </button>
        <span className="dim">
          {slugs.length} {slugs.length === 1 ? 'telescope' : 'telescopes'}, {draft.terms.hours} h, at most{' '}
          {draft.terms.seconds} s for the solver
        </span>
        {Object.keys(wrong.telescopes).length > 0 && (
          <span className="wrong" role="alert">
            Not yet: see the telescopes above.
          </span>
        )}
      </div>
    </form>
  )
}

function blank(telescope: string): TelescopeRequest {
  return { telescope, visits: 1, cadenceMinutes: 30, overlap: 0.05 }
}

/** The chosen event: of the list, or asked for by the name in the address. */
function usePlannedEvent(id: string, events: readonly EventSummary[]): EventSummary | undefined {
  const listed = events.find((one) => one.id === id)
  const asked = useQuery({ ...eventOptions(id), enabled: id !== '' && listed === undefined }).data
  return listed ?? asked
}
