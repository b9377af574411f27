import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import '#interface/web/account/account.css'
import { Empty, Loading } from '#interface/web/pieces/problem.tsx'
import type { Role } from '#observatory/people/actor.ts'
import './notifications.css'

const Rules = lazy(() => import('./rules.tsx').then((module) => ({ default: module.Rules })))
const Channels = lazy(() => import('./channels.tsx').then((module) => ({ default: module.Channels })))
const Shifts = lazy(() => import('./shifts.tsx').then((module) => ({ default: module.Shifts })))
const Deliveries = lazy(() => import('./deliveries.tsx').then((module) => ({ default: module.Deliveries })))
const Mine = lazy(() => import('./mine.tsx').then((module) => ({ default: module.Mine })))

const route = getRouteApi('/framed/notifications')
const tabs = [
  { tab: 'rules', label: 'Rules', role: 'member', part: Rules },
  { tab: 'channels', label: 'Channels', role: 'operator', part: Channels },
  { tab: 'shifts', label: 'Shifts', role: 'viewer', part: Shifts },
  { tab: 'deliveries', label: 'Deliveries', role: 'operator', part: Deliveries },
  { tab: 'mine', label: 'My preferences', role: 'viewer', part: Mine },
] as const satisfies readonly { tab: string; label: string; role: Role; part: unknown }[]

/** Who is told what, by which way, and what became of it. */
export function Notifications() {
  const search = route.useSearch()
  const me = useQuery(meOptions).data
  const role = me?.role ?? null
  const shown = tabs.filter((one) => reaches(role, one.role))
  const current = search.tab ? tabs.find((one) => one.tab === search.tab) : shown[0]
  useEffect(() => {
    document.title = `${current?.label ?? 'Notifications'} · Urania`
  }, [current?.label])
  const Part = current?.part
  return (
    <>
      <div className="page-head">
        <h1>Notifications</h1>
        <nav className="segments" aria-label="Which part">
          {shown.map((one) => (
            <Link
              key={one.tab}
              to="/notifications"
              search={{ tab: one.tab === shown[0]?.tab ? undefined : one.tab }}
              className="button"
              aria-current={current === one ? 'page' : undefined}
              style={
                current === one
                  ? { borderColor: 'var(--accent)' }
                  : { borderColor: 'transparent', background: 'none' }
              }
            >
              {one.label}
            </Link>
          ))}
        </nav>
      </div>
      {current && !reaches(role, current.role) ? (
        <Empty title={`Only ${current.role}s and above see ${current.label.toLowerCase()}.`}>
          <p>Your role is {role ?? 'none'}. How you are told yourself is under My preferences.</p>
        </Empty>
      ) : (
        Part && (
          <Suspense fallback={<Loading />}>
            <Part />
          </Suspense>
        )
      )}
    </>
  )
}
