import type { ReactNode } from 'react'
import { State } from '#interface/web/pieces/state.tsx'
import type { Tone } from '#interface/web/pieces/state.tsx'
import { percent, radius, waitingTime } from '#interface/web/pieces/format.ts'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Decision } from '#observatory/alerts/assessment.ts'
import type { EventSummary } from '#observatory/alerts/event.ts'

/** How decisions, areas and distances are shown, the same on every page. */

const decisionTones: Record<Decision, Tone> = {
  GO: 'needs',
  LOOK: 'running',
  WAIT: 'waiting',
  NO: 'none',
  RETRACTED: 'failed',
}
const decisionWords: Record<Decision, string> = {
  GO: 'Go',
  LOOK: 'Look',
  WAIT: 'Wait',
  NO: 'No',
  RETRACTED: 'Retracted',
}

/** What the rules say about an event. */
export function Verdict({ event, score }: { event: EventSummary; score?: boolean }) {
  if (event.status === 'retracted') return <State tone="failed">Retracted</State>
  if (!event.verdict) return <State tone="waiting">not yet assessed</State>
  return (
    <State tone={decisionTones[event.verdict.decision]}>
      {decisionWords[event.verdict.decision]}
      {score && <span className="dim">score {event.verdict.score}</span>}
    </State>
  )
}

/** What is not the real sky says so, everywhere. */
export function RoleTag({ event }: { event: Pick<EventSummary, 'role' | 'kept'> }) {
  if (event.role === 'observation') return null
  return (
    <span className="tag needs">
      {event.role === 'simulated' ? 'simulated' : event.role}
      {event.kept ? ', kept' : ''}
    </span>
  )
}

export interface Number3 {
  label: string
  value: ReactNode
}

/** The three numbers that matter, by kind of event. */
export function threeNumbers(event: EventSummary): Number3[] {
  const { place } = event
  const area = { label: '90 % area', value: <PlaceArea event={event} /> }
  const error = {
    label: 'Error radius',
    value:
      place.errorDeg === null ? (
        <span className="dim">–</span>
      ) : (
        <span className="number">{radius(place.errorDeg)}</span>
      ),
  }
  const where = place.area90Deg2 !== null && (place.errorDeg === null || place.area90Deg2 > 1) ? area : error
  if (event.kind === 'gw')
    return [
      area,
      { label: 'Distance', value: <Distance event={event} /> },
      event.topClass
        ? {
            label: 'Most likely',
            value: (
              <span className="number">
                {event.topClass.name} <span className="unit">{percent(event.topClass.probability)}</span>
              </span>
            ),
          }
        : { label: 'False alarms', value: <FalseAlarms event={event} /> },
    ]
  return [
    where,
    { label: 'Notices', value: <span className="number">{event.noticeCount}</span> },
    event.farHz !== null
      ? { label: 'False alarms', value: <FalseAlarms event={event} /> }
      : { label: 'Mission', value: <span>{event.mission ?? '–'}</span> },
  ]
}

export function PlaceArea({ event }: { event: EventSummary }) {
  const known = event.place.area90Deg2 !== null
  if (event.place.state === 'waiting' && !known) return <State tone="waiting">map not yet fetched</State>
  if (event.place.state === 'failed' && !known) return <State tone="failed">map failed</State>
  // A region smaller than a field of view is better known by its radius.
  if (event.place.errorDeg !== null && (event.place.area90Deg2 ?? 0) < 1)
    return <span className="number">{radius(event.place.errorDeg)} radius</span>
  return <Value value={event.place.area90Deg2} unit="deg²" />
}

export function Distance({ event }: { event: EventSummary }) {
  return <Value value={event.place.distanceMeanMpc} error={event.place.distanceStdMpc} unit="Mpc" />
}

export function FalseAlarms({ event }: { event: Pick<EventSummary, 'farHz'> }) {
  if (event.farHz === null) return <span className="dim">–</span>
  return (
    <span className="number" title={`${event.farHz.toExponential(2)} Hz`}>
      {waitingTime(event.farHz)}
    </span>
  )
}
