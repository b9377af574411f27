// One contract for every engine of the registry: it gives what the built-in one gives, leaves nothing behind, and says what it needs.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { grandchildUnder, runs } from '#test/engine-tasks.ts'
import { TaskConfig } from '#observatory/tasks/config.ts'
import { contracts, work } from '#test/engine-contracts.ts'
import type { Engine, Ground, PortName, Ports, ProgramEngine } from './port.ts'
import { enginePrograms } from './programs.ts'
import { engineOf, engines, isInstalled, runEngine, settingsOf } from './registry.ts'

const home = mkdtempSync(join(tmpdir(), 'urania-engines-'))
const workshop = createWorkshop({ hands: 1 })
const searchPath = process.env['PATH']
afterEach(() => {
  process.env['PATH'] = searchPath
})
afterAll(async () => {
  await workshop.close()
  rmSync(home, { recursive: true, force: true })
})
const ports = Object.keys(engines) as PortName[]
const external = ports.flatMap((port) =>
  (engines[port] as readonly Engine<PortName>[]).filter(
    (engine): engine is ProgramEngine<PortName> => 'programs' in engine,
  ),
)

function ground(): Ground & { said: string[] } {
  const said: string[] = []
  return { folder: mkdtempSync(join(home, 'task-')), hands: 1, log: (line) => said.push(line), said }
}

describe('the registry', () => {
  it('has the built-in engine first in every port, and what the configuration offers', () => {
    for (const port of ports) {
      expect(engines[port][0]!.key).toBe('builtin')
      const key = `engine_${port}` as const
      expect(TaskConfig.parse({})[key]).toBe('builtin')
      for (const { key: name } of engines[port]) expect(TaskConfig.parse({ [key]: name })[key]).toBe(name)
    }
    expect(() => engineOf('warp', 'montage')).toThrow('engine_warp is one of builtin, swarp')
  })

  it('knows its programs by name', () => {
    expect(new Set(enginePrograms)).toEqual(new Set(external.flatMap((engine) => engine.programs)))
  })

  it('takes the options of one engine out of those of all', () => {
    expect(settingsOf('scamp', { 'scamp.MATCH': 'N', 'swarp.OVERSAMPLING': 2 })).toEqual({ MATCH: 'N' })
  })
})

for (const engine of external) {
  const { port, key } = engine
  const names = engine.programs.map((facts) => facts.names[0]).join(', ')

  describe(`${engine.title} for ${port}`, () => {
    it('says in one sentence what to install where its program is not here', async () => {
      process.env['PATH'] = '/nowhere'
      const failed = runEngine(port, key, work(port, workshop), ground())
      await expect(failed).rejects.toMatchObject({
        code: 'engine.missing',
        message: `${names} is not installed here; install it (on Debian: apt install ${engine.programs[0]!.package}), or set engine_${port}=builtin.`,
      })
    })

    it('refuses options that name files, and others it does not know', async () => {
      hanging(names, 'exit 0')
      const failed = runEngine(port, key, work(port, workshop), ground(), { CATALOG_NAME: '/etc/passwd' })
      await expect(failed).rejects.toMatchObject({ code: 'task.config' })
    })

    it('cancelled, leaves neither a grandchild nor a file', async () => {
      hanging(names, `trap '' TERM; sh -c 'sleep 100' & echo $! > half; mv half grandchild; wait`)
      const abort = new AbortController()
      const ours = { ...ground(), signal: abort.signal }
      const outcome = expect(runEngine(port, key, work(port, workshop), ours)).rejects.toMatchObject({
        code: 'engine.cancelled',
      })
      const pid = await grandchildUnder(join(ours.folder, '.engines'))
      abort.abort()
      await outcome
      expect(runs(pid)).toBe(false)
      expect(readdirSync(ours.folder)).toEqual([])
    })

    it('a program that ends without its result is a failure in words', async () => {
      hanging(names, 'exit 0')
      await expect(runEngine(port, key, work(port, workshop), ground())).rejects.toMatchObject({
        code: expect.stringMatching(/^(engine|astrometry)\./),
      })
    })
  })

  describe.skipIf(!isInstalled(engine))(`${engine.title} for ${port} (needs ${names})`, () => {
    for (const [title, check] of Object.entries(contracts[port])) {
      it(`${title}, as the built-in engine`, async () => {
        const ours = ground()
        const run =
          (name: string) =>
          (task: Ports[PortName]['work']): Promise<Ports[PortName]['result']> =>
            runEngine(port, name, task, ours)
        await check(run(key) as never, run('builtin') as never, workshop)
        expect(existsSync(join(ours.folder, '.engines'))).toBe(false)
      }, 90_000)
    }
  })
}

/** A program of that name, first on PATH, that does something else. */
function hanging(name: string, script: string): void {
  const folder = mkdtempSync(join(home, 'bin-'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
  process.env['PATH'] = `${folder}:${searchPath}`
}
