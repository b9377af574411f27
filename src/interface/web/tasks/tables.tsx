import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { address } from '#interface/web/api/client.ts'
import { DataTable, type Column } from '#interface/web/pieces/data-table.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { significant, thousands, unitText } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import { everyRow } from '#interface/web/pieces/table-export.ts'
import type { StepName, Task, TaskProduct } from '#observatory/tasks/task.ts'
import { tableOptions, type Cell, type Rows, type TableName } from './queries.ts'
import { flagsInWords } from './words.tsx'

type Row = Record<string, Cell>

const tables: Readonly<Partial<Record<StepName, readonly (readonly [TableName, string, file: string])[]>>> = {
  photometry: [
    ['objects', 'Objects', 'objects.parquet'],
    ['targets', 'Targets', 'target.parquet'],
    ['calibrators', 'Calibrating stars', 'calibrators.parquet'],
    ['stars', 'Stars of the catalogue', 'cat.parquet'],
  ],
  transients: [['simple-candidates', 'Candidates', 'candidates_simple.parquet']],
  subtraction: [
    ['candidates', 'Candidates', 'candidates.parquet'],
    ['difference-targets', 'Targets on the difference', 'sub_target.parquet'],
  ],
}

const formats = [
  ['votable', 'VOTable'],
  ['ecsv', 'ECSV'],
  ['csv', 'CSV'],
  ['fits', 'FITS'],
] as const

/** Tables that a step wrote, one at a time, whole ones to be had as files. */
export function Tables(props: { task: Task; step: StepName; products: readonly TaskProduct[] }) {
  const { task, step, products } = props
  const there = (tables[step] ?? []).flatMap(([name, title, path]) => {
    const file = products.find((one) => one.name === path)
    return file ? [{ name, title, file }] : []
  })
  const [chosen, setChosen] = useState<TableName | null>(null)
  const shown = there.find(({ name }) => name === chosen)
  if (there.length === 0) return null
  return (
    <Section
      title="Tables"
      aside={
        shown && (
          <span className="links">
            {formats.map(([format, words]) => (
              <a
                key={format}
                href={address(`/tasks/${task.id}/${shown.name}`, { format })}
                download
                aria-label={`${shown.title} as ${words}`}
              >
                {words}
              </a>
            ))}
          </span>
        )
      }
    >
      <span className="segments" role="group" aria-label="Table">
        {there.map(({ name, title }) => (
          <button
            key={name}
            type="button"
            aria-pressed={shown?.name === name}
            onClick={() => setChosen(shown?.name === name ? null : name)}
          >
            {title}
          </button>
        ))}
      </span>
      {shown && <OneTable key={shown.file.sha256} task={task.id} {...shown} />}
    </Section>
  )
}

function OneTable(props: { task: string; name: TableName; title: string; file: TaskProduct }) {
  const { task, name, title, file } = props
  const list = useInfiniteQuery(tableOptions(task, name, file.sha256))
  const first = list.data?.pages[0]
  const rows = useMemo(
    () =>
      list.data?.pages.flatMap((page, n) =>
        page.items.map((row, i): Row => ({ ...row, '#': n * 500 + i })),
      ) ?? [],
    [list.data],
  )
  const columns = useMemo(() => (first ? columnsOf(first) : []), [first])
  if (list.isError) return <Problem error={list.error} what={title} />
  return (
    <>
      {first && first.total === 0 ? (
        <p className="dim">It has no rows.</p>
      ) : (
        <div className="task-table">
          <DataTable
            name={`task-${name}`}
            label={first ? `${title}: ${thousands(first.total)}` : title}
            columns={columns}
            rows={rows}
            keyOf={(row) => String(row['#'])}
            compact={(row) => <CompactRow row={row} />}
            loading={list.isPending}
            hasMore={list.hasNextPage}
            fetchMore={() => {
              if (!list.isFetchingNextPage) void list.fetchNextPage()
            }}
            fetchAll={() => everyRow<Row>(`/tasks/${task}/${name}`, {})}
          />
        </div>
      )}
    </>
  )
}

/** Shown at first; the rest are behind "Columns". */
const usual = new Set([
  'name',
  'number',
  'ra',
  'dec',
  'x',
  'y',
  'mag_calib',
  'mag_limit',
  'flux',
  'fwhm',
  'flags',
  'sn',
  'cat_mag',
  'color',
  'residual',
  'used',
  'separation',
])
/** Error of a column: it stands behind the value, and has a column of its own only by choice. */
const errors: Readonly<Record<string, string>> = {
  x: 'xerr',
  y: 'yerr',
  flux: 'fluxerr',
  mag: 'magerr',
  mag_calib: 'mag_calib_err',
  cat_mag: 'cat_magerr',
  residual: 'residual_err',
}
const decimals: Readonly<Record<string, number>> = { ra: 6, dec: 6, x: 2, y: 2, fwhm: 2, separation: 3 }

function columnsOf({ columns }: Rows): Column<Row>[] {
  const known = columns.some(({ name }) => usual.has(name))
  return columns.map(({ name, unit }, i): Column<Row> => {
    const text = name === 'name'
    return {
      id: name,
      header: unit ? `${name} (${unitText(unit)})` : name,
      right: !text,
      hidden: known ? !usual.has(name) : i > 9,
      cell: (row) => shownAs(name, row),
      plain: (row) => row[name] ?? null,
    }
  })
}

function shownAs(name: string, row: Row) {
  const value = row[name]
  if (value === null || value === undefined) return <span className="dim">–</span>
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (name === 'flags')
    return value === 0 ? (
      <span className="dim">none</span>
    ) : (
      <span title={`0x${value.toString(16)}`}>{flagsInWords(value)}</span>
    )
  const error = errors[name] === undefined ? undefined : row[errors[name]]
  if (typeof error === 'number' && error > 0) return <Value value={value} error={error} />
  if (decimals[name] !== undefined) return value.toFixed(decimals[name]).replace('-', '−')
  return Number.isInteger(value) ? thousands(value) : significant(value, 5)
}

/** One row on a narrow screen: what it is, how bright, where. */
function CompactRow({ row }: { row: Row }) {
  const name = row['name'] ?? row['number'] ?? row['#']
  const bright =
    row['mag_calib'] !== undefined ? 'mag_calib' : row['cat_mag'] !== undefined ? 'cat_mag' : undefined
  return (
    <span className="task-compact">
      <b style={{ color: 'inherit' }}>{String(name)}</b>
      <span>{bright && <>{shownAs(bright, row)} mag</>}</span>
      <span className="dim number">
        {typeof row['ra'] === 'number' && typeof row['dec'] === 'number'
          ? `${row['ra'].toFixed(5)} ${row['dec'].toFixed(5)}`.replace('-', '−')
          : ''}
      </span>
      <span className="dim">{typeof row['flags'] === 'number' ? flagsInWords(row['flags']) : ''}</span>
    </span>
  )
}
