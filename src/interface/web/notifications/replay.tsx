import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { significant } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { NamedRule, ReplayReport } from '#observatory/notifications/rule.ts'
import { plain } from './threads.ts'

const dayMs = 86_400_000

/** What rules would have sent over the past; nothing is sent. `draft`: of one that is not stored yet. */
export function Replay({ draft }: { draft?: () => NamedRule }) {
  const [days, setDays] = useState(30)
  const replay = useMutation({
    mutationFn: () =>
      send<ReplayReport>('POST', '/notification-rules/replay', {
        since: new Date(Date.now() - days * dayMs).toISOString(),
        ...(draft ? { draft: draft() } : {}),
      }),
  })
  return (
    <Section title="What would have been sent" aside="counted over the past; nothing is sent">
      <div className="row" style={{ alignItems: 'center' }}>
        <label className="check">
          over the last{' '}
          <select className="select" value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {[7, 30, 90, 365].map((one) => (
              <option key={one} value={one}>
                {one} days
              </option>
            ))}
          </select>
        </label>
        <button type="button" className="button" disabled={replay.isPending} onClick={() => replay.mutate()}>
          {replay.isPending ? 'Counting…' : draft ? 'Try this rule' : 'Try all rules'}
        </button>
      </div>
      {replay.isError && <Problem error={replay.error} />}
      {replay.data && <Report report={replay.data} />}
    </Section>
  )
}

function Report({ report }: { report: ReplayReport }) {
  const [all, setAll] = useState(false)
  const messages = report.messages.toReversed()
  const shown = all ? messages : messages.slice(0, 12)
  return (
    <div className="stack" style={{ marginTop: 12 }} role="status">
      <p>
        {report.bulletins} occurrences were looked at{report.complete ? '' : ', not all that there were'}.
        {report.messages.length === 0 && ' Nothing would have been sent.'}
      </p>
      {report.byRule.length > 0 && (
        <div className="scroll-x">
          <table className="list" style={{ maxWidth: 760 }}>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col" className="right">
                  Occurrences
                </th>
                <th scope="col" className="right">
                  Messages
                </th>
                <th scope="col" className="right">
                  A week
                </th>
                <th scope="col" className="right">
                  Busiest hour
                </th>
              </tr>
            </thead>
            <tbody>
              {report.byRule.map((row) => (
                <tr key={row.rule}>
                  <td>{row.rule}</td>
                  <td className="right" data-label="occurrences">
                    {row.bulletins}
                  </td>
                  <td className="right" data-label="messages">
                    {row.messages}
                  </td>
                  <td className="right" data-label="a week">
                    {significant(row.perWeek, 2)}
                  </td>
                  <td className="right" data-label="in the busiest hour">
                    {row.busiestHour}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {Object.keys(report.byChannel).length > 0 && (
        <p className="dim">
          By channel:{' '}
          {Object.entries(report.byChannel)
            .map(([name, count]) => `${name} ${count}`)
            .join(', ')}
        </p>
      )}
      {shown.length > 0 && (
        <ul className="told">
          {shown.map((message, i) => (
            <li key={`${message.at} ${i}`}>
              <span>
                {message.kind.startsWith('alerts.') ? (
                  <Link to="/events/$id" params={{ id: message.thread }}>
                    {plain(message.headline)}
                  </Link>
                ) : (
                  plain(message.headline)
                )}
              </span>
              <span className="dim">
                <Time at={message.at} show="utc" />
              </span>
              <span className="dim">
                {message.addressees.join(', ')} by {message.channels.join(', ')}
                {message.rules.length > 1 && ` (rules ${message.rules.join(', ')})`}
              </span>
              <span className="dim">
                <code>{message.kind}</code>
              </span>
            </li>
          ))}
        </ul>
      )}
      {messages.length > 12 && (
        <button type="button" className="link-button" onClick={() => setAll(!all)}>
          {all ? 'Only the newest' : `All ${messages.length}, newest first`}
        </button>
      )}
    </div>
  )
}
