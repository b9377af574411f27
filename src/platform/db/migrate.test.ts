import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type pg from 'pg'
import { isProblem } from '#problem.ts'
import { schemaFolder } from '#test/database.ts'
import { atEnd, testDatabase } from '#test/platform.ts'
import { fillTables } from '#test/fill-tables.ts'
import { quoted, tablesOf } from './backup.ts'
import { migrate, migrationStatus, parseMigration, readMigrations, rollback, withClient } from './migrate.ts'

const one = parseMigration('0001-one.sql', 'create table a (x int);\n-- down\ndrop table a;\n')
const two = parseMigration(
  '0002-two.sql',
  'alter table a add y text;\n-- down\n-- loses data: the notes in y\nalter table a drop y;\n',
)

it('reads up, down, number and what would be lost', () => {
  expect(two).toMatchObject({ number: 2, name: '0002-two', losesData: 'the notes in y' })
  expect(one.losesData).toBeNull()
  expect(() => parseMigration('two.sql', '-- down\n')).toThrow(/not named like 0001-name/)
  expect(() => parseMigration('0001-x.sql', 'select 1;')).toThrow(/no line "-- down"/)
})

it('steps go up once each, also when four programs start at once', async () => {
  const { url } = await database()
  const results = await Promise.all(Array.from({ length: 4 }, () => migrate(url, [one, two])))
  expect(results.flatMap((result) => result.up).toSorted()).toEqual(['0001-one', '0002-two'])
})

it('goes to a step in either direction; what loses data needs yes, and nothing is done without it', async () => {
  const { url } = await database()
  await migrate(url, [one, two])
  const refused = await rollback(url, [one, two]).catch((error: unknown) => error)
  expect(isProblem(refused, 'database.loses_data') && refused.message).toMatch(
    /0002-two: the notes in y.*--yes/,
  )
  expect(await rollback(url, [one, two], { yes: true })).toEqual({ up: [], down: ['0002-two'] })
  expect(await migrate(url, [one, two], { to: 0 })).toEqual({ up: [], down: ['0001-one'] })
  expect(await migrate(url, [one, two], { to: 1 })).toEqual({ up: ['0001-one'], down: [] })
  await expect(migrate(url, [one, two], { to: 7 })).rejects.toThrow(
    /no step 7; there are 0 \(empty\), 0001-one, 0002-two/,
  )
})

it('a database of a newer program and an edited step are refused', async () => {
  const { url } = await database()
  await migrate(url, [one, two])
  expect(isProblem(await migrate(url, [one]).catch((e: unknown) => e), 'database.newer')).toBe(true)
  const edited = parseMigration('0001-one.sql', 'create table a (x bigint);\n-- down\ndrop table a;\n')
  expect(
    isProblem(await migrate(url, [edited, two]).catch((e: unknown) => e), 'database.migration_changed'),
  ).toBe(true)
})

it('a step that fails says where and leaves nothing', async () => {
  const { url } = await database()
  const bad = parseMigration(
    '0002-bad.sql',
    'create table b (x int);\nalter table nowhere\n  add z int;\n-- down\n',
  )
  await expect(migrate(url, [one, bad])).rejects.toThrow(
    /0002-bad \(up\) failed.*"nowhere".*Nothing of it was kept/,
  )
  await withClient(url, async (client) => {
    expect((await migrationStatus(client, [one, bad])).applied.map((step) => step.name)).toEqual(['0001-one'])
    expect((await client.query(`select to_regclass('b') as b`)).rows).toEqual([{ b: null }])
  })
  const syntax = parseMigration('0002-bad.sql', 'select 1;\nselect 2;\n-- down\nselect 1;\nselekt 2;\n')
  await migrate(url, [one, syntax])
  await expect(rollback(url, [one, syntax])).rejects.toThrow(/\(down\) failed at line 5/)
})

it('a folder with two files of one number is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'urania-migrations-'))
  atEnd(() => rm(folder, { recursive: true }))
  for (const name of ['0001-a.sql', '0001-b.sql']) await writeFile(join(folder, name), 'select 1;\n-- down\n')
  await expect(readMigrations(folder)).rejects.toThrow(/0001-b has the same number as 0001-a/)
})

describe('the program’s own migrations', async () => {
  const migrations = await readMigrations(schemaFolder)

  it.each(migrations.map((migration, index) => ({ name: migration.name, index })))(
    'a filled database goes up to $name and back without losing a row',
    async ({ index }) => {
      const { url } = await database()
      const before = migrations[index - 1]?.number ?? 0
      await migrate(url, migrations, { to: before })
      await withClient(url, (client) => fillTables(client, 7))
      const filled = await withClient(url, contents)
      await migrate(url, migrations, { to: migrations[index].number })
      const after = await withClient(url, (client) => contents(client, filled))
      expect(after).toEqual(filled)
      // The step's own tables are filled too: its way back must cope with that.
      await withClient(url, (client) => fillTables(client, 3, Object.keys(filled)))
      await migrate(url, migrations, { to: before, yes: true })
      expect(await withClient(url, contents)).toEqual(filled)
      await migrate(url, migrations)
    },
  )

  it('says of every step whose way back drops a table or column that it loses data', () => {
    for (const { name, down, losesData } of migrations) {
      if (/\bdrop\s+(table|column)\b/i.test(down)) expect(losesData, name).not.toBeNull()
    }
  })
})

/** Rows of every table as text; only the columns of `like` where it is given. */
async function contents(client: pg.ClientBase, like?: Record<string, { columns: string[] }>) {
  const found: Record<string, { columns: string[]; rows: string[] }> = {}
  for (const { name, columns } of await tablesOf(client)) {
    if (like && !(name in like)) continue
    const names = like?.[name]?.columns ?? columns.map((column) => column.name)
    const { rows } = await client.query<{ row: string }>(
      `select row(${names.map(quoted).join(', ')})::text as row from public.${quoted(name)} order by 1`,
    )
    found[name] = { columns: names, rows: rows.map((row) => row.row) }
  }
  return found
}

async function database() {
  return testDatabase({ empty: true })
}
