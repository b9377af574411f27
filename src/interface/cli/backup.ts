import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { backup } from '#platform/db/backup.ts'
import { readMigrations } from '#platform/db/migrate.ts'
import { restore } from '#platform/db/restore.ts'
import { createSecrets, loadSecretKey } from '#platform/secrets/aes.ts'
import { createNet } from '#platform/net/client.ts'
import { openStorage } from '#platform/storage/open.ts'
import { Problem } from '#problem.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import type { Command, Invocation } from '#platform/terminal/command.ts'
import { withDatabase } from './db.ts'
import { schemaFolder } from './version.ts'

export const backupCommand: Command = {
  words: ['backup'],
  usage: 'FILE.tar.gz',
  summary: 'Write the database and the list of stored bytes into one file, while Urania runs',
  examples: ['urania backup urania-2026-03-01.tar.gz', 'urania backup everything.tar.gz --bytes'],
  options: { bytes: { type: 'boolean', doc: 'Take the stored bytes along, not only their list' } },
  async run({ args, flags, config, document, out, note, progress, signal }) {
    const file = oneFile(args)
    const loaded = await config()
    await using open = new AsyncDisposableStack()
    const net = createNet()
    open.defer(() => net.stop())
    const storage = await openStorage(loaded, net)
    const line = progress('backing up')
    const { manifest, end } = await withDatabase(loaded, async (url) =>
      backup({
        url,
        migrations: await readMigrations(schemaFolder),
        file,
        storage,
        bytes: flags['bytes'] === true,
        keyCheck: keyCheck(loaded),
        signal,
        onProgress: (_, done, total) => line.update(done, total),
      }),
    )
    line.finish()
    const rows = Object.values(end.rows).reduce((sum, count) => sum + count, 0)
    const version = manifest.migrations.at(-1)?.name ?? null
    document(
      {
        file,
        rows,
        tables: manifest.tables.length,
        objects: end.objects,
        objectBytes: end.objectBytes,
        storage: manifest.storage,
        version,
      },
      () => {
        const bytes = `${end.objects} stored objects (${(end.objectBytes / 2 ** 20).toFixed(1)} MiB)`
        out(
          `Wrote ${file}: ${rows} rows of ${manifest.tables.length} tables at ${version ?? 'no step'}, and ${manifest.storage === 'bytes' ? bytes : `the list of ${bytes}`}.`,
        )
      },
    )
    if (manifest.storage !== 'bytes' && end.objects > 0) {
      note(
        `The stored bytes are not in it: copy ${loaded.storageAddress ?? loaded.storageFolder} too, or use --bytes.`,
      )
    }
    note(`Sealed secrets need their key: keep ${join(loaded.home, 'secret.key')} apart from the backup.`)
  },
}

export const restoreCommand: Command = {
  words: ['restore'],
  usage: 'FILE.tar.gz',
  summary: 'Load a backup into an empty home folder or database; nothing is ever overwritten',
  examples: [
    'urania restore urania-2026-03-01.tar.gz --home ~/restored',
    'DATABASE_URL=postgres://me@server/urania urania restore urania.tar.gz',
  ],
  async run({ args, config, document, out, note, progress }: Invocation) {
    const file = oneFile(args)
    const loaded = await config()
    mkdirSync(loaded.home, { recursive: true, mode: 0o700 })
    await using open = new AsyncDisposableStack()
    const net = createNet()
    open.defer(() => net.stop())
    const storage = await openStorage(loaded, net)
    const line = progress('restoring', 'parts')
    const result = await withDatabase(loaded, async (url) =>
      restore({
        url,
        migrations: await readMigrations(schemaFolder),
        file,
        storage,
        onProgress: (_, done) => line.update(done),
      }),
    )
    line.finish()
    const rows = Object.values(result.end.rows).reduce((sum, count) => sum + count, 0)
    const { missingObjects, migrated } = result
    const createdAt = result.manifest.createdAt
    document({ file, rows, createdAt, missingObjects, migrated }, () => {
      out(
        `Restored ${rows} rows as of ${createdAt}${migrated.length > 0 ? `, and applied ${migrated.join(', ')}` : ''}.`,
      )
    })
    if (missingObjects > 0) {
      note(
        `${missingObjects} stored objects are not in ${loaded.storageAddress ?? loaded.storageFolder}; copy them there from the old storage.`,
      )
    }
    if (result.manifest.keyCheck && result.manifest.keyCheck !== keyCheck(loaded)) {
      note(
        `The secrets in it were sealed with another key: put the old secret.key into ${loaded.home} before starting.`,
      )
    }
  },
}

function oneFile(args: readonly string[]): string {
  if (args.length !== 1) throw new Problem('command.usage', 'Give one file name, such as urania.tar.gz.')
  return resolve(args[0])
}

/** Tells two keys apart without giving either away. */
function keyCheck(config: LoadedConfig): string {
  const secrets = createSecrets(loadSecretKey(join(config.home, 'secret.key')))
  return createHash('sha256').update(secrets.derive('backup')).digest('hex').slice(0, 16)
}
