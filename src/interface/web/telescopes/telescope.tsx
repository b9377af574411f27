import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { reaches } from '#interface/web/app/rooms.ts'
import '#interface/web/events/events.css'
import { Section } from '#interface/web/pieces/facts.tsx'
import { FootprintDrawing } from '#interface/web/pieces/footprint.tsx'
import { significant } from '#interface/web/pieces/format.ts'
import { Loading, Problem, Skeleton } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import '#interface/web/plans/plans.css'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { DarkWord, useDarkness } from './darkness.tsx'
import { DefinitionEditor, DefinitionText } from './definition.tsx'
import { TelescopeFacts } from './facts.tsx'
import { Grid } from './grid.tsx'
import { definitionOptions, telescopeOptions, versionsOptions } from './queries.ts'
import './telescopes.css'
import { areaText, doubtText, siteText } from './words.tsx'

const route = getRouteApi('/framed/telescopes/$slug')

/** One telescope: its field, its limits, where its numbers come from and what may be wrong with them. */
export function TelescopePage() {
  const { slug } = route.useParams()
  const query = useQuery(telescopeOptions(slug))
  const telescope = query.data
  useEffect(() => {
    document.title = `${telescope?.name ?? 'Telescope'} · Urania`
  }, [telescope?.name])
  if (query.isError && !telescope)
    return <Problem error={query.error} retry={() => void query.refetch()} what={`telescope ${slug}`} />
  if (!telescope)
    return (
      <div className="stack">
        <Skeleton width={240} height={26} />
        <Skeleton width={300} height={300} />
        <Loading />
      </div>
    )
  return <TelescopeBody telescope={telescope} />
}

function TelescopeBody({ telescope }: { telescope: Telescope }) {
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'operator')
  return (
    <article aria-label={telescope.name}>
      <Head telescope={telescope} may={may} />
      {telescope.doubts.length > 0 && (
        <ul className="doubts" aria-label="Doubts">
          {telescope.doubts.map((doubt) => (
            <li key={doubt.text}>
              <State tone="needs">in doubt</State> {doubtText(doubt)}{' '}
              <span className="dim">{doubt.stated ? 'stated in the definition' : 'found by the checks'}</span>
            </li>
          ))}
        </ul>
      )}
      <div className="telescope-top">
        <figure style={{ margin: 0 }}>
          <FootprintDrawing
            footprint={telescope.footprint}
            size={300}
            title={`Field of view of ${telescope.name}`}
          />
          <figcaption className="dim">
            {shapeText(telescope)}, {areaText(telescope.fieldAreaDeg2)}; north up, east left
          </figcaption>
        </figure>
        <TelescopeFacts telescope={telescope} />
      </div>
      <div className="plan-two">
        <div>
          <Filters telescope={telescope} />
          <Grid telescope={telescope} may={may} />
          <Sources telescope={telescope} />
        </div>
        <div>
          <Versions telescope={telescope} />
          <SameFrom
            path={`/telescopes/${telescope.slug}`}
            also={[
              {
                label: 'its definition',
                path: `/telescopes/${telescope.slug}/definition.toml`,
                file: `${telescope.slug}.toml`,
              },
            ]}
            cli={[
              `urania telescopes show ${telescope.slug}`,
              `# checks a file without adding it`,
              `urania telescopes check ${telescope.slug}.toml`,
              `urania telescopes add ${telescope.slug}.toml`,
            ]}
          />
        </div>
      </div>
      <Definition telescope={telescope} may={may} />
    </article>
  )
}

function Head({ telescope, may }: { telescope: Telescope; may: boolean }) {
  const dark = useDarkness(useMinute())
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/telescopes/${encodeURIComponent(telescope.slug)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['telescopes'] }),
  })
  return (
    <header className="event-head">
      <div>
        <div className="event-name">
          <h1>{telescope.name}</h1>
          {telescope.origin === 'own' && <span className="tag">own</span>}
          {telescope.instrument && <span className="dim">{telescope.instrument}</span>}
        </div>
        <div className="row dim">
          <span>
            {telescope.observatory ? `${telescope.observatory}, ` : ''}
            {siteText(telescope)}
          </span>
          <DarkWord dark={dark?.(telescope)} />
          {telescope.alternativeTo && (
            <span>
              another description of{' '}
              <Link
                to="/telescopes/$slug"
                params={{ slug: telescope.alternativeTo }}
                style={{ textDecoration: 'underline' }}
              >
                {telescope.alternativeTo}
              </Link>
            </span>
          )}
        </div>
      </div>
      <div className="event-acts">
        <Link to="/plans" search={{ telescope: telescope.slug }} className="button">
          Its plans
        </Link>
        {may && (
          <>
            <Link
              to="/telescopes/$slug"
              params={{ slug: telescope.slug }}
              search={{ edit: true }}
              hash="definition"
              className="button"
            >
              Edit
            </Link>
            <Link to="/telescopes/new" search={{ from: telescope.slug }} className="button">
              Copy
            </Link>
            {telescope.origin === 'own' && (
              <button
                type="button"
                className="button danger"
                disabled={remove.isPending}
                onClick={() => {
                  if (confirm(`Remove ${telescope.name}? A shipped telescope of that slug comes back.`))
                    remove.mutate()
                }}
              >
                Remove
              </button>
            )}
          </>
        )}
        {remove.isError && <Problem error={remove.error} />}
      </div>
    </header>
  )
}

function shapeText({ footprint }: Telescope): string {
  const size = (deg: number) => (deg >= 1 ? `${significant(deg, 3)}°` : `${significant(deg * 60, 3)}′`)
  switch (footprint.shape) {
    case 'circle':
      return `circle, ${size(2 * footprint.radiusDeg)} across`
    case 'rectangle':
    case 'box':
      return `${size(footprint.widthDeg)} × ${size(footprint.heightDeg)}`
    case 'polygon':
      return `polygon of ${footprint.vertices.length} corners`
    case 'mosaic':
      return `mosaic of ${footprint.polygons.length} detectors`
  }
}

function Filters({ telescope }: { telescope: Telescope }) {
  return (
    <Section title="Filters" aside="depth: AB magnitude at 5σ">
      <table className="inputs" style={{ marginTop: 0 }}>
        <thead>
          <tr>
            <th scope="col">Filter</th>
            <th scope="col" className="right">
              Exposure (s)
            </th>
            <th scope="col" className="right">
              Depth (mag)
            </th>
          </tr>
        </thead>
        <tbody>
          {telescope.filters.map((filter) => (
            <tr key={filter.name}>
              <td>{filter.name}</td>
              <td className="right">{filter.exposureS}</td>
              <td className="right">{filter.depthMag ?? <span className="dim">not known</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  )
}

function Sources({ telescope }: { telescope: Telescope }) {
  return (
    <Section title="Where the numbers come from">
      {telescope.sources.length === 0 ? (
        <p className="doubt">No source is named.</p>
      ) : (
        <ul className="plain-list">
          {telescope.sources.map((source) => (
            <li key={source} style={{ overflowWrap: 'anywhere' }}>
              {source}
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

const versionWords = { defined: 'defined', shipped: 'the shipped one came back', removed: 'removed' }

function Versions({ telescope }: { telescope: Telescope }) {
  const query = useQuery(versionsOptions(telescope.slug))
  return (
    <Section title="Versions" aside="newest first">
      {query.isError && (
        <Problem error={query.error} retry={() => void query.refetch()} what="the versions" />
      )}
      <ol className="versions">
        {(query.data?.items ?? []).map((one) => (
          <li key={one.version} aria-current={one.version === telescope.version ? 'true' : undefined}>
            <Link
              to="/telescopes/$slug"
              params={{ slug: telescope.slug }}
              search={one.version === telescope.version ? {} : { version: one.version }}
              hash="definition"
            >
              Version {one.version}
            </Link>
            <span>{one.at === null ? 'comes with the program' : versionWords[one.what]}</span>
            <span className="dim">
              {one.at && <Time at={one.at} />} {one.by && `by ${one.by}`}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  )
}

function Definition({ telescope, may }: { telescope: Telescope; may: boolean }) {
  const { version, edit } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery(definitionOptions(telescope.slug, version))
  const done = () => void navigate({ search: {}, replace: true, resetScroll: false })
  return (
    <div style={{ marginTop: 26 }}>
      <Section
        title="Definition"
        id="definition"
        aside={
          <span className="row">
            {version !== undefined && (
              <span>
                version {version} ·{' '}
                <Link to="/telescopes/$slug" params={{ slug: telescope.slug }} hash="definition">
                  show that of now
                </Link>
              </span>
            )}
            <a href={`/api/v1/telescopes/${telescope.slug}/definition.toml`} download>
              {telescope.slug}.toml
            </a>
            {may && !edit && (
              <Link
                to="/telescopes/$slug"
                params={{ slug: telescope.slug }}
                search={{ edit: true, ...(version === undefined ? {} : { version }) }}
                resetScroll={false}
              >
                Edit
              </Link>
            )}
          </span>
        }
      >
        {query.isError ? (
          <Problem error={query.error} retry={() => void query.refetch()} what="the definition" />
        ) : query.data === undefined ? (
          <Loading lines={10} />
        ) : edit && may ? (
          <DefinitionEditor
            key={`${telescope.version} ${version}`}
            slug={telescope.slug}
            text={query.data}
            saved={done}
            cancel={done}
          />
        ) : (
          <DefinitionText text={query.data} />
        )}
      </Section>
    </div>
  )
}
