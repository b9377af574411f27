import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { bytes, significant, thousands } from '#interface/web/pieces/format.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import '#interface/web/account/account.css'
import '#interface/web/notifications/notifications.css'
import { ImportForm } from './import-form.tsx'
import { cataloguesOptions } from './queries.ts'

/** Reference catalogues: what plans choose galaxies from, and anybody may ask. */
export function Catalogues() {
  const list = useQuery(cataloguesOptions)
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'operator')
  const [open, setOpen] = useState(false)
  useEffect(() => {
    document.title = 'Catalogues · Urania'
  }, [])
  const items = list.data?.items ?? []
  const empty = list.isSuccess && items.length === 0
  return (
    <div className="stack" style={{ gap: 24 }}>
      <div>
        <div className="page-head">
          <h1>Catalogues</h1>
          {may && !open && !empty && (
            <button type="button" className="button main" onClick={() => setOpen(true)}>
              Import…
            </button>
          )}
        </div>
        {list.isError ? (
          <Problem error={list.error} retry={() => void list.refetch()} what="the catalogues" />
        ) : list.isPending ? (
          <Loading />
        ) : empty ? (
          <Empty title="No catalogues yet.">
            <p>
              With a galaxy catalogue plans can choose galaxies in the volume of a gravitational-wave event,
              and cones of it can be asked here.{' '}
              {may
                ? 'GLADE+, GLADE 2, NED-LVS, MANGROVE and 2MRS are known by their columns.'
                : 'Operators import them.'}
            </p>
          </Empty>
        ) : (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Of what</th>
                <th scope="col" className="right">
                  Rows
                </th>
                <th scope="col" className="right">
                  Area (deg²)
                </th>
                <th scope="col" className="right">
                  Size
                </th>
                <th scope="col" className="right">
                  Imported
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.name}>
                  <td>
                    <Link to="/catalogues/$name" params={{ name: one.name }}>
                      <b>{one.name}</b>
                    </Link>{' '}
                    <span className="dim">{one.title}</span>
                  </td>
                  <td>{one.kind}</td>
                  <td className="right" data-label="rows">
                    {thousands(one.rows)}
                  </td>
                  <td className="right" data-label="deg²">
                    {significant(one.coverage.areaDeg2)}
                  </td>
                  <td className="right">{bytes(one.bytes)}</td>
                  <td className="right dim">
                    <Time at={one.importedAt} show="ago" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {may && (open || empty) && (
        <ImportForm taken={items.map((one) => one.name)} begun={() => setOpen(true)} />
      )}
    </div>
  )
}
