import { Problem } from '#problem.ts'
import type { Step } from './context.ts'

export const photometry: Step<'photometry'> = {
  name: 'photometry',
  title: 'photometry',
  run() {
    return Promise.reject(new Problem('task.missing', 'This step is not there yet.'))
  },
}
