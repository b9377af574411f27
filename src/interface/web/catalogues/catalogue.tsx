import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { address, send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Facts, Section } from '#interface/web/pieces/facts.tsx'
import { bytes, thousands, unitText } from '#interface/web/pieces/format.ts'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import '#interface/web/account/account.css'
import '#interface/web/events/events.css'
import '#interface/web/notifications/notifications.css'
import type { Catalogue } from '#observatory/references/catalogue.ts'
import { Ask } from './ask.tsx'
import { CoverageMap } from './coverage.tsx'
import { catalogueOptions } from './queries.ts'

const route = getRouteApi('/framed/catalogues/$name')

/** One catalogue: where it has rows, where it comes from, and what is in a cone of it. */
export function CataloguePage() {
  const { name } = route.useParams()
  const query = useQuery(catalogueOptions(name))
  useEffect(() => {
    document.title = `${name} · Urania`
  }, [name])
  if (query.isError)
    return (
      <>
        <h1>{name}</h1>
        <Problem error={query.error} retry={() => void query.refetch()} what="this catalogue" />
        <Link to="/catalogues">All catalogues</Link>
      </>
    )
  if (!query.data) return <Loading lines={10} />
  return <Body catalogue={query.data} />
}

const parts: Record<string, string> = {
  file: 'as the file says',
  redshift: 'from the redshift',
  'file, else redshift': 'as the file says, else from the redshift',
}

function Body({ catalogue }: { catalogue: Catalogue }) {
  const { name, title, source } = catalogue
  return (
    <article aria-label={name}>
      <header className="event-head">
        <div>
          <div className="event-name">
            <h1>{name}</h1>
            <span className="dim">
              {title === name ? '' : `${title}, `}
              {catalogue.kind === 'generic' ? 'sources' : catalogue.kind === 'star' ? 'stars' : 'galaxies'},
              version {catalogue.version}
            </span>
          </div>
        </div>
        <Remove name={name} />
        <dl className="three">
          <div>
            <dt>Rows</dt>
            <dd>{thousands(catalogue.rows)}</dd>
          </div>
          <div>
            <dt>Area</dt>
            <dd>
              <Value value={catalogue.coverage.areaDeg2} unit="deg²" />
            </dd>
          </div>
          <div>
            <dt>Distances</dt>
            <dd style={{ fontSize: 15 }}>{catalogue.distance ? parts[catalogue.distance] : 'none'}</dd>
          </div>
        </dl>
      </header>
      <div className="event-body">
        <div>
          <Section
            title="Coverage"
            aside={`cells of order ${catalogue.coverage.order} in which something lies`}
          >
            <CoverageMap catalogue={catalogue} />
            <a href={address(`/catalogues/${name}/coverage.fits`)} download>
              Coverage as MOC (FITS)
            </a>
          </Section>
        </div>
        <div>
          <Section title="Where it comes from">
            <Facts
              facts={[
                ['File', `${source.file}, ${source.format}, ${bytes(source.bytes)}`],
                ['SHA-256', <code key="sha">{source.sha256}</code>],
                ['Read as', catalogue.preset ?? 'columns detected or mapped'],
                [
                  'Columns',
                  Object.entries(catalogue.mapping)
                    .map(
                      ([part, from]) =>
                        `${part} from ${from.columns.join(', else ')}${from.unit ? ` (${from.unit})` : ''}`,
                    )
                    .join('; '),
                ],
                [
                  'Without position',
                  catalogue.withoutPosition > 0 && `${thousands(catalogue.withoutPosition)} rows of the file`,
                ],
                [
                  'Imported',
                  <span key="by">
                    <Time at={catalogue.importedAt} /> by {catalogue.importedBy}
                  </span>,
                ],
                ['Kept as', `${catalogue.partitions} files (HATS, Parquet), ${bytes(catalogue.bytes)}`],
                ['Citation', catalogue.citation],
                ['Licence', catalogue.licence],
              ]}
            />
          </Section>
        </div>
      </div>
      <div className="stack" style={{ gap: 26, marginTop: 26 }}>
        <Ask catalogue={catalogue} />
        <Section title="Columns" aside={`${catalogue.columns.length}`}>
          <div className="columns-of" tabIndex={0} role="region" aria-label="Columns">
            {catalogue.columns.map((column) => (
              <span
                key={column.name}
                title={[column.type, column.ucd, column.description].filter(Boolean).join(', ')}
              >
                <code>{column.name}</code>{' '}
                <span className="dim">{column.unit ? unitText(column.unit) : ''}</span>
              </span>
            ))}
          </div>
        </Section>
        <SameFrom
          path={`/catalogues/${name}`}
          also={[
            {
              label: 'rows within half a degree',
              path: `/catalogues/${name}/query?cone=197.45,-23.38,0.5&format=csv`,
              file: `${name}.csv`,
            },
          ]}
        />
      </div>
    </article>
  )
}

function Remove({ name }: { name: string }) {
  const me = useQuery(meOptions).data
  const client = useQueryClient()
  const navigate = route.useNavigate()
  const [sure, setSure] = useState(false)
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/catalogues/${encodeURIComponent(name)}`),
    onSuccess: async () => {
      await navigate({ to: '/catalogues' })
      await client.invalidateQueries({ queryKey: ['references'] })
    },
  })
  if (!reaches(me?.role ?? null, 'operator')) return <span />
  return (
    <div className="event-acts">
      <Link to="/catalogues" className="button">
        All catalogues
      </Link>
      <button
        type="button"
        className="button danger"
        disabled={remove.isPending}
        onClick={() => (sure ? remove.mutate() : setSure(true))}
        onBlur={() => setSure(false)}
      >
        {sure ? `Really remove ${name} and its files` : 'Remove…'}
      </button>
      {remove.isError && <Problem error={remove.error} />}
    </div>
  )
}
