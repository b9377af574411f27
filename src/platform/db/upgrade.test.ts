import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findBinaries, installed } from './binaries.ts'
import { openEmbedded } from './embedded.ts'
import { migrate, parseMigration, withClient } from './migrate.ts'
import { upgradeCluster } from './upgrade.ts'

const home = mkdtempSync(join(tmpdir(), 'ut-upgrade-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const current = findBinaries()
const older = installed().find((binaries) => binaries.major >= 15 && binaries.major < current.major)
const config = { home, pgBin: null, dbUser: null }
const migrations = [
  parseMigration('0001-a.sql', 'create table a (x int8);\n-- down\n-- loses data: a\ndrop table a;\n'),
]
const onStep = () => {}

describe.skipIf(!older)(
  'a newer PostgreSQL (needs an older PostgreSQL installed)',
  { timeout: 60_000 },
  () => {
    it('the old folder is refused with the command, which brings it over and keeps it', async () => {
      const before = await openEmbedded({ home, bin: older!.bin })
      await migrate(before.url(), migrations)
      await withClient(before.url(), (client) => client.query('insert into a values (9007199254740993)'))

      await expect(openEmbedded({ home })).rejects.toThrow(/"urania db upgrade"/)
      await expect(upgradeCluster({ config, migrations, oldBin: older!.bin, onStep })).rejects.toThrow(
        /stop it/,
      )
      await before.stop()

      const { from, kept } = await upgradeCluster({ config, migrations, oldBin: null, onStep })
      expect([from, existsSync(kept)]).toEqual([older!.major, true])
      const after = await openEmbedded({ home })
      const { rows } = await withClient(after.url(), (client) =>
        client.query('select x::text, current_setting($1) as v from a', ['server_version_num']),
      )
      expect(rows).toMatchObject([{ x: '9007199254740993' }])
      await after.stop()
      expect(readdirSync(home).filter((name) => name.startsWith('upgrade'))).toEqual([])
    })

    it('nothing to do is said so', async () => {
      await expect(upgradeCluster({ config, migrations, oldBin: null, onStep })).rejects.toThrow(
        /nothing to do/,
      )
    })
  },
)
