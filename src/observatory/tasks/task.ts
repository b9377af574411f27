import { z } from 'zod'
import { Problem } from '#problem.ts'

/**
 * A task: one frame, or a stack of several, through the steps of imaging with one configuration. Identity: opaque. Its
 * products are named plainly (`mask.fits`, `objects.parquet`) and kept by hash.
 */

/** In the order in which they run; each may need what those before it made. */
export const stepNames = ['stack', 'inspect', 'photometry', 'transients', 'subtraction'] as const
export const StepName = z.enum(stepNames)
export type StepName = z.output<typeof StepName>

const doing: Record<StepName, string> = {
  stack: 'stacking',
  inspect: 'inspecting',
  photometry: 'measuring',
  transients: 'looking for transients',
  subtraction: 'subtracting',
}

/** `uploaded`: it has a frame and nothing was done yet. `archived`: products are deleted, the configuration is kept. */
export const taskStates = [
  'initial',
  'uploaded',
  'queued',
  'running',
  'stack_done',
  'stack_failed',
  'inspect_done',
  'inspect_failed',
  'photometry_done',
  'photometry_failed',
  'transients_done',
  'transients_failed',
  'subtraction_done',
  'subtraction_failed',
  'cancelled',
  'archived',
] as const
export const TaskState = z.enum(taskStates)
export type TaskState = z.output<typeof TaskState>

export type TaskAct =
  'upload' | 'send' | 'begin' | 'cancel' | 'archive' | 'clean' | `${StepName}_done` | `${StepName}_failed`

const resting: Partial<Record<TaskAct, TaskState>> = {
  upload: 'uploaded',
  send: 'queued',
  archive: 'archived',
  clean: 'uploaded',
}
const ends = Object.fromEntries(
  stepNames.flatMap((step) => [
    [`${step}_done`, `${step}_done`],
    [`${step}_failed`, `${step}_failed`],
  ]),
) as Partial<Record<TaskAct, TaskState>>

/** The state it is in, what happens to it, the state it comes to. `begin` from `running` is a job that starts again after its process died. */
export const taskMoves: Readonly<Record<TaskState, Partial<Record<TaskAct, TaskState>>>> = {
  ...(Object.fromEntries(
    taskStates.filter((state) => state !== 'queued' && state !== 'running').map((state) => [state, resting]),
  ) as Record<Exclude<TaskState, 'queued' | 'running'>, typeof resting>),
  queued: { begin: 'running', cancel: 'cancelled', ...ends },
  running: { begin: 'running', cancel: 'cancelled', ...ends },
}

/** True while a job of it waits or runs. */
export function isBusy(state: TaskState): boolean {
  return state === 'queued' || state === 'running'
}

/** @throws Problem `task.wrong_state` */
export function nextState(state: TaskState, act: TaskAct): TaskState {
  const next = taskMoves[state][act]
  if (next !== undefined) return next
  throw new Problem(
    'task.wrong_state',
    isBusy(state)
      ? 'The task is running; wait for it, or cancel it first.'
      : `The task is not running (it is ${wordsOf(state)}), so there is nothing to ${act}.`,
    { state, act },
  )
}

/** `photometry_failed` in words. */
export function wordsOf(state: TaskState): string {
  const [step, end] = state.split('_') as [string, string | undefined]
  if (end === undefined) return state === 'initial' ? 'without a frame yet' : state
  return end === 'done' ? `done with ${step}` : `failed while ${doing[step as StepName]}`
}

/** What each step writes, by its plain name; a name that ends in / is all that lies below it. */
export const stepProducts: Readonly<Record<StepName, readonly string[]>> = {
  stack: ['stack.log', 'stack.fits', 'stack_weight.fits', 'stack.json'],
  inspect: [
    'inspect.log',
    'inspect.json',
    'image.fits',
    'mask.fits',
    'image_target.fits',
    'fringe_model.fits',
  ],
  photometry: [
    'photometry.log',
    'photometry.json',
    'image.wcs',
    'segmentation.fits',
    'filtered.fits',
    'image_bg.fits',
    'image_rms.fits',
    'psf.json',
    'objects.parquet',
    'objects.reg',
    'cat.parquet',
    'calibrators.parquet',
    'completeness.parquet',
    'injected.parquet',
    'target.parquet',
    'targets/',
  ],
  transients: [
    'transients.log',
    'transients.json',
    'candidates_simple.parquet',
    'candidates_simple.reg',
    'candidates_simple/',
  ],
  subtraction: [
    'subtraction.log',
    'subtraction.json',
    'sub_image.fits',
    'sub_mask.fits',
    'sub_template.fits',
    'sub_template_mask.fits',
    'sub_conv.fits',
    'sub_diff.fits',
    'sub_sdiff.fits',
    'sub_ediff.fits',
    'sub_kernels.fits',
    'sub_target.parquet',
    'sub_target.cutout.fits',
    'candidates.parquet',
    'candidates.reg',
    'candidates/',
  ],
}

/** What a person brings to a task beside its frame. */
export const inputNames = [
  'custom_mask.fits',
  'custom_mask.json',
  'custom_template.fits',
  'custom_template_mask.fits',
  'custom_template_mask.json',
] as const
export type InputName = (typeof inputNames)[number]

/** The frame itself, as it came. */
export const originalName = 'image.orig.fits'

/** The step whose product has this name. */
export function stepOf(name: string): StepName | undefined {
  return stepNames.find((step) =>
    stepProducts[step].some((each) => (each.endsWith('/') ? name.startsWith(each) : name === each)),
  )
}

/** The step and those after it: what they made is deleted when it begins. A stack is the frame of the rest. */
export function fromStep(step: StepName): StepName[] {
  const from = stepNames.slice(stepNames.indexOf(step))
  // Both search what photometry measured, neither needs the other.
  return step === 'transients' ? ['transients'] : from
}

/** False where the ends of a crop are in the wrong order; one from the near and one from the far edge may be right. */
function inOrder(first: number, last: number): boolean {
  return first !== 0 && last !== 0 && (first < 0 !== last < 0 || first < last)
}

/** Columns and rows of a crop, from 1; negative ones count from the far edge. */
export const CropBox = z
  .object({
    x1: z.int().describe('First column, from 1; negative counts from the far edge'),
    y1: z.int(),
    x2: z.int().describe('Last column, included'),
    y2: z.int(),
  })
  .refine(({ x1, x2 }) => inOrder(x1, x2), {
    path: ['x2'],
    message: 'must lie behind x1: columns count from 1, negative ones from the far edge',
  })
  .refine(({ y1, y2 }) => inOrder(y1, y2), {
    path: ['y2'],
    message: 'must lie behind y1: rows count from 1, negative ones from the far edge',
  })

/** What may be done to the pixels before anything else, in this order from the bytes as they came. */
export const Preparation = z
  .discriminatedUnion('what', [
    CropBox.safeExtend({ what: z.literal('crop') }),
    z.object({
      what: z.literal('destripe'),
      direction: z.enum(['horizontal', 'vertical', 'both']).default('both'),
    }),
    z.object({ what: z.literal('fringes'), size: z.int().min(4).max(512).default(32) }),
    z.object({
      what: z.literal('background'),
      size: z.int().min(8).max(4_096).default(256),
      how: z.enum(['subtract', 'divide']).default('subtract'),
    }),
    z.object({
      what: z.literal('header'),
      /** Cards of a solution that was found, put in place of the WCS of the file. */
      cards: z
        .array(z.tuple([z.string().max(80), z.union([z.string().max(80), z.number(), z.boolean()])]))
        .max(400),
    }),
  ])
  .meta({ id: 'TaskPreparation' })
export type Preparation = z.output<typeof Preparation>

const point = z.tuple([z.number(), z.number()])
const points = z.array(point).min(3).max(1_000)
const angle = z.number().optional().describe('Of the height, degrees from north through east')
/** What a person draws on a frame. Pixels are 0-based, a pixel's centre at whole numbers; sky is ICRS degrees, sizes there arcsec. */
export const DrawnMask = z
  .object({
    mode: z
      .enum(['masked', 'usable'])
      .default('masked')
      .describe('masked: what the shapes cover is not used. usable: only what they cover is.'),
    shapes: z
      .array(
        z.discriminatedUnion('kind', [
          z.object({
            kind: z.literal('rectangle'),
            x0: z.number(),
            y0: z.number(),
            x1: z.number(),
            y1: z.number(),
          }),
          z.object({
            kind: z.literal('circle'),
            x: z.number(),
            y: z.number(),
            radius: z.number().positive(),
          }),
          z.object({ kind: z.literal('polygon'), points }),
          z.object({
            kind: z.literal('sky-rectangle'),
            ra: z.number(),
            dec: z.number(),
            width: z.number().positive(),
            height: z.number().positive(),
            angle,
          }),
          z.object({
            kind: z.literal('sky-circle'),
            ra: z.number(),
            dec: z.number(),
            radius: z.number().positive(),
          }),
          z.object({ kind: z.literal('sky-polygon'), points }),
        ]),
      )
      .max(1_000),
  })
  .meta({ id: 'DrawnMask' })
export type DrawnMask = z.output<typeof DrawnMask>

/** Something to measure wherever it is seen or not. */
export const Target = z
  .object({
    name: z.string(),
    ra: z.number().nullable().describe('deg, ICRS'),
    dec: z.number().nullable(),
    x: z.number().nullable().describe('FITS pixel, 1-based; null where it is given on the sky'),
    y: z.number().nullable(),
    resolver: z.string().nullable().describe('Who knew the name'),
  })
  .meta({ id: 'TaskTarget' })
export type Target = z.output<typeof Target>

export const TaskProduct = z
  .object({
    name: z.string(),
    step: StepName.nullable().describe('The step that made it; null for what was brought'),
    sha256: z.string(),
    bytes: z.number().int(),
    madeAt: z.iso.datetime(),
  })
  .meta({ id: 'TaskProduct' })
export type TaskProduct = z.output<typeof TaskProduct>

export const TaskStep = z
  .object({
    step: StepName,
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    progress: z
      .object({
        done: z.number(),
        total: z.number(),
        unit: z.string(),
        perSecond: z.number().nullable(),
        etaSeconds: z.number().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'TaskStep' })
export type TaskStep = z.output<typeof TaskStep>

export const Task = z
  .object({
    id: z.uuid(),
    title: z.string(),
    originalName: z.string(),
    state: TaskState,
    stateInWords: z.string(),
    owner: z.object({ id: z.string().nullable(), name: z.string() }),
    groups: z.array(z.string()),
    frame: z.string().nullable().describe('SHA-256 of the frame; null before one was given'),
    parent: z.uuid().nullable().describe('The task it was duplicated from'),
    config: z
      .record(z.string(), z.unknown())
      .describe('Keys that differ from the defaults; see /tasks/config'),
    findings: z
      .record(z.string(), z.unknown())
      .describe('What the steps found: gain, filter, FWHM, zero point, limits, …'),
    preparations: z.array(Preparation),
    ra: z.number().nullable().describe('Centre of the frame, deg'),
    dec: z.number().nullable(),
    radius: z.number().nullable().describe('deg'),
    moc: z.string().nullable().describe('Footprint as MOC text'),
    job: z.uuid().nullable(),
    steps: z.array(TaskStep),
    revision: z.number().int(),
    createdAt: z.iso.datetime(),
    modifiedAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable(),
    mayChange: z.boolean(),
    mayDelete: z.boolean(),
  })
  .meta({ id: 'Task' })
export type Task = z.output<typeof Task>

export const Preset = z
  .object({
    id: z.uuid(),
    name: z.string(),
    owner: z.object({ id: z.string().nullable(), name: z.string() }),
    groups: z.array(z.string()),
    config: z.record(z.string(), z.unknown()),
    files: z.array(z.object({ name: z.string(), sha256: z.string(), bytes: z.number().int() })),
    createdAt: z.iso.datetime(),
    mayChange: z.boolean(),
  })
  .meta({ id: 'TaskPreset' })
export type Preset = z.output<typeof Preset>
