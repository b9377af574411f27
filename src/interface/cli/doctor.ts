import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isProblem } from '#problem.ts'
import { passable, serverAccount } from '#platform/db/account.ts'
import { connect } from '#platform/db/connect.ts'
import { findBinaries } from '#platform/db/binaries.ts'
import { clusterMajor, layout, runningPid } from '#platform/db/cluster.ts'
import { migrationStatus, readMigrations, withClient } from '#platform/db/migrate.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import { findProgram, versionOf } from '#platform/engines/find.ts'
import { createNet } from '#platform/net/client.ts'
import { openStorage } from '#platform/storage/open.ts'
import type { Command } from '#platform/terminal/command.ts'
import { table } from '#platform/terminal/table.ts'
import { gcnSection } from '#observatory/alerts/sections.ts'
import { listCatalogueRows, type CatalogueRow } from '#observatory/references/store.ts'
import { enginePrograms } from '#observatory/tasks/engines/programs.ts'
import { withDatabase } from './db.ts'
import { packageFolder, programVersion, schemaFolder } from './version.ts'

interface Finding {
  what: string
  /** `missing`: optional and not here; `broken`: Urania does not work like this. */
  state: 'ok' | 'missing' | 'warning' | 'broken'
  detail: string
}

export const doctor: Command = {
  words: ['doctor'],
  usage: '',
  summary: 'Say what is here, what is missing and what that means',
  examples: ['urania doctor', 'urania doctor --json'],
  async run({ config, out, document }) {
    const findings = [runtime()]
    try {
      const loaded = await config()
      findings.push(
        configuration(loaded),
        home(loaded),
        ...(await database(loaded)),
        await storage(loaded),
        gcn(loaded),
      )
    } catch (error) {
      findings.push({ what: 'configuration', state: 'broken', detail: sentence(error) })
    }
    findings.push(page(), ...programs())
    const broken = findings.filter((finding) => finding.state === 'broken').length
    document({ version: programVersion(), findings }, () => {
      for (const line of table(
        ['what', 'state', 'meaning'],
        findings.map((one) => [one.what, one.state, one.detail]),
      ))
        out(line)
      out()
      out(
        broken === 0
          ? 'Urania can run.'
          : `Urania can't run before ${broken === 1 ? 'this is' : 'these are'} mended.`,
      )
    })
    return broken === 0 ? 0 : 1
  },
}

function runtime(): Finding {
  const major = Number.parseInt(process.versions.node, 10)
  return {
    what: 'runtime',
    state: major >= 24 ? 'ok' : 'broken',
    detail: `Node ${process.versions.node} on ${process.platform}-${process.arch}${major >= 24 ? '' : '; 24 or newer is needed'}`,
  }
}

function configuration(config: LoadedConfig): Finding {
  const file = existsSync(config.file) ? config.file : `${config.file} (none yet: defaults)`
  return {
    what: 'configuration',
    state: config.warnings.length > 0 ? 'warning' : 'ok',
    detail: [file, ...config.warnings].join('; '),
  }
}

function home(config: LoadedConfig): Finding {
  const existing = nearestFolder(config.home)
  try {
    accessSync(existing, constants.W_OK)
  } catch {
    return {
      what: 'home',
      state: 'broken',
      detail: `${config.home} can't be written by this account; choose another with --home`,
    }
  }
  const { bavail, bsize } = statfsSync(existing)
  const free = bavail * bsize
  return {
    what: 'home',
    state: free < 2 ** 30 ? 'warning' : 'ok',
    detail: `${config.home}, ${(free / 2 ** 30).toFixed(1)} GiB free${free < 2 ** 30 ? '; make room before frames come in' : ''}`,
  }
}

async function database(config: LoadedConfig): Promise<Finding[]> {
  const findings: Finding[] = []
  if (!config.databaseUrl) {
    try {
      const binaries = findBinaries(config.pgBin)
      const account = serverAccount(config.dbUser)
      const copied =
        account && !passable(binaries.bin, account) ? ', as a copy that this account may read' : ''
      const origin = { npm: 'from npm', installed: 'installed', URANIA_PG_BIN: 'by URANIA_PG_BIN' }[
        binaries.origin
      ]
      findings.push({
        what: 'postgresql',
        state: 'ok',
        detail: `${binaries.version} ${origin} (${binaries.bin})${account ? `, run as "${account.name}"${copied}` : ''}`,
      })
      const paths = layout(config.home)
      if (!existsSync(config.home) || clusterMajor(paths) === undefined) {
        findings.push({ what: 'database', state: 'ok', detail: 'none yet: the first start makes it' })
        return [...findings, catalogues(config, [])]
      }
      const running = runningPid(paths) !== undefined
      findings.push({ what: 'server', state: 'ok', detail: running ? 'running' : 'not running now' })
    } catch (error) {
      return [{ what: 'postgresql', state: 'broken', detail: sentence(error) }]
    }
  }
  try {
    const migrations = await readMigrations(schemaFolder)
    const { applied, pending, imported } = await withDatabase(config, async (url) => {
      const status = await withClient(url, (client) => migrationStatus(client, migrations))
      const asked = status.pending.length === 0 ? await catalogueRows(url) : []
      return { ...status, imported: asked }
    })
    const at = applied.at(-1)?.name ?? 'empty'
    const detail =
      pending.length > 0 ? `${at}; the next start applies ${pending.map((step) => step.name).join(', ')}` : at
    findings.push({ what: 'database', state: 'ok', detail }, catalogues(config, imported))
  } catch (error) {
    findings.push({ what: 'database', state: 'broken', detail: sentence(error) })
  }
  return findings
}

async function catalogueRows(url: string): Promise<CatalogueRow[]> {
  const connection = connect(url, { name: 'urania doctor', max: 1 })
  try {
    return await listCatalogueRows(connection.db)
  } finally {
    await connection.close()
  }
}

function catalogues(config: LoadedConfig, rows: readonly CatalogueRow[]): Finding {
  const what = 'catalogues'
  if (rows.length === 0)
    return {
      what,
      state: 'missing',
      detail:
        'none: plans are made without, but not on galaxies; "urania catalogues import FILE --name NAME" imports one',
    }
  const lost = rows.filter((row) => !existsSync(join(config.home, 'catalogues', row.path)))
  if (lost.length > 0)
    return {
      what,
      state: 'warning',
      detail: `the files of ${lost.map((row) => row.name).join(', ')} are not in ${join(config.home, 'catalogues')}; import again`,
    }
  const detail = rows.map(({ name, rows: count, facts }) => {
    const distances = facts.columns.some((column) => column.name === 'distance')
    return `${name} (${Number(count).toLocaleString('en')} rows${distances ? '' : ', no distances'})`
  })
  return { what, state: 'ok', detail: detail.join(', ') }
}

async function storage(config: LoadedConfig): Promise<Finding> {
  const what = 'storage'
  const key = join(config.home, 'secret.key')
  const open = process.platform !== 'win32' && existsSync(key) && (statSync(key).mode & 0o077) !== 0
  if (open) return { what, state: 'warning', detail: `others may read ${key}; run chmod 600 on it` }
  if (config.storageAddress === null) return { what, state: 'ok', detail: config.storageFolder }
  const net = createNet({ userAgent: `urania/${programVersion()}` })
  try {
    const store = await openStorage(config, net)
    const { sha256 } = await store.put(new TextEncoder().encode('urania doctor\n'))
    const size = await store.size(sha256)
    await store.remove(sha256)
    return size === undefined
      ? { what, state: 'broken', detail: `${config.storageAddress} does not keep what is put there` }
      : { what, state: 'ok', detail: `${config.storageAddress}, read and written` }
  } catch (error) {
    return { what, state: 'broken', detail: `${config.storageAddress}: ${sentence(error)}` }
  } finally {
    await net.stop()
  }
}

function page(): Finding {
  const built = ['dist/web/index.html', 'web/index.html'].some((path) =>
    existsSync(join(packageFolder, path)),
  )
  return built
    ? { what: 'page', state: 'ok', detail: 'built' }
    : { what: 'page', state: 'warning', detail: 'not built: only the API answers; run "npm run prepare"' }
}

/** External programs that may take the place of what is built in. */
function programs(): Finding[] {
  return enginePrograms.map((facts) => {
    const [what] = facts.names
    const path = findProgram(facts)
    return path === undefined
      ? {
          what,
          state: 'missing',
          detail: `not needed; for ${facts.purpose} in the place of the built-in one${facts.package === null ? '' : `, on Debian: apt install ${facts.package}`}`,
        }
      : {
          what,
          state: 'ok',
          detail: `${versionOf(path, facts) ?? 'unknown version'} for ${facts.purpose} (${path})`,
        }
  })
}

function gcn(config: LoadedConfig): Finding {
  const { clientId, clientSecret, domain, topics } = config.section(gcnSection)
  if (clientId && clientSecret)
    return { what: 'gcn', state: 'ok', detail: `${topics.length} topics of ${domain}` }
  return {
    what: 'gcn',
    state: 'missing',
    detail: 'no client id and secret: alerts come by POST, file and "urania alerts fetch" only',
  }
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path))
}

function sentence(error: unknown): string {
  if (isProblem(error)) return error.message
  return error instanceof Error ? error.message : String(error)
}
