import { Link } from '@tanstack/react-router'
import { Section } from '#interface/web/pieces/facts.tsx'
import { duration } from '#interface/web/pieces/format.ts'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { EventDetail } from '#observatory/alerts/event.ts'
import type { NoticeDetail } from '#observatory/alerts/notice.ts'

/** Every notice of an event, newest first, each with what it changed. */
export function NoticeTimeline({ event, shown }: { event: EventDetail; shown: string | undefined }) {
  const newestFirst = event.notices.toReversed()
  return (
    <Section title="Notices" aside={`${event.notices.length} in order, newest first`}>
      <ol className="notices">
        {newestFirst.map((notice) => (
          <li key={notice.id} className={`notice ${notice.type ?? ''}`}>
            <div className="notice-line">
              <Link
                to="/events/$id"
                params={{ id: event.id }}
                search={(old) => ({
                  ...old,
                  notice: notice.id,
                  ra: undefined,
                  dec: undefined,
                  fov: undefined,
                })}
                resetScroll={false}
                aria-current={notice.id === shown ? 'true' : undefined}
                style={notice.id === shown ? { fontWeight: 650 } : undefined}
              >
                {notice.title}
              </Link>
              <Time at={notice.createdAt ?? notice.receivedAt} />
              {event.eventTime && notice.createdAt && (
                <span className="dim">
                  T₀ {sinceEvent(Date.parse(notice.createdAt) - Date.parse(event.eventTime))}
                </span>
              )}
              {notice.state === 'received' && <State tone="running">being read</State>}
              {notice.state === 'dead' && <State tone="failed">could not be read</State>}
              {notice.receptions > 1 && <span className="dim">received {notice.receptions} times</span>}
            </div>
            <Changes notice={notice} />
            {notice.problem && <p className="dim">{notice.problem.message}</p>}
            {notice.body && notice.id === shown && (
              <pre className="log" style={{ marginTop: 6, maxHeight: 320 }} tabIndex={0}>
                {notice.body}
              </pre>
            )}
          </li>
        ))}
      </ol>
    </Section>
  )
}

function sinceEvent(milliseconds: number): string {
  return `${milliseconds < 0 ? '−' : '+'} ${duration(milliseconds)}`
}

function Changes({ notice }: { notice: NoticeDetail }) {
  if (notice.changes.length === 0) return null
  return (
    <ul className="changes" aria-label="Changed since the notice before">
      {notice.changes.map((change) => (
        <li key={change.field} className={`change ${change.sense}`}>
          {change.text}
        </li>
      ))}
    </ul>
  )
}
