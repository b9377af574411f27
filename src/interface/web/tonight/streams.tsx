import { useQuery } from '@tanstack/react-query'
import { streamsOptions, type StreamRow } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { State, type Tone } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'

/** A listening process writes its state every few seconds; after this long without a word it is taken for gone. */
const silentMs = 60_000

/** The streams that are listened to: state, how far behind, when something last came. */
export function Streams() {
  const streams = useQuery(streamsOptions)
  const now = useMinute()
  if (streams.isError)
    return (
      <Section title="Listening">
        <Problem error={streams.error} retry={() => void streams.refetch()} what="the streams" />
      </Section>
    )
  const items = streams.data?.items ?? []
  if (items.length === 0 && !streams.data?.configured) return null
  return (
    <Section title="Listening">
      <ul className="lines">
        {items.length === 0 && (
          <li>
            <span className="dim">No process listens yet: start one with the role “streams”.</span>
          </li>
        )}
        {items.map((stream) => (
          <li key={stream.name}>
            <span>{stream.name.toUpperCase()}</span>
            <State tone={toneOf(stream, now)}>
              {isSilent(stream, now) ? 'no word from the listening process' : stream.state}
            </State>
            <span className="dim">
              {stream.problem?.message ??
                (stream.lag === null ? 'lag not known yet' : `${stream.lag} messages behind`)}
            </span>
            <span className="dim">
              {stream.lastMessageAt ? <Time at={stream.lastMessageAt} show="ago" /> : 'no message yet'}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

function isSilent(stream: StreamRow, now: number): boolean {
  return stream.state !== 'stopped' && now - Date.parse(stream.updatedAt) > silentMs
}

function toneOf(stream: StreamRow, now: number): Tone {
  if (stream.problem || stream.state === 'unreachable' || isSilent(stream, now)) return 'failed'
  if (stream.state === 'running') return 'running'
  return stream.state === 'stopped' ? 'none' : 'waiting'
}
