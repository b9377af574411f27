import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Invocation } from '#platform/terminal/command.ts'
import { loadConfig } from '#platform/config/load.ts'
import { starField } from '#test/imaging.ts'
import { frameCommands } from './frame-commands.ts'
import { processCommands } from './process-command.ts'
import { tasksSection } from './sections.ts'
import { readFindings } from './steps/context.ts'

it('a stack is never written over one of its frames', async () => {
  const stack = frameCommands.find(({ words }) => words[0] === 'stack')!
  for (const [frames, out] of [
    [['a.fits', 'b.fits'], './b.fits'],
    [['deep.weight.fits', 'b.fits'], 'deep.fits'],
  ] as const)
    await expect(
      stack.run({ args: [...frames], flags: { out } } as unknown as Invocation),
    ).rejects.toMatchObject({ code: 'command.usage' })
})

it('a frame that is not there leaves no folder behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'urania-none-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const none = join(folder, 'none.fits')
  for (const [command, args] of [
    [processCommands[0]!, [none]],
    [frameCommands[0]!, [none, none]],
  ] as const)
    await expect(
      command.run({ args: [...args], flags: {}, note: () => {} } as unknown as Invocation),
    ).rejects.toMatchObject({ code: 'command.usage', message: `There is no file ${none}.` })
  expect(await readdir(folder)).toEqual([])
})

it('process: a key that a step before reads makes it run again; keys that are not said stay as they were', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'urania-process-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { bytes, stars } = starField({ size: 320, seed: 12 })
  const [frame, catalogue] = [join(folder, 'a.fits'), join(folder, 'stars.csv')]
  await writeFile(frame, bytes)
  await writeFile(
    catalogue,
    ['ra,dec,gmag,rmag', ...stars.map(({ ra, dec, g, r }) => [ra, dec, g, r].join(','))].join('\n'),
  )
  const config = () =>
    loadConfig({ sections: [tasksSection], env: { URANIA_HOME: folder, URANIA_TASKS_OFFLINE: 'true' } })
  const run = async (steps: string, words: string[]): Promise<string[]> => {
    const lines: string[] = []
    await processCommands[0]!.run({
      args: [frame],
      flags: { steps, config: words, catalogue, out: join(folder, 'out') },
      signal: new AbortController().signal,
      config,
      note: (line: string) => lines.push(line),
      progress: () => ({ update: () => {}, finish: () => {} }),
      document: () => {},
      out: () => {},
    } as unknown as Invocation)
    return lines
  }
  await run('inspect,photometry', ['target=x=100 y=120', 'mask_cosmics=no'])
  const lines = await run('photometry', ['target=x=200 y=150'])
  expect(lines).toContain('Changed since it ran before: target.')
  expect(lines).toContain('# Inspect: repair, facts, mask')
  const { inspect, photometry } = await readFindings(join(folder, 'out'))
  expect(photometry!.targets.map(({ name }) => name)).toEqual(['x=200 y=150'])
  expect(inspect!.given).toMatchObject({ target: 'x=200 y=150', mask_cosmics: false })
  expect(await run('photometry', [])).not.toContain('# Inspect: repair, facts, mask')
  expect(await readFile(join(folder, 'out', 'inspect.log'), 'utf8')).toContain('Changed since')
})
