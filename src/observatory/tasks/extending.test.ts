import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { createColumns } from '#platform/columns/duckdb.ts'
import { tableOf } from '#science/table/table.ts'
import { bandColumns } from './band-columns.ts'
import type { ReferenceCatalogue } from './reference-catalogues.ts'
import { writeTable } from './steps/tables.ts'

const docs = resolve(import.meta.dirname, '../../../docs/extending')

it('the step of docs/extending runs on a folder, and fits on sixty lines', async () => {
  const { census } = (await import(join(docs, 'step.ts'))) as {
    census: (context: object) => Promise<{ objects: number; unflagged: number }>
  }
  const folder = await mkdtemp(join(tmpdir(), 'urania-extending-'))
  const columns = await createColumns({ folders: [folder], temporary: join(folder, '.temporary') })
  try {
    const flags = Uint32Array.of(0, 2, 0, 0x100)
    await writeTable(
      columns,
      join(folder, 'objects.parquet'),
      tableOf({ columns: [{ name: 'flags', values: flags }] }),
    )
    const lines: string[] = []
    const { signal } = new AbortController()
    const found = await census({
      folder,
      columns,
      log: (line: string) => lines.push(line),
      progress: () => {},
      signal,
    })
    expect(found).toEqual({ objects: 4, unflagged: 2 })
    expect(lines).toEqual(['2 of 4 objects carry no flag.'])
    expect(JSON.parse(await readFile(join(folder, 'census.json'), 'utf8'))).toEqual(found)
  } finally {
    await columns.stop()
    await rm(folder, { recursive: true, force: true })
  }
  for (const name of ['step.ts', 'catalogue.ts', 'step.md', 'catalogue.md'])
    expect((await readFile(join(docs, name), 'utf8')).split('\n').length, name).toBeLessThanOrEqual(60)
})

it('the catalogue of docs/extending calibrates: V of g and r', async () => {
  const { example } = (await import(join(docs, 'catalogue.ts'))) as { example: ReferenceCatalogue }
  const one = (value: number): Float64Array => Float64Array.of(value)
  const table = tableOf({
    columns: [
      { name: 'g_psf', values: one(15.5) },
      { name: 'g_psf_err', values: one(0.01) },
      { name: 'r_psf', values: one(15) },
      { name: 'r_psf_err', values: one(0.01) },
    ],
  })
  expect(bandColumns(table, example, 'r').magnitude[0]).toBe(15)
  expect(
    bandColumns(table, { ...example, native: { ...example.native, B: example.native.g! } }, 'V').magnitude[0],
  ).toBeCloseTo(15.5 - 0.565 * 0.5 - 0.016, 6)
})
