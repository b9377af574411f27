import { Link } from '@tanstack/react-router'
import { Empty, Problem } from '#interface/web/pieces/problem.tsx'

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <main className="page">
      <Empty title="There is nothing at this address.">
        <p>
          It may have been mistyped, or the thing is gone. <Link to="/">Tonight</Link> ·{' '}
          <Link to="/events">Events</Link>
        </p>
      </Empty>
    </main>
  )
}

/** A page that could not be shown at all. */
export function PageFailed({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <main className="page">
      <Problem
        error={error}
        retry={() => (reset ? reset() : location.reload())}
        what="this page could not be shown"
      />
    </main>
  )
}
