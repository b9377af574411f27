import { Problem } from '#problem.ts'
import type { Step } from './context.ts'

export const stack: Step<'stack'> = {
  name: 'stack',
  title: 'stack',
  run() {
    return Promise.reject(new Problem('task.missing', 'This step is not there yet.'))
  },
}
