import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { unreadOptions } from './queries.ts'

/** How much one has not read, on every page; leads to the inbox. */
export function Bell() {
  const unread = useQuery(unreadOptions).data?.unread ?? 0
  return (
    <Link to="/inbox" className="bell">
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path
          d="M8 1.8a4 4 0 0 0-4 4c0 3.6-1.4 5-2 5.6h12c-.6-.6-2-2-2-5.6a4 4 0 0 0-4-4zM6.6 13.6a1.5 1.5 0 0 0 2.8 0"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.4"
          strokeLinejoin="round"
          strokeLinecap="round"
        />
      </svg>
      <span className="bell-word">Inbox</span>
      {unread > 0 && (
        <b>
          {unread > 99 ? '99+' : unread}
          <span className="visually-hidden"> unread</span>
        </b>
      )}
    </Link>
  )
}
