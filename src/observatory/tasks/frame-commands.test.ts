import { expect, it } from 'vitest'
import type { Invocation } from '#platform/terminal/command.ts'
import { frameCommands } from './frame-commands.ts'

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
