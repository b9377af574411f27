import type { LoadedConfig } from '#platform/config/load.ts'
import type { RunningPlatform } from '#platform/create.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { programVersion, schemaFolder } from './version.ts'

/** What commands ask for beyond printing: configuration and platform, each made when first asked for. */
export function services(flags: Invocation['flags']): Pick<Invocation, 'config' | 'platform'> & {
  close: () => Promise<void>
} {
  let config: Promise<LoadedConfig> | undefined
  let platform: Promise<RunningPlatform> | undefined

  const loadConfiguration = () => (config ??= readConfig(flags))

  async function open(): Promise<RunningPlatform> {
    const [{ createPlatform }, { createLog }, { rooms }] = await Promise.all([
      import('#platform/create.ts'),
      import('#platform/log/log.ts'),
      import('#interface/rooms.ts'),
    ])
    const loaded = await loadConfiguration()
    // A command speaks for itself; its log is for what went wrong.
    const chosen = loaded.describe().some((row) => row.key === 'log_level' && row.origin !== 'default')
    const log = createLog({ logLevel: chosen ? loaded.logLevel : 'warn' })
    return createPlatform(loaded, {
      rooms,
      schema: schemaFolder,
      roles: 'if needed',
      log,
      version: programVersion(),
    })
  }

  return {
    config: loadConfiguration,
    platform: () => (platform ??= open()),
    async close() {
      const opened = await platform?.catch(() => undefined)
      await opened?.stop()
    },
  }
}

/** The configuration for a command's flags, with the sections of every room. */
async function readConfig(flags: Invocation['flags']): Promise<LoadedConfig> {
  const [{ loadConfig }, { rooms }] = await Promise.all([
    import('#platform/config/load.ts'),
    import('#interface/rooms.ts'),
  ])
  const given = Object.entries({
    home: flags['home'],
    port: flags['port'],
    host: flags['host'],
    roles: flags['roles'],
  }).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return loadConfig({
    sections: rooms.flatMap((room) => room.sections ?? []),
    flags: Object.fromEntries(given),
  })
}
