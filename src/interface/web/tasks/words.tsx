import { Link } from '@tanstack/react-router'
import { State, type Tone } from '#interface/web/pieces/state.tsx'
import { Progress } from '#interface/web/pieces/progress.tsx'
import type { InputName, StepName, Task, TaskStep } from '#observatory/tasks/task.ts'

export const stepTitles: Record<StepName, string> = {
  stack: 'Stack',
  inspect: 'Inspect',
  photometry: 'Photometry',
  transients: 'Transients',
  subtraction: 'Subtraction',
}

export const stepDocs: Record<StepName, string> = {
  stack: 'adds several frames to one, on the grid of the first',
  inspect: 'header, gain, saturation, mask, targets',
  photometry: 'objects, astrometry, zero point, limits, targets',
  transients: 'objects that no catalogue knows',
  subtraction: 'the frame without a template, and what is left',
}

/* Said anew here: task.ts brings the schema of every setting along, which the page asks the server for. */
export const stepNames: readonly StepName[] = ['stack', 'inspect', 'photometry', 'transients', 'subtraction']

const brought: readonly InputName[] = [
  'custom_mask.fits',
  'custom_mask.json',
  'custom_template.fits',
  'custom_template_mask.fits',
  'custom_template_mask.json',
]

/** Whether a file is one that a person brings beside the frame. */
export function isBrought(name: string): boolean {
  return (brought as readonly string[]).includes(name)
}

/** States as the filter offers them, with their words. */
export const stateChoices: readonly (readonly [Task['state'], string])[] = [
  ['initial', 'without a frame yet'],
  ['uploaded', 'uploaded'],
  ['queued', 'queued'],
  ['running', 'running'],
  ...stepNames.flatMap((step) => [
    [`${step}_done`, `${step} done`] as const,
    [`${step}_failed`, `${step} failed`] as const,
  ]),
  ['cancelled', 'cancelled'],
  ['archived', 'archived'],
]

/** What a task is called where it has no title. */
export function nameOf(task: Pick<Task, 'title' | 'originalName' | 'id'>): string {
  return task.title || task.originalName || `Task ${task.id.slice(0, 8)}`
}

export function busy(task: Pick<Task, 'state'>): boolean {
  return task.state === 'queued' || task.state === 'running'
}

function toneOf(state: Task['state']): Tone {
  if (state === 'queued' || state === 'uploaded' || state === 'initial') return 'waiting'
  if (state === 'running') return 'running'
  if (state.endsWith('_failed')) return 'failed'
  return state === 'cancelled' || state === 'archived' ? 'none' : 'done'
}

export function TaskState({
  task,
  brief,
}: {
  task: Pick<Task, 'state' | 'stateInWords'>
  /** `photometry failed` instead of the whole sentence. */
  brief?: boolean
}) {
  const words = brief && task.state.includes('_') ? task.state.replace('_', ' ') : task.stateInWords
  return <State tone={toneOf(task.state)}>{words}</State>
}

const stepTones: Record<TaskStep['state'], Tone> = {
  waiting: 'waiting',
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'none',
}

export function StepState({ step }: { step: TaskStep | undefined }) {
  if (!step) return <State tone="none">not run yet</State>
  return <State tone={stepTones[step.state]}>{step.state}</State>
}

/** State, and how far it is while it runs. */
export function TaskProgress({ task }: { task: Task }) {
  const running = task.steps.find((step) => step.state === 'running')
  if (task.state !== 'running' || !running) return <TaskState task={task} brief />
  return (
    <span className="row" style={{ gap: 8, flexWrap: 'nowrap', alignItems: 'center' }}>
      <State tone="running">{running.step}</State>
      <Progress progress={running.progress} brief />
    </span>
  )
}

export function TaskLink({ task }: { task: Task }) {
  return (
    <Link to="/tasks/$id" params={{ id: task.id }}>
      {nameOf(task)}
    </Link>
  )
}

const flagWords: readonly (readonly [bit: number, words: string])[] = [
  [0x1, 'neighbours'],
  [0x2, 'deblended'],
  [0x4, 'saturated'],
  [0x8, 'cut by the edge'],
  [0x10, 'aperture cut'],
  [0x100, 'masked pixels'],
  [0x200, 'masked in the aperture'],
  [0x400, 'bad sky'],
  [0x800, 'odd shape'],
  [0x4000, 'masked core'],
]

/** Flags of a source as words; nothing for none. */
export function flagsInWords(flags: number): string {
  return flagWords
    .filter(([bit]) => (flags & bit) !== 0)
    .map(([, words]) => words)
    .join(', ')
}

/** What nothing says. */
export function NotStated() {
  return <span className="dim">not stated</span>
}
