import { columnVisibilityFeature, createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { ReactNode } from 'react'
import { rememberList } from '#interface/web/app/came-from.ts'
import { isTyping } from '#interface/web/app/keys.tsx'
import { usePreferences } from '#interface/web/app/preferences.tsx'
import { thousands } from './format.ts'
import { Menu } from './menu.tsx'
import { Skeleton } from './problem.tsx'
import { exportRows } from './table-export.ts'

/** A column: what it is called (with its unit), what a cell shows, and what an exported cell holds. */
export interface Column<T> {
  id: string
  header: string
  right?: boolean
  cell: (row: T) => ReactNode
  plain: (row: T) => string | number | boolean | null
  /** Not shown until chosen. */
  hidden?: boolean
}

const features = tableFeatures({ columnVisibilityFeature })
const rowHeight = 33

/**
 * Rows from the server, page by page as one scrolls; only what is on the screen is in the document. Columns are
 * chosen and remembered; what is shown can be exported whole. `j`, `k` and Enter choose and open.
 */
export function DataTable<T>(props: {
  name: string
  label: string
  columns: readonly Column<T>[]
  rows: readonly T[]
  keyOf: (row: T) => string
  hrefOf?: (row: T) => string
  /** One row on a narrow screen. */
  compact: (row: T) => ReactNode
  loading?: boolean
  hasMore?: boolean
  fetchMore?: () => void
  /** All rows of the list as filtered, for the export. */
  fetchAll?: () => Promise<readonly T[]>
}) {
  const { name, label, columns, rows, keyOf, hrefOf, compact, loading, hasMore, fetchMore, fetchAll } = props
  const preferences = usePreferences()
  const chosen =
    preferences.columns[name] ?? columns.filter((column) => !column.hidden).map((column) => column.id)
  const table = useTable({
    features,
    columns: useMemo(() => {
      const helper = createColumnHelper<typeof features, T & object>()
      return helper.columns(columns.map((column) => helper.display({ id: column.id, header: column.header })))
    }, [columns]),
    data: rows as readonly (T & object)[],
    getRowId: keyOf,
    state: {
      columnVisibility: Object.fromEntries(columns.map((column) => [column.id, chosen.includes(column.id)])),
    },
  })
  const shown = table
    .getVisibleLeafColumns()
    .flatMap((leaf) => columns.find((column) => column.id === leaf.id) ?? [])
  const tableRows = table.getRowModel().rows
  const narrow = useNarrow()
  const box = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- read while rendering, nothing is memoised on its functions
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (narrow ? 76 : rowHeight),
    overscan: 12,
    scrollMargin: box.current?.offsetTop ?? 0,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && last >= rows.length - 25) fetchMore?.()
  }, [hasMore, last, rows.length, fetchMore])
  const selected = useListKeys(rows, hrefOf, (index) => virtual.scrollToIndex(index))

  const before = (items[0]?.start ?? virtual.options.scrollMargin) - virtual.options.scrollMargin
  const after =
    virtual.getTotalSize() -
    ((items.at(-1)?.end ?? virtual.options.scrollMargin) - virtual.options.scrollMargin)
  const leave = () => hrefOf && rememberList(rows.map((row) => hrefOf(row).split('?')[0]))

  return (
    <div ref={box} onClickCapture={leave}>
      <div className="table-tools">
        <span>
          {loading && rows.length === 0
            ? 'Loading…'
            : `${thousands(rows.length)}${hasMore ? ' and more' : ''} shown`}
        </span>
        <span className="end">
          {!narrow && (
            <ColumnChoice
              columns={columns}
              chosen={chosen}
              choose={(ids) => preferences.change({ columns: { ...preferences.columns, [name]: ids } })}
            />
          )}
          {fetchAll && <ExportMenu name={name} columns={shown} fetchAll={fetchAll} />}
        </span>
      </div>
      {narrow ? (
        <ul className="rows-phone" aria-label={label}>
          <li style={{ height: before, padding: 0, border: 0 }} hidden={before === 0} />
          {items.map((item) => (
            <li key={item.key} data-index={item.index} ref={virtual.measureElement}>
              {compact(rows[item.index])}
            </li>
          ))}
          <li style={{ height: after, padding: 0, border: 0 }} hidden={after <= 0} />
        </ul>
      ) : (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={label}>
          <table className="table">
            <thead>
              <tr>
                {shown.map((column) => (
                  <th key={column.id} scope="col" className={column.right ? 'right' : undefined}>
                    {column.header}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
              {items.map((item) => {
                const row = rows[item.index]
                return (
                  <tr
                    key={tableRows[item.index]?.id ?? item.key}
                    aria-selected={selected === item.index || undefined}
                  >
                    {shown.map((column) => (
                      <td key={column.id} className={column.right ? 'right' : undefined}>
                        {column.cell(row)}
                      </td>
                    ))}
                  </tr>
                )
              })}
              {loading && rows.length === 0 && <SkeletonRows columns={shown.length} />}
              {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
            </tbody>
          </table>
        </div>
      )}
      {narrow && loading && rows.length === 0 && <Skeleton height={200} />}
    </div>
  )
}

function SkeletonRows({ columns }: { columns: number }) {
  return Array.from({ length: 8 }, (_, row) => (
    <tr key={row}>
      {Array.from({ length: columns }, (_, column) => (
        <td key={column}>
          <Skeleton width={40 + ((row * 31 + column * 17) % 60)} />
        </td>
      ))}
    </tr>
  ))
}

function useNarrow(): boolean {
  const query = '(max-width: 760px)'
  const [narrow, setNarrow] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const media = matchMedia(query)
    const follow = () => setNarrow(media.matches)
    media.addEventListener('change', follow)
    return () => media.removeEventListener('change', follow)
  }, [])
  return narrow
}

/** `j` and `k` choose a row, Enter opens it. */
function useListKeys<T>(
  rows: readonly T[],
  hrefOf: ((row: T) => string) | undefined,
  show: (index: number) => void,
) {
  const navigate = useNavigate()
  const [selected, setSelected] = useState(-1)
  useEffect(() => {
    if (!hrefOf) return
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (event.key === 'j' || event.key === 'k') {
        const next = Math.max(0, Math.min(rows.length - 1, selected + (event.key === 'j' ? 1 : -1)))
        setSelected(next)
        show(next)
      } else if (event.key === 'Enter' && rows[selected] && event.target === document.body) {
        rememberList(rows.map((row) => hrefOf(row).split('?')[0]))
        void navigate({ href: hrefOf(rows[selected]) })
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })
  return selected
}

function ColumnChoice<T>(props: {
  columns: readonly Column<T>[]
  chosen: readonly string[]
  choose: (ids: string[]) => void
}) {
  const { columns, chosen, choose } = props
  return (
    <Menu
      stays
      items={columns.map((column) => {
        const on = chosen.includes(column.id)
        return {
          text: column.header,
          checked: on,
          disabled: on && chosen.length === 1,
          act: () =>
            choose(
              columns.map((one) => one.id).filter((id) => (id === column.id ? !on : chosen.includes(id))),
            ),
        }
      })}
    >
      <button type="button" className="link-button">
        Columns
      </button>
    </Menu>
  )
}

function ExportMenu<T>(props: {
  name: string
  columns: readonly Column<T>[]
  fetchAll: () => Promise<readonly T[]>
}) {
  const [state, setState] = useState<'idle' | 'busy' | 'failed'>('idle')
  const run = (format: 'csv' | 'json') => {
    setState('busy')
    props
      .fetchAll()
      .then((rows) => {
        exportRows(props.name, format, props.columns, rows)
        setState('idle')
      })
      .catch(() => setState('failed'))
  }
  return (
    <Menu
      items={[
        { text: 'CSV, columns as shown', act: () => run('csv') },
        { text: 'JSON, whole rows', act: () => run('json') },
      ]}
    >
      <button type="button" className="link-button" disabled={state === 'busy'}>
        {state === 'busy' ? 'Exporting…' : state === 'failed' ? 'Export failed, again?' : 'Export'}
      </button>
    </Menu>
  )
}
