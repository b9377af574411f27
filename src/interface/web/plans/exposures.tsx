import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import { percent, thousands } from '#interface/web/pieces/format.ts'
import { useCoordinateText } from '#interface/web/pieces/sky-coord.tsx'
import { aimOf, fieldKey } from '#observatory/plans/document.ts'
import type { PlanDocument } from '#observatory/plans/document.ts'
import type { PlanDetail, PlannedExposure } from '#observatory/plans/plan.ts'
import { AddField, EditsBar } from './edits.tsx'
import type { Edits } from './edits.tsx'
import { useChoice } from './plan-sky.tsx'

type Key = keyof PlannedExposure
interface Column {
  key: Key
  header: string
  right?: boolean
  /** Left out on a narrow screen. */
  wide?: boolean
  text: (exposure: PlannedExposure) => string
}

const fixed = (value: number | null, digits: number): string => (value === null ? '–' : value.toFixed(digits))
const rowHeight = 31

/** Every exposure in order: sorted by any column, a row is its field on the map, and what a person wants otherwise. */
export function Exposures(props: { plan: PlanDetail; document: PlanDocument; edits: Edits }) {
  const { plan, document, edits } = props
  const { chosen, choose, telescope } = useChoice()
  const write = useCoordinateText()
  const [sort, setSort] = useState<{ key: Key; up: boolean }>({ key: 'number', up: true })
  const columns: readonly Column[] = [
    { key: 'number', header: '#', right: true, text: (e) => String(e.number) },
    { key: 'telescope', header: 'Telescope', text: (e) => e.telescope },
    { key: 'field', header: 'Field', text: (e) => e.field },
    { key: 'start', header: 'Start (UTC)', text: (e) => e.start.slice(5, 19).replace('T', ' ') },
    { key: 'filter', header: 'Filter', wide: true, text: (e) => e.filter },
    { key: 'exposureS', header: 'Exposure (s)', right: true, wide: true, text: (e) => String(e.exposureS) },
    { key: 'visit', header: 'Visit', right: true, wide: true, text: (e) => String(e.visit) },
    { key: 'ra', header: 'RA Dec (ICRS)', wide: true, text: (e) => write(e.ra, e.dec, 4) },
    { key: 'altitudeDeg', header: 'Alt (°)', right: true, wide: true, text: (e) => fixed(e.altitudeDeg, 0) },
    { key: 'airmass', header: 'Airmass', right: true, wide: true, text: (e) => fixed(e.airmass, 2) },
    {
      key: 'moonSeparationDeg',
      header: 'Moon (°)',
      right: true,
      wide: true,
      text: (e) => fixed(e.moonSeparationDeg, 0),
    },
    { key: 'probability', header: 'In it', right: true, text: (e) => percent(e.probability) },
    {
      key: 'cumulativeProbability',
      header: 'So far',
      right: true,
      wide: true,
      text: (e) => percent(e.cumulativeProbability),
    },
  ]
  const rows = useMemo(() => {
    const list = document.exposures.filter((e) => telescope === undefined || e.telescope === telescope)
    const sign = sort.up ? 1 : -1
    return list.toSorted((a, b) => sign * compare(a[sort.key], b[sort.key]) || a.number - b.number)
  }, [document, telescope, sort])
  const box = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library -- read while rendering, nothing is memoised on its functions
  const virtual = useVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    getScrollElement: () => box.current,
    overscan: 10,
  })
  const at = rows.findIndex((row) => fieldKey(row) === chosen)
  const last = useRef<string | undefined>(undefined)
  useEffect(() => {
    // A field that was chosen on the map comes into sight here.
    if (at >= 0 && last.current !== chosen) virtual.scrollToIndex(at, { align: 'auto' })
    last.current = chosen
  }, [at, chosen, virtual])
  const items = virtual.getVirtualItems()
  const before = items[0]?.start ?? 0
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  return (
    <Section
      title="Exposures"
      aside={`${thousands(rows.length)} · ${aimOf(document) === 'galaxies' ? 'shares are of the galaxies’ weight · ' : ''}a click shows the field on the map`}
    >
      <EditsBar plan={plan} edits={edits} />
      <div
        className="exposures-scroll"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Exposures: up and down arrows choose"
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
          event.preventDefault()
          const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)))]
          if (next) choose(fieldKey(next))
        }}
      >
        <table className="table">
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  className={classOf(column)}
                  aria-sort={sort.key === column.key ? (sort.up ? 'ascending' : 'descending') : undefined}
                >
                  <button
                    type="button"
                    onClick={() =>
                      setSort((old) => ({ key: column.key, up: old.key === column.key ? !old.up : true }))
                    }
                  >
                    {column.header}
                    {sort.key === column.key && (sort.up ? ' ↑' : ' ↓')}
                  </button>
                </th>
              ))}
              {edits.may && <th scope="col">Next version</th>}
            </tr>
          </thead>
          <tbody>
            {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
            {items.map((item) => {
              const row = rows[item.index]
              const key = fieldKey(row)
              return (
                <tr
                  key={row.number}
                  aria-selected={key === chosen || undefined}
                  className={edits.now.drop.includes(key) ? 'dropped' : undefined}
                  onClick={() => choose(key === chosen ? undefined : key)}
                >
                  {columns.map((column) => (
                    <td key={column.key} className={classOf(column)}>
                      {column.text(row)}
                    </td>
                  ))}
                  {edits.may && (
                    <td onClick={(event) => event.stopPropagation()}>
                      <Marks row={row} edits={edits} />
                    </td>
                  )}
                </tr>
              )
            })}
            {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
          </tbody>
        </table>
      </div>
      <AddField plan={plan} edits={edits} />
    </Section>
  )
}

function Marks({ row, edits }: { row: PlannedExposure; edits: Edits }) {
  const key = fieldKey(row)
  const mark = (name: string, title: string, on: boolean, run: () => void) => (
    <button type="button" aria-pressed={on} title={title} onClick={run}>
      {name}
    </button>
  )
  return (
    <span className="marks">
      {mark('drop', `Never take ${key}`, edits.now.drop.includes(key), () => edits.toggle('drop', key))}
      {mark('pin', `Take ${key} if any schedule can`, edits.now.pin.includes(key), () =>
        edits.toggle('pin', key),
      )}
      {mark(
        'lock',
        `Exposure ${row.number} stays exactly as it is`,
        edits.now.lock.includes(row.number),
        () => edits.lock(row.number),
      )}
    </span>
  )
}

function classOf(column: Column): string | undefined {
  return [column.right && 'right', column.wide && 'wide'].filter(Boolean).join(' ') || undefined
}

type Cell = string | number | boolean | null

function compare(a: Cell, b: Cell): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  // What has no value comes last.
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  return String(a).localeCompare(String(b), 'en', { numeric: true })
}
