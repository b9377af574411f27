import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '#problem.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { table } from '#platform/terminal/table.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { answerBytes, answerFormats, itemsOf, jsonOf, type AnswerFormat } from './answer.ts'
import { ImportOptions, type Catalogue, type ImportInput } from './catalogue.ts'
import { mapsOf, sendImport } from './import-service.ts'
import { knownCatalogues } from './known.ts'
import { boxOf, coneOf, type Region } from './region.ts'
import { catalogueByName, listCatalogues, parquetAnswer, queryCatalogue, removeCatalogue } from './service.ts'

/** The room on the command line, as the local operator. */

function argument({ args }: Invocation, at: number, what: string): string {
  const value = args[at]
  if (value !== undefined) return value
  throw new Problem('command.usage', `Say ${what}; see --help.`)
}

function text({ flags }: Invocation, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

const presets = knownCatalogues.map((known) => known.id).join(', ')

const importing: Command = {
  words: ['catalogues', 'import'],
  usage: 'FILE',
  summary: 'Import a catalogue from CSV, ECSV, FITS, VOTable, Parquet or text in columns',
  examples: [
    'urania catalogues import GLADE+.txt --name gladeplus',
    'urania catalogues import NEDLVS.fits --name nedlvs --licence "CC BY 4.0"',
    'urania catalogues import mine.csv --name mine --map ra=RAJ2000 --map dec=DEJ2000 --map distance=dist:kpc',
  ],
  options: {
    name: { type: 'string', doc: 'What it is called here: small letters, digits, - and _' },
    title: { type: 'string', doc: 'What it is called in full' },
    kind: { type: 'string', doc: 'galaxy, star or generic; detected where left out' },
    preset: {
      type: 'string',
      doc: `A catalogue whose columns are known: ${presets}; detected where left out`,
    },
    map: {
      type: 'string',
      multiple: true,
      doc: 'PART=COLUMN or PART=COLUMN:UNIT, repeated; parts are name, ra, dec, distance, redshift, mag_b, mag_k, mass; several columns with | between: the first that has a value',
    },
    format: { type: 'string', doc: 'csv, ecsv, fits, votable, parquet or text; detected where left out' },
    delimiter: { type: 'string', doc: 'Between fields of a CSV; detected where left out' },
    licence: { type: 'string', doc: 'Under which it may be used' },
    citation: { type: 'string', doc: 'What to cite' },
    'rows-per-partition': {
      type: 'string',
      doc: 'Rows above which a cell of the sky is cut into four (default 250000)',
    },
  },
  async run(invocation) {
    const file = argument(invocation, 0, 'which file to import')
    const rows = text(invocation, 'rows-per-partition')
    const asked = {
      name: text(invocation, 'name'),
      title: text(invocation, 'title'),
      kind: text(invocation, 'kind'),
      preset: text(invocation, 'preset'),
      format: text(invocation, 'format'),
      delimiter: text(invocation, 'delimiter'),
      licence: text(invocation, 'licence'),
      citation: text(invocation, 'citation'),
      map: mapsOf((invocation.flags['map'] as string[] | undefined) ?? []),
      ...(rows === undefined ? {} : { rowsPerPartition: Number(rows) }),
    }
    if (asked.name === undefined)
      throw new Problem('command.usage', 'Say what the catalogue is called here: --name NAME.')
    const options = ImportOptions.safeParse(asked)
    if (!options.success) {
      const { path, message } = options.error.issues[0]!
      throw new Problem('command.usage', `--${path.join('.')}: ${message}.`)
    }
    const catalogue = await imported(invocation, file, options.data)
    invocation.document(catalogue, () => describe(catalogue, invocation.out))
  },
}

/** Waits for the job, shows how far it is, stops it with the command. */
async function imported(invocation: Invocation, file: string, options: ImportInput): Promise<Catalogue> {
  const platform = await invocation.platform()
  const id = await sendImport(platform, localOperator, file, options)
  const stop = (): void => void platform.jobs.cancel(id).catch(() => {})
  invocation.signal.addEventListener('abort', stop)
  const progress = invocation.progress('importing', '%')
  let line = 0
  for (;;) {
    await sleep(150)
    const job = await platform.jobs.get(id)
    if (job?.progress) progress.update(job.progress.done, job.progress.total)
    if (job && (job.state === 'queued' || job.state === 'running' || job.state === 'retrying')) continue
    progress.finish()
    invocation.signal.removeEventListener('abort', stop)
    for (const entry of await platform.jobs.logOf(id, line)) {
      line = entry.line
      invocation.note(entry.text)
    }
    if (job?.state === 'done') return catalogueByName(platform, localOperator, options.name)
    throw new Problem(
      'catalogue.invalid',
      job?.problem?.message ?? `The import was ${job?.state ?? 'lost'}; nothing was written.`,
    )
  }
}

const list: Command = {
  words: ['catalogues', 'list'],
  usage: '',
  summary: 'Reference catalogues that were imported here',
  examples: ['urania catalogues list', 'urania catalogues list --json'],
  async run({ platform, document, out }) {
    const items = await listCatalogues(await platform(), localOperator)
    document({ items, next: null }, () => {
      if (items.length === 0)
        return out('None yet. Planning on galaxies needs one: urania catalogues import FILE --name NAME')
      const headings = ['name', 'title', 'kind', 'rows', 'MB', 'deg²', 'distance', 'imported']
      const rows = items.map((c) => [
        c.name,
        c.title,
        c.kind,
        c.rows,
        Math.round(c.bytes / 1e6),
        Math.round(c.coverage.areaDeg2),
        c.distance ?? 'none',
        c.importedAt.slice(0, 16).replace('T', ' '),
      ])
      for (const each of table(headings, rows)) out(each)
    })
  },
}

const show: Command = {
  words: ['catalogues', 'show'],
  usage: 'NAME',
  summary: 'One catalogue: columns, coverage, where it comes from',
  examples: ['urania catalogues show gladeplus'],
  async run(invocation) {
    const name = argument(invocation, 0, 'which catalogue')
    const found = await catalogueByName(await invocation.platform(), localOperator, name)
    invocation.document(found, () => describe(found, invocation.out))
  },
}

function describe(c: Catalogue, out: Invocation['out']): void {
  const row = (label: string, words: string): void => out(`${label.padEnd(11)}${words}`)
  out(`${c.title}  (${c.name}, ${c.kind}, version ${c.version})`)
  row(
    'rows',
    `${c.rows}${c.withoutPosition > 0 ? `, and ${c.withoutPosition} in the file without a position` : ''}`,
  )
  row('files', `${c.partitions} cells, ${(c.bytes / 1e6).toFixed(1)} MB, catalogues/${c.path}`)
  const area = c.coverage.areaDeg2
  row('coverage', `${area.toFixed(area < 100 ? 2 : 0)} deg² in cells of order ${c.coverage.order}`)
  row('source', `${c.source.file} (${c.source.format}, ${c.source.bytes} bytes), SHA-256 ${c.source.sha256}`)
  row('imported', `${c.importedAt} by ${c.importedBy}`)
  for (const [part, { columns, unit }] of Object.entries(c.mapping))
    row(part, `${columns.join(' or ')}${unit ? `, ${unit}` : ''}`)
  if (c.distance !== null && c.distance !== 'file') row('distance', c.distance)
  if (c.citation) row('cite', c.citation)
  if (c.licence) row('licence', c.licence)
  row('columns', '')
  for (const { name, type, unit, description } of c.columns)
    out(`  ${name.padEnd(22)} ${type.padEnd(9)} ${(unit ?? '').padEnd(12)} ${description ?? ''}`.trimEnd())
}

const query: Command = {
  words: ['catalogues', 'query'],
  usage: 'NAME',
  summary: 'Rows of a catalogue in a cone, box or MOC that meet a condition',
  examples: [
    'urania catalogues query gladeplus --cone 197.45,-23.38,0.5 --where "distance < 60"',
    'urania catalogues query gladeplus --box 350,10,-5,5 --format votable --to galaxies.vot',
  ],
  options: {
    cone: { type: 'string', doc: 'RA, Dec, radius in degrees' },
    box: { type: 'string', doc: 'RA from, RA to, Dec from, Dec to in degrees' },
    moc: { type: 'string', doc: 'File with a MOC (FITS, JSON or text), as `urania skymap moc` writes it' },
    where: { type: 'string', doc: 'ADQL search condition on the columns' },
    columns: { type: 'string', doc: 'Names with commas between (default all)' },
    order: { type: 'string', doc: 'Column to sort by; - before it: largest first' },
    limit: { type: 'string', doc: 'Most rows (default 100; with --to 1000000)' },
    format: { type: 'string', doc: answerFormats.join(', ') },
    to: { type: 'string', doc: 'File to write' },
  },
  async run(invocation) {
    const name = argument(invocation, 0, 'which catalogue')
    const to = text(invocation, 'to')
    const ending = to?.split('.').at(-1)
    const format = (text(invocation, 'format') ??
      (ending === 'vot' ? 'votable' : to ? ending : undefined)) as AnswerFormat | undefined
    if (format !== undefined && !answerFormats.includes(format))
      throw new Problem('command.usage', `Rows are written as ${answerFormats.join(', ')}, not ${format}.`)
    const limit = Number(text(invocation, 'limit') ?? (to ? 1_000_000 : 100))
    if (!(Number.isInteger(limit) && limit > 0))
      throw new Problem('command.usage', '--limit is a whole number above 0.')
    const question = {
      region: await regionOfFlags(invocation),
      where: text(invocation, 'where'),
      columns: text(invocation, 'columns')
        ?.split(',')
        .map((each) => each.trim()),
      order: text(invocation, 'order'),
      limit,
    }
    const platform = await invocation.platform()
    if (format === 'parquet') {
      if (to === undefined)
        throw new Problem('command.usage', 'Parquet is written to a file; name it with --to.')
      await writeFile(to, await parquetAnswer(platform, localOperator, name, question, invocation.signal))
      return invocation.document({ file: to }, () => invocation.out(`${to} written`))
    }
    const answer = await queryCatalogue(platform, localOperator, name, question, invocation.signal)
    const note = `${answer.rows} ${answer.rows === 1 ? 'row' : 'rows'}${answer.truncated ? ' (there are more)' : ''}, from ${answer.files} of ${answer.of} files`
    if (to !== undefined) {
      await writeFile(to, answerBytes(answer, format ?? 'csv'))
      return invocation.document({ file: to, rows: answer.rows }, () => invocation.out(`${to}: ${note}`))
    }
    if (format !== undefined && format !== 'json' && format !== 'fits')
      return invocation.out(new TextDecoder().decode(answerBytes(answer, format)).trimEnd())
    invocation.document(jsonOf(answer), () => {
      const headings = answer.columns.map((column) =>
        column.unit ? `${column.name} (${column.unit})` : column.name,
      )
      const rows = itemsOf(answer).map((item) =>
        answer.columns.map((column) => cell(item[column.name] ?? null)),
      )
      for (const line of table(headings, rows)) invocation.out(line)
      invocation.note(note)
    })
  },
}

function cell(value: null | boolean | number | string): string | number | null {
  if (typeof value === 'number') return Number(value.toPrecision(10))
  return typeof value === 'boolean' ? String(value) : value
}

async function regionOfFlags(invocation: Invocation): Promise<Region> {
  const cone = text(invocation, 'cone')
  const box = text(invocation, 'box')
  const moc = text(invocation, 'moc')
  if ([cone, box, moc].filter((each) => each !== undefined).length > 1)
    throw new Problem('command.usage', 'A query has one region: --cone, --box or --moc, not several.')
  if (cone !== undefined) return coneOf(cone)
  if (box !== undefined) return boxOf(box)
  if (moc === undefined) return { shape: 'all' }
  const { mocOfFile } = await import('./moc-file.ts')
  return { shape: 'moc', ranges: (await mocOfFile(moc)).ranges }
}

const remove: Command = {
  words: ['catalogues', 'remove'],
  usage: 'NAME',
  summary: 'Remove a catalogue and its files',
  examples: ['urania catalogues remove gladeplus'],
  async run(invocation) {
    const name = argument(invocation, 0, 'which catalogue')
    await removeCatalogue(await invocation.platform(), localOperator, name)
    invocation.document({ removed: name }, () => invocation.out(`${name} is removed`))
  },
}

export const catalogueCommands: Command[] = [importing, list, show, query, remove]
