import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import { backup } from './backup.ts'
import { findBinaries, installed, type Binaries } from './binaries.ts'
import { clusterMajor, layout } from './cluster.ts'
import { openEmbedded } from './embedded.ts'
import { lockFile } from './lock.ts'
import type { Migration } from './migrate.ts'
import { restore } from './restore.ts'

/**
 * Moves the embedded database of an older major version to the PostgreSQL that is used now: reads it out with the older
 * binaries, loads it into a new folder, and keeps the old folder beside it. When anything fails, the old one is back in place.
 */
export async function upgradeCluster(options: {
  config: Pick<LoadedConfig, 'home' | 'pgBin' | 'dbUser'>
  migrations: Migration[]
  oldBin: string | null
  onStep: (sentence: string) => void
}): Promise<{ from: number; to: string; kept: string }> {
  const { config, migrations, onStep } = options
  const paths = layout(config.home)
  const from = clusterMajor(paths)
  const current = findBinaries(config.pgBin)
  if (from === undefined)
    throw new Problem('database.other_major', `There is no database in ${config.home} to upgrade.`)
  if (from === current.major) {
    throw new Problem(
      'database.other_major',
      `The database in ${config.home} is of PostgreSQL ${from} already; nothing to do.`,
    )
  }
  const old = olderBinaries(from, options.oldBin)
  const kept = keptName(paths.data, from)
  const archive = join(config.home, `upgrade-from-${from}.tar.gz`)
  rmSync(archive, { force: true })

  onStep(`Reading the database with PostgreSQL ${old.version}`)
  const before = await openEmbedded({ home: config.home, bin: old.bin, user: config.dbUser })
  try {
    if (before.adopted) {
      throw new Problem('database.locked', `Urania runs on ${config.home}; stop it before the upgrade.`)
    }
    await backup({ url: before.url(), migrations, file: archive })
  } finally {
    await before.stop()
  }

  const lock = await lockFile(paths.lock)
  renameSync(paths.data, kept)
  renameSync(paths.password, `${kept}.password`)
  lock.release()
  try {
    onStep(`Loading it into PostgreSQL ${current.version}`)
    const after = await openEmbedded({ home: config.home, bin: config.pgBin, user: config.dbUser })
    try {
      await restore({ url: after.url(), migrations, file: archive })
    } finally {
      await after.stop()
    }
  } catch (error) {
    rmSync(paths.data, { recursive: true, force: true })
    renameSync(kept, paths.data)
    renameSync(`${kept}.password`, paths.password)
    throw error
  } finally {
    rmSync(archive, { force: true })
  }
  return { from, to: current.version, kept }
}

function olderBinaries(major: number, explicit: string | null): Binaries {
  const found = explicit ? findBinaries(explicit) : installed().find((binaries) => binaries.major === major)
  if (found?.major === major) return found
  throw new Problem(
    'database.no_binaries',
    `Reading a database of PostgreSQL ${major} needs that version${found ? ` (${explicit} is ${found.version})` : ''}; ` +
      `install it, or name its bin folder with --old-bin.`,
    { major },
  )
}

function keptName(data: string, major: number): string {
  for (let i = 0; ; i++) {
    const name = `${data}.${major}${i ? `-${i}` : ''}`
    if (!existsSync(name)) return name
  }
}
