import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { significant } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { PlanReplay } from '#observatory/plans/plan-rule.ts'
import { namesText } from './words.tsx'

const spans = [
  [7, 'the last 7 days'],
  [30, 'the last 30 days'],
  [365, 'the last year'],
] as const

/** What rules would have planned of the notices that are stored; nothing is made. */
export function Replay({ title, of }: { title: string; of: { rules?: string[]; rule?: unknown } }) {
  const [days, setDays] = useState(30)
  const replay = useMutation({
    mutationFn: () =>
      send<PlanReplay>('POST', '/plan-rules/replay', {
        ...of,
        since: new Date(Date.now() - days * 86_400_000).toISOString(),
      }),
  })
  const answer = replay.data
  return (
    <Section title={title} aside="asks the stored notices, each event as it stood then; nothing is made">
      <div className="row" style={{ alignItems: 'center' }}>
        <select
          className="select"
          aria-label="How far back"
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          {spans.map(([count, word]) => (
            <option key={count} value={count}>
              {word}
            </option>
          ))}
        </select>
        <button type="button" className="button" disabled={replay.isPending} onClick={() => replay.mutate()}>
          {replay.isPending ? 'Replaying…' : 'Replay'}
        </button>
        {answer && (
          <span role="status">
            {answer.matched} of {answer.events} events, {significant(answer.perWeek, 2)} a week
          </span>
        )}
      </div>
      {replay.isError && <Problem error={replay.error} what="the replay" />}
      {answer && answer.plans.length > 0 && (
        <ol className="versions" style={{ marginTop: 8 }}>
          {answer.plans.slice(0, 100).map((plan) => (
            <li key={`${plan.rule} ${plan.group} ${plan.eventId} ${plan.at}`}>
              <Link to="/events/$id" params={{ id: plan.eventId }}>
                {plan.eventName}
              </Link>
              <span className="dim">{plan.noticeType}</span>
              <Time at={plan.at} show="utc" />
              <span>
                {plan.rule}, {plan.group}: {namesText(plan.telescopes, 4)}
              </span>
              {plan.proposed && <State tone="needs">a proposal</State>}
            </li>
          ))}
          {answer.plans.length > 100 && <li className="dim">and {answer.plans.length - 100} more</li>}
        </ol>
      )}
      {answer?.plans.length === 0 && <p className="dim">Nothing would have been planned.</p>}
    </Section>
  )
}
