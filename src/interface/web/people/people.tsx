import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import '#interface/web/account/account.css'
import { Empty } from '#interface/web/pieces/problem.tsx'
import { AuditLog } from './audit.tsx'
import { Groups } from './groups.tsx'
import { PeopleList } from './people-list.tsx'

const route = getRouteApi('/framed/people')
const tabs = [
  ['people', 'People'],
  ['groups', 'Groups'],
  ['audit', 'Audit log'],
] as const

/** Who is here, in which groups, and what was done; for administrators. */
export function People() {
  const { tab = 'people' } = route.useSearch()
  const me = useQuery(meOptions).data
  useEffect(() => {
    document.title = 'People · Urania'
  }, [])
  if (me && !reaches(me.role, 'administrator')) {
    return (
      <>
        <h1>People</h1>
        <Empty title="Only administrators see people, groups and the audit log.">
          <p>
            Your role is {me.role ?? 'none'}. Your own account, tokens and sessions are in{' '}
            <Link to="/settings">Settings</Link>.
          </p>
        </Empty>
      </>
    )
  }
  return (
    <>
      <div className="page-head">
        <h1>People</h1>
        <nav className="segments" aria-label="Which part">
          {tabs.map(([name, label]) => (
            <Link
              key={name}
              to="/people"
              search={{ tab: name === 'people' ? undefined : name }}
              className="button"
              aria-current={tab === name ? 'page' : undefined}
              style={
                tab === name
                  ? { borderColor: 'var(--accent)' }
                  : { borderColor: 'transparent', background: 'none' }
              }
            >
              {label}
            </Link>
          ))}
        </nav>
      </div>
      {tab === 'people' && <PeopleList />}
      {tab === 'groups' && <Groups />}
      {tab === 'audit' && <AuditLog />}
    </>
  )
}
