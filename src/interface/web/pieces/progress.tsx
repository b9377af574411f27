import { duration, thousands } from './format.ts'

export interface Done {
  done: number
  total: number
  unit: string
  perSecond: number | null
  etaSeconds: number | null
}

/** done/total, rate and what is left; without numbers only that something moves. */
export function Progress({ progress, brief }: { progress: Done | null; brief?: boolean }) {
  const part = progress && progress.total > 0 ? progress.done / progress.total : null
  return (
    <span className="progress">
      <span
        className="track"
        role="progressbar"
        aria-label="progress"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={part === null ? undefined : Math.round(part * 100)}
      >
        <span
          className={part === null ? 'fill unknown' : 'fill'}
          style={{ display: 'block', width: part === null ? undefined : `${Math.min(100, part * 100)}%` }}
        />
      </span>
      {progress && part !== null && (
        <span>
          {brief
            ? `${Math.round(part * 100)} %`
            : `${thousands(progress.done)} / ${thousands(progress.total)} ${progress.unit}`}
          {!brief && progress.perSecond !== null && (
            <span className="dim"> · {rate(progress.perSecond)}</span>
          )}
          {progress.etaSeconds !== null && (
            <span className="dim"> · {duration(progress.etaSeconds * 1000)} left</span>
          )}
        </span>
      )}
    </span>
  )
}

function rate(perSecond: number): string {
  return perSecond >= 1
    ? `${perSecond.toFixed(perSecond >= 10 ? 0 : 1)}/s`
    : `${(perSecond * 60).toFixed(1)}/min`
}
