import { Problem } from '#problem.ts'
import type { Step } from './context.ts'

export const subtraction: Step<'subtraction'> = {
  name: 'subtraction',
  title: 'subtraction',
  run() {
    return Promise.reject(new Problem('task.missing', 'This step is not there yet.'))
  },
}
