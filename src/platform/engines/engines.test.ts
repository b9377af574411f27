import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createCompute } from '#platform/compute/pool.ts'
import { grandchildUnder, namesIn, runs, stubborn, stubbornInThread } from '#test/engine-tasks.ts'
import { findProgram, versionOf } from './find.ts'
import { scratchGone, withScratch } from './scratch.ts'

const home = mkdtempSync(join(tmpdir(), 'urania-engines-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let count = 0
const freshRoot = (): string => join(home, `root-${++count}`)
const shell = (script: string, seconds = 20) => ({ program: '/bin/sh', args: ['-c', script], seconds })

describe.skipIf(process.platform === 'win32')('programs (needs process groups)', () => {
  it('run in a folder of their own with little of our environment; both are gone after', async () => {
    const root = freshRoot()
    process.env['URANIA_TEST_SECRET'] = 'hush'
    const lines: string[] = []
    const end = await withScratch({ root }, async ({ folder, run }) => {
      const ended = await run({
        ...shell(
          'pwd; printf "\\033[1mbold\\033[0m\\rnext\\n" >&2; env | grep -c SECRET; touch left; cat; exit 0',
        ),
        onLine: (line) => lines.push(line),
      })
      expect(ended.stdout).toContain(folder)
      expect(namesIn(folder)).toEqual(['left'])
      return ended
    })
    delete process.env['URANIA_TEST_SECRET']
    expect(end.stdout.trim().endsWith('\n0')).toBe(true)
    expect(lines).toEqual(expect.arrayContaining(['bold', 'next']))
    expect(existsSync(root)).toBe(false)
  })

  it('that write without end are kept to the last 64 kB', async () => {
    const { stdout } = await withScratch({ root: freshRoot() }, ({ run }) =>
      run(shell('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done')),
    )
    expect(stdout.length).toBeLessThanOrEqual(65_536)
    expect(stdout.endsWith('line 19999\n')).toBe(true)
  })

  it('that fail say why, in one sentence; an absent one says so', async () => {
    const root = freshRoot()
    const failing = (script: string) => withScratch({ root }, ({ run }) => run(shell(script)))
    await expect(failing('echo fine; echo "no such catalogue" >&2; exit 3')).rejects.toMatchObject({
      code: 'engine.failed',
      message: 'sh failed (code 3): no such catalogue',
    })
    await expect(failing('kill -9 $$')).rejects.toMatchObject({ message: expect.stringContaining('SIGKILL') })
    const absent = { program: '/nowhere/program', args: [], seconds: 5 }
    await expect(withScratch({ root }, ({ run }) => run(absent))).rejects.toMatchObject({
      code: 'engine.failed',
    })
    expect(namesIn(home)).not.toContain('root-3')
  })

  it('that leave a child behind have it ended', async () => {
    const root = freshRoot()
    let pid = 0
    await withScratch({ root }, async ({ run }) => {
      pid = Number((await run(shell('sleep 100 >&- 2>&- & echo $!'))).stdout)
    })
    expect(pid).toBeGreaterThan(1)
    expect(runs(pid)).toBe(false)
  })

  it('that take too long are ended with their children, though these ignore SIGTERM', async () => {
    const root = freshRoot()
    const outcome = expect(
      withScratch({ root }, ({ run }) => run({ ...stubborn, seconds: 0.6 })),
    ).rejects.toMatchObject({ code: 'engine.timeout' })
    const pid = await grandchildUnder(root)
    expect(runs(pid)).toBe(true)
    await outcome
    expect(runs(pid)).toBe(false)
    expect(existsSync(root)).toBe(false)
  })

  it('that are cancelled leave no grandchild and no file', async () => {
    const root = freshRoot()
    const abort = new AbortController()
    const outcome = expect(
      withScratch({ root, signal: abort.signal }, ({ run }) => run(stubborn)),
    ).rejects.toMatchObject({ code: 'engine.cancelled' })
    const pid = await grandchildUnder(root)
    abort.abort()
    await outcome
    expect(runs(pid)).toBe(false)
    expect(existsSync(root)).toBe(false)
  })

  it('whose thread is ended leave no grandchild and no file', async () => {
    const root = freshRoot()
    const compute = createCompute({ threads: 1 })
    const abort = new AbortController()
    const outcome = expect(
      compute.run(stubbornInThread, root, { signal: abort.signal }),
    ).rejects.toMatchObject({ code: 'compute.aborted' })
    const pid = await grandchildUnder(root)
    abort.abort()
    await outcome
    await scratchGone(root)
    expect(runs(pid)).toBe(false)
    expect(existsSync(root)).toBe(false)
    await compute.stop()
  })

  it('of a Urania that is killed with -9 leave no grandchild and no file', async () => {
    const root = freshRoot()
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../../../test/engine-child.ts'), root],
      {
        stdio: 'ignore',
      },
    )
    const pid = await grandchildUnder(root)
    child.kill('SIGKILL')
    await scratchGone(root)
    expect(runs(pid)).toBe(false)
    expect(existsSync(root)).toBe(false)
  })

  it('find a tidy place even if the guard died, too: folders of processes that are no more go', async () => {
    const root = freshRoot()
    mkdirSync(join(root, 'run-4194304999-abc'), { recursive: true })
    mkdirSync(join(root, `run-${process.pid}-mine`))
    await withScratch({ root }, ({ folder }) => {
      expect(namesIn(root).toSorted()).toEqual(
        [folder.split('/').at(-1)!, `run-${process.pid}-mine`].toSorted(),
      )
      return Promise.resolve()
    })
  })

  it('are found by any of their names, and tell their version', () => {
    const folder = join(home, 'bin')
    mkdirSync(folder)
    const facts = {
      names: ['teller', 'Teller'] as const,
      package: null,
      purpose: 'tells',
      version: { args: ['--version'], pattern: /version (\S+)/ },
    }
    expect(findProgram(facts, folder)).toBeUndefined()
    const path = join(folder, 'Teller')
    writeFileSync(path, '#!/bin/sh\necho "Teller version 2.25.0" >&2\nexit 1\n')
    expect(findProgram(facts, `/nowhere${delimiter}${folder}`)).toBeUndefined()
    chmodSync(path, 0o755)
    expect(findProgram(facts, `/nowhere${delimiter}${folder}`)).toBe(path)
    expect(versionOf(path, facts)).toBe('2.25.0')
  })
})
