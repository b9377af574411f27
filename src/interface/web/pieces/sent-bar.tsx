import { bytes, duration } from './format.ts'
import type { Sent } from './uploader.ts'

/** How far a file is on its way. */
export function SentBar({ name, size, sent }: { name: string; size: number; sent: Sent }) {
  const part = size > 0 ? sent.done / size : 1
  const left = sent.perSecond ? ((size - sent.done) / sent.perSecond) * 1000 : null
  return (
    <span className="progress">
      <span
        className="track"
        role="progressbar"
        aria-label={`Sending ${name}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * part)}
      >
        <span className="fill" style={{ display: 'block', width: `${100 * part}%` }} />
      </span>
      <span>
        {bytes(sent.done)} of {bytes(size)}
        {sent.waiting ? (
          <span> · no connection; goes on by itself</span>
        ) : (
          <>
            {sent.perSecond !== null && <span className="dim"> · {bytes(Math.round(sent.perSecond))}/s</span>}
            {left !== null && part < 1 && <span className="dim"> · {duration(left)} left</span>}
            {part >= 1 && <span className="dim"> · being read</span>}
          </>
        )}
      </span>
    </span>
  )
}
