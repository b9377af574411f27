import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { ImportOptions } from './catalogue.ts'
import { importCatalogue } from './import.ts'

const run = promisify(execFile)
const python = process.env['URANIA_PYTHON'] ?? 'python3'
const hasPyarrow = await run(python, ['-c', 'import pyarrow.dataset, pyarrow.parquet']).then(
  () => true,
  () => false,
)
const home = await mkdtemp(join(tmpdir(), 'urania-hats-'))
afterAll(() => rm(home, { recursive: true, force: true }))

it.skipIf(!hasPyarrow)('is read by others as it stands (needs pyarrow)', async () => {
  const random = seededRandom(5)
  const file = join(home, 'c.csv')
  const lines = Array.from({ length: 6_000 }, (_, i) => {
    const dec = (Math.asin(2 * random.uniform() - 1) * 180) / Math.PI
    return `N${i},${360 * random.uniform()},${dec},${10 + 90 * random.uniform()}`
  })
  await writeFile(file, `name,ra,dec,distance [Mpc]\n${lines.join('\n')}\n`)
  const folder = join(home, 'catalogues')
  const made = await importCatalogue(file, ImportOptions.parse({ name: 'c', rowsPerPartition: 1_000 }), 1, {
    folder,
    temporary: join(home, 'tmp'),
    id: 'c',
    progress: () => {},
    log: () => {},
    version: 'test',
    now: () => new Date('2026-11-21T12:00:00Z'),
    memoryMb: 256,
  })
  const script = resolve(import.meta.dirname, '../../../scripts/check-hats.py')
  const { stdout } = await run(python, [script, join(folder, made.path)])
  const found = JSON.parse(stdout.trim().split('\n').at(-1)!) as { hats: unknown }
  expect(found).toMatchObject({
    partitions: made.partitions,
    rows: 6_000,
    sorted: true,
    inside: true,
    first: '_healpix_29',
    dataset: 6_000,
    schema: true,
  })
  if (found.hats !== null) expect(found.hats).toEqual({ rows: 6_000, cells: made.partitions, valid: true })
})
