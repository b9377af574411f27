import { Problem } from '#problem.ts'
import { stepNames, type StepName } from '#observatory/tasks/task.ts'
import { runStep, type RunOptions, type Step } from './context.ts'

/** The steps, each loaded when it is run. */
export async function loadStep<S extends StepName>(name: S): Promise<Step<S>> {
  const steps: { [N in StepName]: () => Promise<Step<N>> } = {
    stack: async () => (await import('./stack.ts')).stack,
    inspect: async () => (await import('./inspect.ts')).inspect,
    photometry: async () => (await import('./photometry.ts')).photometry,
    transients: async () => (await import('./transients.ts')).transients,
    subtraction: async () => (await import('./subtraction.ts')).subtraction,
  }
  return steps[name]()
}

/** Words of a person as steps, in the order in which they run. @throws Problem `command.usage` */
export function readSteps(text: string): StepName[] {
  const also: Readonly<Record<string, StepName>> = {
    simple_transients: 'transients',
    transients_simple: 'transients',
    subtract: 'subtraction',
  }
  const wanted = text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => also[word] ?? word)
  const strange = wanted.find((word) => !(stepNames as readonly string[]).includes(word))
  if (strange !== undefined || wanted.length === 0)
    throw new Problem(
      'command.usage',
      `The steps are ${stepNames.join(', ')}${strange === undefined ? '' : `, not ${strange}`}.`,
    )
  return stepNames.filter((step) => wanted.includes(step))
}

/** Runs steps one after another; the first that fails ends it. */
export async function runSteps(steps: readonly StepName[], options: RunOptions): Promise<void> {
  for (const name of steps) await runStep((await loadStep(name)) as Step<StepName>, options)
}
