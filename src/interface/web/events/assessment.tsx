import { useState } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import { significant, unitText } from '#interface/web/pieces/format.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Assessment, AssessmentInput } from '#observatory/alerts/assessment.ts'
import type { EventDetail } from '#observatory/alerts/event.ts'
import { Verdict } from './words.tsx'

/** What the rules made of the event, the sentences that say why, and every value they read. */
export function AssessmentSection({ event }: { event: EventDetail }) {
  const rules = event.verdict?.rules ?? event.assessments[0]?.rules
  const [assessment, ...earlier] = byNotice(event, rules)
  const others = [...new Set(event.assessments.map((one) => one.rules))].filter((name) => name !== rules)
  if (!assessment) {
    return (
      <Section title="Assessment">
        <p className="dim">Not assessed yet: a notice must be read first.</p>
      </Section>
    )
  }
  return (
    <Section title="Assessment" aside={`rules ${assessment.rules} ${assessment.version}`}>
      <div className="verdict-line">
        <Verdict event={event} />
        <span>
          score <b>{assessment.score}</b>
        </span>
        <span className="dim" style={{ fontSize: 13 }}>
          rule “{assessment.rule}” · <Time at={assessment.at} show="ago" />
        </span>
      </div>
      <ul className="reasons">
        {assessment.reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <Inputs assessment={assessment} />
      <p className="dim" style={{ marginTop: 6 }}>
        {earlier.length > 0 && <span>Before: {earlier.slice(0, 6).map(brief).join(', ')}. </span>}
        {others.map((name) => {
          const [last] = byNotice(event, name)
          return last ? (
            <span key={name} title={last.reasons.join('\n')}>
              By the rules “{name}”: {brief(last)}.{' '}
            </span>
          ) : null
        })}
      </p>
    </Section>
  )
}

function Inputs({ assessment }: { assessment: Assessment }) {
  const [all, setAll] = useState(false)
  const known = assessment.inputs.filter((input) => input.value !== null)
  const decisive = assessment.inputs.filter((input) => input.decisive)
  const shown = all || decisive.length === 0 ? assessment.inputs : decisive
  if (assessment.inputs.length === 0) return null
  return (
    <>
      <table className="inputs">
        <thead>
          <tr>
            <th scope="col">Read by the rules</th>
            <th scope="col" className="right">
              Value
            </th>
            <th scope="col">Unit</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((input) => (
            <tr key={input.name} className={input.decisive ? 'decisive' : undefined}>
              <td title={input.name}>{input.label}</td>
              <td className="right">{inputText(input)}</td>
              <td className="dim">{unitText(input.unit)}</td>
              <td className="dim">{input.source}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {decisive.length > 0 && decisive.length < assessment.inputs.length && (
        <button type="button" className="link-button" style={{ marginTop: 4 }} onClick={() => setAll(!all)}>
          {all ? 'Only what decided' : `All ${assessment.inputs.length} inputs, ${known.length} known`}
        </button>
      )}
    </>
  )
}

function inputText(input: AssessmentInput): string {
  if (input.value === null) return 'not known'
  if (typeof input.value === 'number') return significant(input.value, 4)
  if (typeof input.value === 'boolean') return input.value ? 'yes' : 'no'
  return input.value
}

/** Assessments by one rule set, that of the latest notice first; work on notices may have been done in another order. */
function byNotice(event: EventDetail, rules: string | undefined): Assessment[] {
  return event.notices
    .toReversed()
    .flatMap(
      (notice) =>
        event.assessments.findLast((one) => one.rules === rules && one.noticeId === notice.id) ?? [],
    )
}

function brief(assessment: Assessment): string {
  return `${assessment.decision.toLowerCase()} (${assessment.score})`
}
