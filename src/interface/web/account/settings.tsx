import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { useSky } from '#interface/web/app/clock-bar.tsx'
import { themes, usePreferences } from '#interface/web/app/preferences.tsx'
import { useSiteChoices } from '#interface/web/app/site-choices.ts'
import { Facts, Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import './account.css'
import { Sessions } from './sessions.tsx'
import { Tokens } from './tokens.tsx'

/** One's own account: who one is, how it looks, tokens, sessions. */
export function Settings() {
  const me = useQuery(meOptions)
  useEffect(() => {
    document.title = 'Settings · Urania'
  }, [])
  const signOut = useMutation({
    mutationFn: () => send('POST', '/api/auth/sign-out', {}),
    onSuccess: () => location.assign('/sign-in'),
  })
  if (me.isError) return <Problem error={me.error} retry={() => void me.refetch()} />
  if (!me.data) return <Loading />
  const { person, role } = me.data
  return (
    <div className="settings">
      <div className="page-head" style={{ marginBottom: -8 }}>
        <h1>{person?.name ?? 'Settings'}</h1>
        {person && (
          <button
            type="button"
            className="button"
            disabled={signOut.isPending}
            onClick={() => signOut.mutate()}
          >
            Sign out
          </button>
        )}
      </div>
      {signOut.isError && <Problem error={signOut.error} />}
      <Section title="Account">
        <Facts
          facts={[
            ['E-mail', person?.email],
            ['Role', role],
            ['Groups', person?.groups.map((group) => group.name).join(', ')],
            ['Signs in by', person?.signsInBy.join(', ')],
            ['ORCID', person?.orcid],
          ]}
        />
      </Section>
      <Looks />
      {person && (
        <Section title="How you are told">
          <div className="row">
            <Link to="/inbox">Inbox</Link>
            <Link to="/notifications" search={{ tab: 'mine' }}>
              Channels, quiet hours, time zone
            </Link>
            <Link to="/notifications" search={{ tab: 'shifts' }}>
              Who is on shift
            </Link>
          </div>
        </Section>
      )}
      {person && <Tokens />}
      {person && <Sessions />}
    </div>
  )
}

function Looks() {
  const { theme, coordinates, change } = usePreferences()
  return (
    <Section title="How it looks" aside="remembered in this browser">
      <Facts
        facts={[
          [
            'Theme',
            <span key="theme" className="segments">
              {themes.map((one) => (
                <button
                  key={one}
                  type="button"
                  aria-pressed={theme === one}
                  onClick={() => change({ theme: one })}
                >
                  {one}
                </button>
              ))}
            </span>,
          ],
          [
            'Coordinates',
            <span key="coordinates" className="segments">
              {(['degrees', 'sexagesimal'] as const).map((one) => (
                <button
                  key={one}
                  type="button"
                  aria-pressed={coordinates === one}
                  onClick={() => change({ coordinates: one })}
                >
                  {one}
                </button>
              ))}
            </span>,
          ],
          ['Site', <SiteSelect key="site" />],
        ]}
      />
    </Section>
  )
}

function SiteSelect() {
  const { site, place, change } = usePreferences()
  const { telescopes, observatories } = useSiteChoices(useSky()?.sites, true)
  const groups = [
    ['Own telescopes', telescopes.filter((one) => one.own)],
    ['Observatories', observatories],
    ['Telescopes', telescopes.filter((one) => !one.own)],
  ] as const
  const all = [...telescopes, ...observatories]
  return (
    <select
      className="select"
      aria-label="Site"
      style={{ maxWidth: '100%' }}
      value={site}
      onChange={({ target }) => {
        const chosen = all.find((one) => one.site === target.value)
        if (chosen) change({ site: chosen.site, place: chosen.place })
      }}
    >
      {all.every((one) => one.site !== site) && <option value={site}>{place?.name ?? site}</option>}
      {groups.map(
        ([name, choices]) =>
          choices.length > 0 && (
            <optgroup key={name} label={name}>
              {choices.map((one) => (
                <option key={one.site} value={one.site}>
                  {one.name}
                </option>
              ))}
            </optgroup>
          ),
      )}
    </select>
  )
}
