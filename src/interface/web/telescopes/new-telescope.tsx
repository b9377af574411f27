import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import '#interface/web/plans/plans.css'
import { DefinitionEditor } from './definition.tsx'
import { definitionOptions, telescopesOptions } from './queries.ts'
import './telescopes.css'

const route = getRouteApi('/framed/telescopes/new')

/** A telescope of one's own, begun from one that is known. */
export function NewTelescope() {
  const { from = 'tca' } = route.useSearch()
  const navigate = useNavigate()
  const me = useQuery(meOptions).data
  const telescopes = useQuery(telescopesOptions).data?.items ?? []
  const definition = useQuery(definitionOptions(from))
  useEffect(() => {
    document.title = 'A new telescope · Urania'
  }, [])
  if (me && !reaches(me.role, 'operator'))
    return (
      <>
        <h1>A new telescope</h1>
        <Empty title="Only operators and administrators add telescopes.">
          <p>Your role is {me.role ?? 'none'}.</p>
        </Empty>
      </>
    )
  return (
    <>
      <div className="page-head">
        <h1>A new telescope</h1>
        <label className="row" style={{ alignItems: 'center' }}>
          Begin from
          <select
            className="select"
            value={from}
            onChange={(event) =>
              void navigate({ to: '/telescopes/new', search: { from: event.target.value }, replace: true })
            }
          >
            {telescopes.map((one) => (
              <option key={one.slug} value={one.slug}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p className="dim" style={{ marginBottom: 10, maxWidth: '80ch' }}>
        Change slug, name and what else differs: what is wrong is said at its line while you write. Angles are
        degrees, times seconds.
      </p>
      {definition.isError ? (
        <Problem
          error={definition.error}
          retry={() => void definition.refetch()}
          what={`the definition of ${from}`}
        />
      ) : definition.data === undefined ? (
        <Loading lines={12} />
      ) : (
        <DefinitionEditor
          key={from}
          slug={null}
          text={copyOf(definition.data)}
          saved={(telescope) => void navigate({ to: '/telescopes/$slug', params: { slug: telescope.slug } })}
          cancel={() => void navigate({ to: '/telescopes' })}
        />
      )}
    </>
  )
}

/** Another name, so that what it is copied from is not meant. */
function copyOf(text: string): string {
  return text
    .replace(/^slug\s*=\s*"([^"]*)"/m, 'slug = "my-$1"')
    .replace(/^name\s*=\s*"([^"]*)"/m, 'name = "My $1"')
}
