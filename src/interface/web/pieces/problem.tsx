import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ApiProblem } from '#interface/web/api/client.ts'
import { CopyButton } from './copy.tsx'

/** What failed, where, and what to do; with the code that a report should quote. */
export function Problem({ error, retry, what }: { error: unknown; retry?: () => void; what?: string }) {
  const problem = error instanceof ApiProblem ? error : null
  const forbidden = problem?.status === 403
  // Not ours to mend: something outside, or a right, is missing.
  const partial = forbidden || problem?.code === 'survey.unreachable'
  const sentence = error instanceof Error ? error.message : String(error)
  const instance = typeof problem?.details['instance'] === 'string' ? problem.details['instance'] : ''
  return (
    <div className={partial ? 'problem partial' : 'problem'} role="alert">
      <b>
        {forbidden ? 'Not allowed' : (problem?.title ?? 'Something went wrong')}
        {what ? `: ${what}` : ''}
      </b>
      <span>{sentence}</span>
      <span className="problem-acts">
        {retry && (
          <button type="button" className="link-button" onClick={retry}>
            Try again
          </button>
        )}
        {problem?.status === 401 && (
          <Link to="/sign-in" search={{ next: location.pathname + location.search }}>
            Sign in
          </Link>
        )}
        {problem && (
          <CopyButton
            text={`${problem.code}: ${sentence} ${instance}`.trim()}
            label={`Copy ${problem.code}`}
          />
        )}
      </span>
    </div>
  )
}

/** Nothing here, and what would put something here. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <b>{title}</b>
      {children}
    </div>
  )
}

/** The page's own shape while its data are on their way. */
export function Skeleton({
  width = '100%',
  height = 14,
}: {
  width?: number | string
  height?: number | string
}) {
  return <div className="skeleton" style={{ width, height }} aria-hidden="true" />
}

export function Loading({ lines = 6 }: { lines?: number }) {
  return (
    <div className="stack" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} width={`${90 - ((i * 17) % 40)}%`} />
      ))}
    </div>
  )
}
