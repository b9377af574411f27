import { copyFile } from 'node:fs/promises'
import { Problem } from '#problem.ts'
import { whole } from '#platform/files/whole.ts'
import { originalName } from '#observatory/tasks/task.ts'
import { at, type Step } from './context.ts'
import { stackFrames } from './stack-work.ts'
import { runSpeaking } from './voice.ts'

/** Puts frames together on the grid of the first; the stack is the frame of the steps that follow. */
export const stack: Step<'stack'> = {
  name: 'stack',
  title: 'Stack: several frames as one',
  async run(context) {
    const { config, folder, hands } = context
    const names = config.stack_filenames
    if (names.length < 2)
      throw new Problem(
        'task.missing',
        `A stack needs at least two frames, not ${names.length}; name them in stack_filenames.`,
      )
    const files: string[] = []
    for (const name of names) files.push(await context.frame(name))
    const facts = await runSpeaking(context, stackFrames, { folder, config, hands, files })
    await whole(at(context, originalName), (part) => copyFile(at(context, 'stack.fits'), part))
    return {
      frames: facts.frames,
      method: config.stack_method,
      gain: facts.gain,
      exposure: facts.exposure,
      mjd: facts.midMjd,
      leftOut: [...facts.leftOut],
      used: facts.used,
      covered: facts.covered,
    }
  },
}
