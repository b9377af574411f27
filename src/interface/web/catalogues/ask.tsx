import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { address } from '#interface/web/api/client.ts'
import { useCoordinateText } from '#interface/web/pieces/sky-coord.tsx'
import { DataTable } from '#interface/web/pieces/data-table.tsx'
import type { Column } from '#interface/web/pieces/data-table.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { unitText } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { parseDirection, type Direction } from '#science/sky/angles.ts'
import type { Catalogue, CatalogueColumn } from '#observatory/references/catalogue.ts'
import { cellText } from './cell.ts'
import { rowsOptions, type Cell } from './queries.ts'

const route = getRouteApi('/framed/catalogues/$name')
const most = 1_000
const formats = ['csv', 'ecsv', 'votable', 'fits', 'parquet'] as const

/** Rows in a cone that meet a condition; the address is the question. */
export function Ask({ catalogue }: { catalogue: Catalogue }) {
  const { name } = catalogue
  const { cone, where, order } = route.useSearch()
  const question = cone === undefined && where === undefined ? null : { cone, where, order, limit: most }
  const rows = useQuery(rowsOptions(name, question))
  const answer = rows.data
  return (
    <Section title="Ask it" aside="a cone, a condition, or both">
      <Question key={`${cone} ${where} ${order}`} catalogue={catalogue} />
      {rows.isError && <Problem error={rows.error} />}
      {question && answer && !rows.isError && (
        <>
          <p className="dim" role="status">
            {answer.items.length}{' '}
            {answer.truncated ? `rows, and more that fit: narrow it or take a file` : 'rows'}; read{' '}
            {answer.filesRead} of {answer.files} files.{' '}
            {formats.map((format) => (
              <span key={format}>
                <a
                  href={address(`/catalogues/${name}/query`, { ...question, limit: 100_000, format })}
                  download
                >
                  {format}
                </a>{' '}
              </span>
            ))}
          </p>
          {answer.items.length > 0 && <Answer columns={answer.columns} items={answer.items} name={name} />}
        </>
      )}
    </Section>
  )
}

function Question({ catalogue }: { catalogue: Catalogue }) {
  const { cone, where, order } = route.useSearch()
  const navigate = route.useNavigate()
  const text = useCoordinateText()
  const [ra, dec, size] = (cone ?? '').split(',').map(Number)
  const known = cone !== undefined && Number.isFinite(ra) && Number.isFinite(dec)
  const [centre, setCentre] = useState(known ? text(ra!, dec!) : '')
  const [radius, setRadius] = useState(Number.isFinite(size) ? String(size) : '0.5')
  const [condition, setCondition] = useState(where ?? '')
  const [by, setBy] = useState(order ?? '')
  const { at, problem } = directionOf(centre)
  return (
    <form
      className="inline-form"
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({
          search: {
            cone: at ? `${at.ra.toFixed(6)},${at.dec.toFixed(6)},${Number(radius)}` : undefined,
            where: condition.trim() || undefined,
            order: by || undefined,
          },
          replace: true,
          resetScroll: false,
        })
      }}
    >
      <label className="labelled">
        Centre, in any form
        <input
          className="field"
          placeholder="197.4504 -23.3815"
          value={centre}
          onChange={(event) => setCentre(event.target.value)}
        />
      </label>
      <label className="labelled">
        Radius (deg)
        <input
          className="field narrow"
          inputMode="decimal"
          value={radius}
          onChange={(event) => setRadius(event.target.value)}
        />
      </label>
      <label className="labelled" style={{ flex: '1 1 220px' }}>
        Where (ADQL condition)
        <input
          className="field"
          style={{ fontFamily: 'var(--mono)', fontSize: 12 }}
          placeholder={catalogue.distance ? 'distance < 200' : ''}
          spellCheck={false}
          value={condition}
          onChange={(event) => setCondition(event.target.value)}
        />
      </label>
      <label className="labelled">
        Sorted by
        <select className="select" value={by} onChange={(event) => setBy(event.target.value)}>
          <option value="">place on the sky</option>
          {catalogue.columns.flatMap((column) => [
            <option key={column.name} value={column.name}>
              {column.name}, smallest first
            </option>,
            <option key={`-${column.name}`} value={`-${column.name}`}>
              {column.name}, largest first
            </option>,
          ])}
        </select>
      </label>
      <button
        type="submit"
        className="button main"
        disabled={
          (centre.trim() !== '' && (!at || !(Number(radius) > 0))) || (!at && condition.trim() === '')
        }
      >
        Ask
      </button>
      {problem !== null && <span className="field-problem">{problem}</span>}
    </form>
  )
}

/** A typed direction, or why it is none; nothing typed is neither. */
function directionOf(text: string): { at: Direction | null; problem: string | null } {
  if (text.trim() === '') return { at: null, problem: null }
  try {
    return { at: parseDirection(text.replaceAll('−', '-')), problem: null }
  } catch (error) {
    return { at: null, problem: error instanceof Error ? error.message : String(error) }
  }
}

function Answer(props: { columns: readonly CatalogueColumn[]; items: Record<string, Cell>[]; name: string }) {
  const { columns, items, name } = props
  const shown = useMemo(
    () =>
      columns.map((column, i): Column<Record<string, Cell>> => ({
        id: column.name,
        header: column.unit ? `${column.name} (${unitText(column.unit)})` : column.name,
        right: column.type === 'number' || column.type === 'integer',
        hidden: i >= 9,
        cell: (row) => cellText(row[column.name], column.name),
        plain: (row) => row[column.name] ?? null,
      })),
    [columns],
  )
  const keys = useMemo(() => new Map(items.map((item, i) => [item, String(i)])), [items])
  return (
    <DataTable
      name={`catalogue ${name}`}
      label={`Rows of ${name}`}
      columns={shown}
      rows={items}
      keyOf={(row) => keys.get(row) ?? ''}
      compact={(row) => (
        <span className="row" style={{ gap: '0 14px' }}>
          {columns.slice(0, 6).map((column) => (
            <span key={column.name}>
              <span className="dim">{column.name}</span> {cellText(row[column.name], column.name)}
            </span>
          ))}
        </span>
      )}
      fetchAll={() => Promise.resolve(items)}
    />
  )
}
