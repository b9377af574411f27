import type { Page, Query } from '#interface/web/api/client.ts'
import { get } from '#interface/web/api/client.ts'

interface Exported<T> {
  id: string
  header: string
  plain: (row: T) => string | number | boolean | null
}

/** One CSV field after RFC 4180; a text that a spreadsheet would run as a formula is disarmed. */
export function csvField(value: string | number | boolean | null): string {
  if (value === null) return ''
  const text =
    typeof value === 'string' && /^[=+\-@\t]/.test(value) && Number.isNaN(Number(value))
      ? `'${value}`
      : String(value)
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function toCsv<T>(columns: readonly Exported<T>[], rows: readonly T[]): string {
  const lines = [
    columns.map((column) => csvField(column.header)),
    ...rows.map((row) => columns.map((column) => csvField(column.plain(row)))),
  ]
  return lines.map((line) => line.join(',')).join('\r\n') + '\r\n'
}

/** Hands the rows to the browser as a file. */
export function exportRows<T>(
  name: string,
  format: 'csv' | 'json',
  columns: readonly Exported<T>[],
  rows: readonly T[],
): void {
  const text = format === 'csv' ? toCsv(columns, rows) : JSON.stringify(rows, null, 1)
  const url = URL.createObjectURL(
    new Blob([text], { type: format === 'csv' ? 'text/csv' : 'application/json' }),
  )
  const link = document.createElement('a')
  link.href = url
  link.download = `urania-${name}-${new Date().toISOString().slice(0, 10)}.${format}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Every page of a list, one after the other. */
export async function everyRow<T>(path: string, filter: Query): Promise<T[]> {
  const rows: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await get<Page<T>>(path, { ...filter, cursor, limit: 500 })
    rows.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return rows
}
