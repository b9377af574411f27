import { useMinute } from '#interface/web/app/now.tsx'
import { ago, mjd, utc } from './format.ts'

/** A moment: UTC, with local time and MJD on hover, and how long ago it was. */
export function Time(props: {
  at: string | number | null | undefined
  decimals?: number
  show?: 'both' | 'utc' | 'ago'
}) {
  const now = useMinute()
  const { show = 'both', decimals = 0 } = props
  if (props.at === null || props.at === undefined) return <span className="dim">–</span>
  const at = typeof props.at === 'number' ? props.at : Date.parse(props.at)
  if (Number.isNaN(at)) return <span>{props.at}</span>
  const since = ago(at, Math.max(now, Math.min(at, now + 15_000)))
  const title = `${utc(at, 3)} UTC\n${new Date(at).toLocaleString()} local\nMJD ${mjd(at, 6)} (UTC)\n${since}`
  return (
    <time className="time" dateTime={new Date(at).toISOString()} title={title}>
      {show === 'ago' ? since : utc(at, decimals)}
      {show === 'both' && <span className="dim"> · {since}</span>}
    </time>
  )
}
