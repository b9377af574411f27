// `npm run bench [name…] [--json]`: figures of Urania beside the tools a user would otherwise run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { table } from '#platform/terminal/table.ts'
import { machine, type Report, type Row, type Subject } from './harness.ts'

const names = [
  'ang2pix',
  'skymap',
  'fits',
  'moc',
  'altaz',
  'ingest',
  'live',
  'planning',
  'resample',
  'detect',
  'subtract',
]

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const unknown = positionals.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${names.join(', ')}.`)
  process.exit(2)
}

const reports: ({ name: string; title: string } & Report)[] = []
for (const name of positionals.length > 0 ? positionals : names) {
  if (!existsSync(join(import.meta.dirname, `${name}.ts`))) continue
  const { subject } = (await import(`./${name}.ts`)) as { subject: Subject }
  console.error(`${name}: ${subject.title} …`)
  const report: Report = { rows: [], skipped: [] }
  await subject.run(report, (line) => console.error(`  ${line}`))
  reports.push({ name, title: subject.title, ...report })
}

if (values.json) console.log(JSON.stringify({ machine: machine(), subjects: reports }, null, 2))
else print()
process.exitCode = reports.some(({ rows }) => rows.some((row) => row.bar?.held === false)) ? 1 : 0

function print(): void {
  console.log(
    Object.entries(machine())
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
  )
  for (const { rows, skipped } of reports) {
    for (const [what, group] of Map.groupBy(rows, (row) => row.what)) {
      console.log(`\n${what}`)
      const lines = table(
        ['tool', 'median', 'least … most', 'times', 'result', 'must hold'],
        group.map(cells),
      )
      for (const line of lines) console.log(`  ${line}`)
    }
    for (const sentence of skipped) console.log(`\nskipped: ${sentence}`)
  }
}

function cells(row: Row): (string | null)[] {
  return [
    row.tool,
    `${short(row.value)} ${row.unit}`,
    row.runs > 1 ? `${short(row.least)} … ${short(row.most)}` : null,
    row.times === null ? null : `× ${row.times.toFixed(2)}`,
    row.agrees === null ? null : row.agrees ? 'same' : 'DIFFERENT',
    row.bar && `${row.bar.text}: ${row.bar.held ? 'held' : 'MISSED'}`,
  ]
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
