import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { Invocation } from '#platform/terminal/command.ts'
import { frameCommands } from './frame-commands.ts'
import { processCommands } from './process-command.ts'

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
