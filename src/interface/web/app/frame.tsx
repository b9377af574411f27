import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { LiveProvider, useLive } from '#interface/web/api/live.tsx'
import { jobsOptions, meOptions } from '#interface/web/api/queries.ts'
import { Progress } from '#interface/web/pieces/progress.tsx'
import { Bell } from '#interface/web/notifications/bell.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { ClockBar } from './clock-bar.tsx'
import { useGlobalKeys } from './keys.tsx'
import { usePreferences } from './preferences.tsx'
import { reaches, rooms } from './rooms.ts'

const Finder = lazy(() => import('./finder.tsx').then((module) => ({ default: module.Finder })))
const KeysHelp = lazy(() => import('./keys-help.tsx').then((module) => ({ default: module.KeysHelp })))

/** True a moment after the page is there: what opens by a key comes then, and waits for no network. */
function useLater(milliseconds: number): boolean {
  const [later, setLater] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLater(true), milliseconds)
    return () => clearTimeout(timer)
  }, [milliseconds])
  return later
}

/** Rail, bar, page and foot around every room. */
export function Frame() {
  const me = useQuery(meOptions).data
  const { finder, setFinder, help, setHelp } = useGlobalKeys()
  const ready = useLater(2_500)
  const shown = rooms.filter((room) => reaches(me?.role ?? null, room.role))
  return (
    <LiveProvider enabled={me !== undefined}>
      <div className="frame">
        <a className="skip" href="#page">
          Skip to the page
        </a>
        <nav className="rail" aria-label="Rooms">
          <Link to="/" className="rail-name">
            <img src="/icon.svg" alt="" width="20" height="20" />
            Urania
          </Link>
          {shown.map((room) => (
            <Link
              key={room.to}
              to={room.to}
              className="rail-link"
              activeOptions={{ exact: room.to === '/', includeSearch: false }}
            >
              {room.name}
            </Link>
          ))}
          <div className="rail-end">
            <Link to="/settings" className="rail-link">
              {me?.person?.name ?? 'Settings'}
            </Link>
            <ThemeButton />
          </div>
        </nav>
        <header className="bar">
          <button
            type="button"
            className="bar-search"
            onClick={() => setFinder(true)}
            aria-label="Search or go to"
          >
            <span>Search or go to…</span>
            <kbd>/</kbd>
          </button>
          <ClockBar />
          {me?.person && <Bell />}
        </header>
        <main className="page" id="page" tabIndex={-1}>
          <Outlet />
        </main>
        <Foot />
        <nav className="tabs-phone" aria-label="Rooms, below">
          {[...shown.slice(0, 4), { name: 'You', to: '/settings' as const }].map((room) => (
            <Link key={room.to} to={room.to} activeOptions={{ exact: room.to === '/', includeSearch: false }}>
              {room.name}
            </Link>
          ))}
        </nav>
      </div>
      <Suspense>
        {(ready || finder) && (
          <Finder opened={finder} close={() => setFinder(false)} showKeys={() => setHelp(true)} />
        )}
        {(ready || help) && <KeysHelp opened={help} close={() => setHelp(false)} />}
      </Suspense>
    </LiveProvider>
  )
}

function ThemeButton() {
  const { theme, change } = usePreferences()
  const next = theme === 'dark' ? 'light' : theme === 'light' ? 'red' : 'dark'
  return (
    <button
      type="button"
      className="rail-link"
      style={{ background: 'none', border: 0, font: 'inherit', cursor: 'pointer' }}
      onClick={() => change({ theme: next })}
    >
      <span>Theme: {theme}</span>
      <kbd>t</kbd>
    </button>
  )
}

/** Work that runs anywhere, and what needs a person. */
function Foot() {
  const live = useLive()
  const running = useInfiniteQuery(jobsOptions({ state: 'running' })).data?.pages[0]
  const failed = useInfiniteQuery(jobsOptions({ state: 'failed' })).data?.pages[0]
  const first = running?.items[0]
  const more = (page: typeof running) => (page ? `${page.items.length}${page.next ? '+' : ''}` : '0')
  return (
    <footer className="foot">
      {first ? (
        <span className="foot-job">
          <Link to="/jobs/$id" params={{ id: first.id }}>
            {first.title}
          </Link>
          <Progress progress={first.progress} brief />
          {running.items.length > 1 && (
            <Link to="/jobs" search={{ state: 'running' }}>
              {more(running)} running
            </Link>
          )}
        </span>
      ) : (
        <span>Nothing is running</span>
      )}
      <span className="foot-end">
        {failed && failed.items.length > 0 && (
          <Link to="/jobs" search={{ state: 'failed' }}>
            <State tone="needs">
              {more(failed)} {failed.items.length === 1 ? 'needs' : 'need'} you
            </State>
          </Link>
        )}
        {live === 'waiting' ? (
          <State tone="waiting">reconnecting</State>
        ) : (
          <State tone={live === 'open' ? 'done' : 'none'}>{live === 'open' ? 'live' : 'not live'}</State>
        )}
      </span>
    </footer>
  )
}
