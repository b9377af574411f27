import { Problem } from '#problem.ts'
import type { Step } from './context.ts'

export const transients: Step<'transients'> = {
  name: 'transients',
  title: 'transients',
  run() {
    return Promise.reject(new Problem('task.missing', 'This step is not there yet.'))
  },
}
