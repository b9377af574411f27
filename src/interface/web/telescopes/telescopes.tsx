import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { reaches } from '#interface/web/app/rooms.ts'
import type { TelescopesSearch } from '#interface/web/app/searches.ts'
import { DataTable } from '#interface/web/pieces/data-table.tsx'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { FootprintDrawing } from '#interface/web/pieces/footprint.tsx'
import { NoneFits, Pick } from '#interface/web/pieces/filters.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import '#interface/web/plans/plans.css'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { DarkWord, useDarkness } from './darkness.tsx'
import type { Darkness } from './dark-hours.ts'
import { telescopesOptions } from './queries.ts'
import './telescopes.css'
import { areaText, Doubts, doubtText, limitsText, pointingText, siteText } from './words.tsx'

const route = getRouteApi('/framed/telescopes')

/** All telescopes: where they are, what they see, what may be wrong about them. */
export function Telescopes() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const me = useQuery(meOptions).data
  const list = useQuery(telescopesOptions)
  const dark = useDarkness(useMinute())
  const rows = useMemo(() => chosen(list.data?.items ?? [], search), [list.data, search])
  const columns = useMemo(() => telescopeColumns(dark), [dark])
  const change = (part: TelescopesSearch) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  useEffect(() => {
    document.title = 'Telescopes · Urania'
  }, [])
  return (
    <>
      <div className="page-head">
        <h1>Telescopes</h1>
        {reaches(me?.role ?? null, 'operator') && (
          <Link to="/telescopes/new" className="button main">
            Add a telescope
          </Link>
        )}
      </div>
      <Filters search={search} change={change} />
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="the list of telescopes" />
      ) : list.isSuccess && rows.length === 0 ? (
        <NoneFits one="telescope" many="telescopes" clear={() => void navigate({ search: {} })} />
      ) : (
        <DataTable
          name="telescopes"
          label="Telescopes"
          columns={columns}
          rows={rows}
          keyOf={(row) => row.slug}
          hrefOf={(row) => `/telescopes/${row.slug}`}
          compact={(row) => <CompactTelescope telescope={row} dark={dark?.(row)} />}
          loading={list.isPending}
          fetchAll={() => Promise.resolve(rows)}
        />
      )}
    </>
  )
}

function chosen(all: readonly Telescope[], { q, origin, doubts, sort }: TelescopesSearch): Telescope[] {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean)
  const found = all.filter((one) => {
    const text =
      `${one.slug} ${one.name} ${one.instrument ?? ''} ${one.observatory ?? ''} ${one.filters.map((f) => f.name).join(' ')}`.toLowerCase()
    return (
      words.every((word) => text.includes(word)) &&
      (origin === undefined || one.origin === origin) &&
      (doubts === undefined || one.doubts.length > 0)
    )
  })
  if (sort === 'area') return found.toSorted((a, b) => b.fieldAreaDeg2 - a.fieldAreaDeg2)
  if (sort === 'latitude') return found.toSorted((a, b) => b.site.latitude - a.site.latitude)
  return found.toSorted((a, b) => a.name.localeCompare(b.name))
}

function Filters({ search, change }: { search: TelescopesSearch; change: (part: TelescopesSearch) => void }) {
  const [typed, setTyped] = useState<string | null>(null)
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        className="field"
        style={{ flex: '1 1 200px', maxWidth: 360 }}
        aria-label="Name, site or filter"
        placeholder="name, site or filter"
        value={typed ?? search.q ?? ''}
        onChange={(event) => {
          setTyped(event.target.value)
          change({ q: event.target.value || undefined })
        }}
        onBlur={() => setTyped(null)}
      />
      <Pick
        label="Origin"
        value={search.origin}
        all="shipped and own"
        among={[
          ['own', 'own'],
          ['shipped', 'shipped'],
        ]}
        change={(origin) => change({ origin })}
      />
      <Pick
        label="Order"
        value={search.sort}
        all="by name"
        among={[
          ['area', 'widest field first'],
          ['latitude', 'north to south'],
        ]}
        change={(sort) => change({ sort })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={search.doubts ?? false}
          onChange={(event) => change({ doubts: event.target.checked || undefined })}
        />
        with doubts only
      </label>
    </form>
  )
}

function telescopeColumns(dark: ((one: Telescope) => Darkness) | undefined): Column<Telescope>[] {
  return [
    {
      id: 'name',
      header: 'Name',
      cell: (one) => (
        <span className="telescope-name">
          <FootprintDrawing footprint={one.footprint} size={18} title={`Field of ${one.name}`} bare />
          <Link to="/telescopes/$slug" params={{ slug: one.slug }}>
            {one.name}
          </Link>
          {one.origin === 'own' && <span className="tag">own</span>}
        </span>
      ),
      plain: (one) => one.name,
    },
    {
      id: 'instrument',
      header: 'Instrument',
      hidden: true,
      cell: (one) => one.instrument ?? '–',
      plain: (one) => one.instrument,
    },
    {
      id: 'area',
      header: 'Field',
      right: true,
      cell: (one) => areaText(one.fieldAreaDeg2),
      plain: (one) => one.fieldAreaDeg2,
    },
    {
      id: 'site',
      header: 'Site',
      cell: (one) => <span title={one.observatory ?? undefined}>{siteText(one)}</span>,
      plain: (one) => (one.ground ? `${one.site.latitude} ${one.site.longitude}` : null),
    },
    {
      id: 'dark',
      header: 'Night',
      cell: (one) => <DarkWord dark={dark?.(one)} />,
      plain: () => null,
    },
    {
      id: 'filters',
      header: 'Filters',
      cell: (one) => one.filters.map((filter) => filter.name).join(' '),
      plain: (one) => one.filters.map((filter) => filter.name).join(' '),
    },
    { id: 'limits', header: 'Limits', cell: limitsText, plain: limitsText },
    { id: 'pointing', header: 'Fields', hidden: true, cell: pointingText, plain: pointingText },
    {
      id: 'doubts',
      header: 'Doubts',
      cell: (one) => <Doubts telescope={one} />,
      plain: (one) => one.doubts.map(doubtText).join('; ') || null,
    },
  ]
}

function CompactTelescope({ telescope, dark }: { telescope: Telescope; dark: Darkness | undefined }) {
  return (
    <Link to="/telescopes/$slug" params={{ slug: telescope.slug }} className="telescope-compact">
      <FootprintDrawing footprint={telescope.footprint} size={40} title={`Field of ${telescope.name}`} bare />
      <span>
        <b>{telescope.name}</b> {telescope.origin === 'own' && <span className="tag">own</span>}{' '}
        {telescope.doubts.length > 0 && <span className="doubt">▲ {telescope.doubts.length} in doubt</span>}
      </span>
      <span>{areaText(telescope.fieldAreaDeg2)}</span>
      <span className="dim last">
        {siteText(telescope)} · <DarkWord dark={dark} />
      </span>
    </Link>
  )
}
