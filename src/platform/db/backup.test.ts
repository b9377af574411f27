import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createLocalStorage } from '#platform/storage/local.ts'
import { schemaFolder } from '#test/database.ts'
import { testDatabase } from '#test/platform.ts'
import { fillTables } from '#test/fill-tables.ts'
import { backup, quoted, tablesOf } from './backup.ts'
import { openEmbedded } from './embedded.ts'
import { installed } from './binaries.ts'
import { migrate, parseMigration, readMigrations, withClient } from './migrate.ts'
import { readManifest, restore } from './restore.ts'

const root = mkdtempSync(join(tmpdir(), 'ut-backup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const path = (name: string) => join(root, `${count++}-${name}`)

const everyType = parseMigration(
  '0001-types.sql',
  `create type colour as enum ('red', 'it''s blue');
   create type pair as (a int, b text);
   create domain positive as int check (value > 0);
   create table kinds (
     id bigint generated always as identity primary key,
     i2 int2, i4 int4, i8 int8, n numeric, n2 numeric(12, 3), f4 float4, f8 float8, b bool, t text, v varchar(9), c char(5),
     u uuid, d date, ts timestamp, tz timestamptz, tm time, iv interval, j json, jb jsonb, bin bytea, ip inet, x xid8,
     ta text[], fa float8[][], ba bytea[], r int8range, mr int8multirange, e colour, p pair, pos positive, tv tsvector,
     twice int generated always as (i4 * 2) stored
   );
   create table node (id serial primary key, parent int references node, other int);
   create table leaf (id int primary key, node int not null references node on delete cascade);
   alter table node add foreign key (other) references leaf deferrable;
   create table log (at timestamptz, what text);
   create function refuse() returns trigger language plpgsql as $$ begin raise exception 'append only'; end $$;
   create function note() returns trigger language plpgsql as $$ begin insert into log values (now(), 'x'); return new; end $$;
   create trigger log_refuse before delete or update on log for each row execute function refuse();
   create trigger kinds_note after insert on kinds for each row execute function note();
   insert into log values ('2024-01-01Z', 'written by the migration');
-- down
-- loses data: all
   drop table log, leaf, node, kinds cascade; drop type colour, pair, positive; drop function refuse(), note();`,
)
const later = parseMigration(
  '0002-later.sql',
  'alter table node add label text default $$none$$;\n-- down\nalter table node drop label;',
)

async function fill(url: string) {
  await withClient(url, async (client) => {
    await client.query(`insert into kinds (i2, i4, i8, n, n2, f4, f8, b, t, v, c, u, d, ts, tz, tm, iv, j, jb, bin, ip, x, ta, fa, ba, r, mr, e, p, pos, tv) values
      (-32768, 1073741823, -9223372036854775808, 'NaN', -123.456, 'Infinity', 5e-324, true, E'tab\\t nl\\n back\\\\ quote" {,} NULL ☉', '', 'ab',
       'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'infinity', '4713-01-01 BC', '294276-12-31 23:59:59.999999Z', '24:00', '-1 year 2 mons -3 days 04:05:06.7',
       '{"z": 1,  "a": [] , "z": 2}', '{"big": 12345678901234567890.123456789012345678}', '\\x00ff5c', '2001:db8::1/64', '18446744073709551615',
       array['a', null, 'NULL', '', 'a,b', '"', '{}'], array[[1.5, 'NaN'], ['-Infinity', 0.1]], array['\\x00'::bytea, null], '[1,)', '{[1,3),[5,7)}',
       'it''s blue', row(1, 'a "b", (c)'), 1, 'a:1 fat''s:2'::tsvector),
      (${Array.from({ length: 31 }, () => 'null').join(', ')})`)
    await client.query(
      `insert into kinds (f8, t) select random() * 10 ^ (random() * 600 - 300), repeat(md5(i::text), 50) from generate_series(1, 5000) i`,
    )
    await client.query(`insert into node (id, parent) values (3, null), (2, 3), (1, 2)`)
    await client.query(`insert into leaf values (10, 1), (11, 2); update node set other = 11 where id = 3`)
    await client.query(`select setval('node_id_seq', 41)`)
  })
}

async function contents(url: string): Promise<Record<string, string[]>> {
  return withClient(url, async (client) => {
    await client.query(`set timezone = 'UTC'`)
    const found: Record<string, string[]> = {}
    for (const { name, columns } of await tablesOf(client)) {
      const list = columns.filter((column) => column.name !== 'label').map((column) => quoted(column.name))
      const { rows } = await client.query<{ row: string }>(
        `select row(${list.join(', ')})::text as row from ${quoted(name)} order by 1`,
      )
      found[name] = rows.map(({ row }) => row)
    }
    return found
  })
}

describe('backup and restore', () => {
  it('every type, circular keys, triggers, identity and sequences come back exactly', async () => {
    const from = await testDatabase({ empty: true })
    await migrate(from.url, [everyType])
    await fill(from.url)
    const file = path('types.tar.gz')
    const { end } = await backup({ url: from.url, migrations: [everyType], file })
    expect(end.rows).toEqual({ kinds: 5002, node: 3, leaf: 2, log: 5003 })
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const to = await testDatabase({ empty: true })
    const result = await restore({ url: to.url, migrations: [everyType, later], file })
    expect(result.migrated).toEqual(['0002-later'])
    expect(await contents(to.url)).toEqual(await contents(from.url))
    await withClient(to.url, async (client) => {
      const next = await client.query<{ id: number }>('insert into node default values returning id')
      expect(next.rows[0].id).toBe(42)
      const kind = await client.query<{ id: string }>('insert into kinds default values returning id')
      expect(kind.rows[0].id).toBe('5003')
      await expect(client.query('insert into leaf values (12, 99)')).rejects.toThrow(/foreign key/)
      await expect(client.query('delete from log')).rejects.toThrow(/append only/)
    })
  })

  it('is of one moment while others write', async () => {
    const from = await testDatabase({ empty: true })
    await migrate(from.url, [everyType])
    await from.pool.query('insert into kinds (i8) select 1 from generate_series(1, 20000)')
    let writing = true
    // Rows come in pairs, so a torn picture would show an odd number.
    const writer = (async () => {
      while (writing)
        await from.pool.query(
          `with a as (insert into node default values) insert into kinds (t) values ('n')`,
        )
    })()
    const file = path('live.tar.gz')
    await backup({ url: from.url, migrations: [everyType], file })
    writing = false
    await writer
    const to = await testDatabase({ empty: true })
    await restore({ url: to.url, migrations: [everyType], file })
    const { rows } = await to.pool.query(
      `select (select count(*) from node) as nodes, (select count(*) from kinds where t = 'n') as kinds`,
    )
    const [{ nodes, kinds }] = rows as { nodes: string; kinds: string }[]
    expect(nodes).toBe(kinds)
  })

  it('a database that is not empty is refused and left alone', async () => {
    const from = await testDatabase({ empty: true })
    await migrate(from.url, [everyType])
    await fill(from.url)
    const file = path('full.tar.gz')
    await backup({ url: from.url, migrations: [everyType], file })
    await expect(restore({ url: from.url, migrations: [everyType], file })).rejects.toThrow(
      /not empty \(table kinds has rows\)/,
    )
    await expect(backup({ url: from.url, migrations: [everyType], file })).rejects.toThrow(/exists already/)
  })

  it('a cut-off, damaged or foreign file changes nothing', async () => {
    const from = await testDatabase({ empty: true })
    await migrate(from.url, [everyType])
    await fill(from.url)
    const file = path('whole.tar.gz')
    await backup({ url: from.url, migrations: [everyType], file })
    const to = await testDatabase({ empty: true })
    const whole = readFileSync(file)
    const cut = path('cut.tar.gz')
    writeFileSync(cut, whole)
    truncateSync(cut, Math.floor(whole.length * 0.7))
    const flipped = [0.1, 0.3, 0.5, 0.7, 0.9].map((part, i) => {
      const damaged = Buffer.from(whole)
      damaged[Math.floor(whole.length * part)] ^= 0xff
      writeFileSync(path(`flipped-${i}.tar.gz`), damaged)
      return path(`flipped-${i}.tar.gz`)
    })
    const foreign = path('foreign.tar.gz')
    execFileSync('tar', ['-czf', foreign, '-C', import.meta.dirname, 'archive.ts'])
    const text = path('text')
    writeFileSync(text, 'hello')
    for (const wrong of [cut, ...flipped, foreign, text, path('absent')]) {
      await expect(restore({ url: to.url, migrations: [everyType], file: wrong })).rejects.toMatchObject({
        code: 'archive.invalid',
      })
      expect(await withClient(to.url, tablesOf)).toEqual([])
    }
  })

  it('an archive of a newer version is refused', async () => {
    const from = await testDatabase({ empty: true })
    await migrate(from.url, [everyType, later])
    const file = path('newer.tar.gz')
    await backup({ url: from.url, migrations: [everyType, later], file })
    const to = await testDatabase({ empty: true })
    await expect(restore({ url: to.url, migrations: [everyType], file })).rejects.toThrow(
      /newer version \(step 0002-later\)/,
    )
  })

  it('takes stored bytes along, or says how many are missing; tar reads it', async () => {
    const from = await testDatabase({ empty: true })
    const storage = await createLocalStorage(path('storage'))
    const bytes = [0, 1, 511, 512, 513, 300_000].map((length) => new Uint8Array(randomBytes(length)))
    const stored = await Promise.all(bytes.map((one) => storage.put(one)))
    const options = { url: from.url, migrations: [], storage }
    const file = path('bytes.tar.gz')
    const { end } = await backup({ ...options, file, bytes: true })
    expect([end.objects, end.objectBytes]).toEqual([6, 301_537])
    const other = await createLocalStorage(path('other'))
    expect(
      await restore({ url: (await testDatabase({ empty: true })).url, migrations: [], file, storage: other }),
    ).toMatchObject({ missingObjects: 0 })
    for (const { sha256 } of stored) await other.verify(sha256)

    const list = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n')
    expect(list).toHaveLength(3 + 6)
    const index = path('index.tar.gz')
    await backup({ ...options, file: index })
    const empty = await createLocalStorage(path('empty'))
    const { missingObjects } = await restore({
      url: (await testDatabase({ empty: true })).url,
      migrations: [],
      file: index,
      storage: empty,
    })
    expect(missingObjects).toBe(6)
  })

  it('the program’s own tables, filled, come back exactly', async () => {
    const migrations = await readMigrations(schemaFolder)
    const from = await testDatabase({ empty: true })
    await migrate(from.url, migrations)
    await withClient(from.url, (client) => fillTables(client, 9))
    const file = path('own.tar.gz')
    await backup({ url: from.url, migrations, file })
    expect((await readManifest(file)).migrations).toHaveLength(migrations.length)
    const to = await testDatabase({ empty: true })
    await restore({ url: to.url, migrations, file })
    expect(await contents(to.url)).toEqual(await contents(from.url))
  })

  const older = installed().find((binaries) => binaries.major >= 15 && binaries.major < 18)
  it.skipIf(!older)(
    'from the embedded server to another PostgreSQL (needs an installed PostgreSQL 15 to 17)',
    async () => {
      const from = await testDatabase({ empty: true })
      await migrate(from.url, [everyType])
      await fill(from.url)
      const file = path('to-older.tar.gz')
      await backup({ url: from.url, migrations: [everyType], file })
      const server = await openEmbedded({ home: path('home'), bin: older!.bin })
      await restore({ url: server.url(), migrations: [everyType], file })
      expect(await contents(server.url())).toEqual(await contents(from.url))
      await server.stop()
    },
  )
})
