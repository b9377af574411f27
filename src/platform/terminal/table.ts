/** A cell; numbers are set to the right. */
export type Cell = string | number | null | undefined

/**
 * Rows under headings as lines of aligned columns, two spaces apart. A column whose cells are all numbers is set to the
 * right. Width counts code points, so that degree signs and umlauts line up.
 */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const text = rows.map((row) => headings.map((_, i) => String(row[i] ?? '')))
  const right = headings.map(
    (_, i) =>
      rows.length > 0 &&
      rows.every((row) => row[i] === null || row[i] === undefined || typeof row[i] === 'number'),
  )
  const widths = headings.map((heading, i) => Math.max(width(heading), ...text.map((row) => width(row[i]))))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const gap = ' '.repeat(widths[i] - width(cell))
        return right[i] ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  return [line(headings), ...text.map(line)]
}

function width(text: string): number {
  return Array.from(text).length
}
