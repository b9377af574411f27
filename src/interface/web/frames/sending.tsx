import { Link } from '@tanstack/react-router'
import { bytes } from '#interface/web/pieces/format.ts'
import { SentBar } from '#interface/web/pieces/sent-bar.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import type { Sent } from '#interface/web/pieces/uploader.ts'

/** A file on its way to be a frame. */
export interface Sending {
  readonly id: number
  readonly file: File
  readonly sent: Sent
  readonly state: 'waiting' | 'sending' | 'done' | 'failed' | 'stopped'
  readonly sha256: string | null
  readonly known: boolean
  readonly reason: string | null
  readonly stop: AbortController
}

export function SendingRow(props: { sending: Sending; again: () => void }) {
  const { file, sent, state, sha256, known, reason, stop } = props.sending
  return (
    <li>
      <b>
        {sha256 ? (
          <Link to="/frames/$sha" params={{ sha: sha256 }}>
            {file.name}
          </Link>
        ) : (
          file.name
        )}
      </b>
      {state === 'sending' && <SentBar name={file.name} size={file.size} sent={sent} />}
      {state === 'waiting' && <State tone="waiting">waiting, {bytes(file.size)}</State>}
      {state === 'done' && <State tone="done">{known ? 'was here already' : 'added'}</State>}
      {state === 'stopped' && (
        <State tone="none">
          paused at {bytes(sent.done)} of {bytes(file.size)}
        </State>
      )}
      {state === 'failed' && (
        <span role="alert">
          <State tone="failed">failed</State> {reason}
        </span>
      )}
      {(state === 'waiting' || state === 'sending') && (
        <button type="button" className="link-button" onClick={() => stop.abort()}>
          Pause
        </button>
      )}
      {(state === 'stopped' || state === 'failed') && (
        <button type="button" className="link-button" onClick={props.again}>
          {state === 'stopped' ? 'Go on' : 'Try again'}
        </button>
      )}
    </li>
  )
}
