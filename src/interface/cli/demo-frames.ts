import { setTimeout as sleep } from 'node:timers/promises'
import { simulateVisit } from '#science/simulate/visit.ts'
import { computeTask } from '#platform/compute/compute.ts'
import type { Platform } from '#platform/platform.ts'
import type { Invocation } from '#platform/terminal/command.ts'
import { registerFrame } from '#observatory/frames/add.ts'
import { scopesOf, type Actor } from '#observatory/people/actor.ts'
import type { PersonRow } from '#observatory/people/person-store.ts'
import { listPlans } from '#observatory/plans/plan-store.ts'
import { documentOf } from '#observatory/plans/service.ts'
import type { PlannedExposure } from '#observatory/plans/plan.ts'
import { receiveImport } from '#observatory/references/import-service.ts'
import { rejectionCatalogues } from '#observatory/tasks/candidate-filter.ts'
import { readTask } from '#observatory/tasks/access.ts'
import { createTask } from '#observatory/tasks/service.ts'
import { taskByKey } from '#observatory/tasks/task-store.ts'
import { isBusy, type StepName, type Task } from '#observatory/tasks/task.ts'

/** Two frames of one field, simulated in a worker thread: they take a second. */
export const visitTask = computeTask(import.meta.url, 'visitTask', simulateVisit)

/** By which the tasks of the demonstration are known, so that a home that is used again gets no second ones. */
const keys = { template: 'demonstration template', frame: 'demonstration frame' }
const pixels = 1024
const pollMs = 500

interface Watching {
  /** Of the page. */
  url: string
  seed: number
  note: Invocation['note']
  signal: AbortSignal
}

/**
 * What a telescope and the night after it would do: waits for the first plan, "takes" one of its fields, and hands the frame
 * in with one from before. The tasks do the rest in the background, with catalogues of the simulated sky, without network.
 */
export async function observe(
  platform: Platform,
  person: PersonRow,
  { seed, url, note, signal }: Watching,
): Promise<void> {
  const { id: userId, name, role } = person
  const groups = person.groups.map(({ id }) => id)
  const actor: Actor = { kind: 'person', userId, name, role, groups, scopes: scopesOf(role), from: null }
  if (await taskByKey(platform.db, userId, keys.frame)) return
  const { exposure, event } = await planned(platform, signal)
  const title = `${event}, field ${exposure.field}`
  const visit = await platform.compute.run(
    visitTask,
    {
      seed,
      ra: exposure.ra,
      dec: exposure.dec,
      size: pixels,
      start: new Date(Date.now() - exposure.exposureS * 1000),
      exposureSeconds: exposure.exposureS,
      telescope: exposure.telescope.toUpperCase(),
      object: title,
    },
    { signal },
  )
  await bringCatalogues(platform, actor, exposure.dec, visit.catalogue)
  const add = async (bytes: Uint8Array<ArrayBuffer>, file: string): Promise<string> => {
    const { sha256 } = await platform.storage.put(bytes)
    await registerFrame(platform, actor, sha256, { name: file, origin: 'urania demo, simulated' })
    return sha256
  }
  const before = await add(visit.template, 'simulated-before.fits')
  const tonight = await add(visit.frame, 'simulated-tonight.fits')
  note(`simulated: ${exposure.telescope.toUpperCase()} took ${title} of the plan; see ${url}/frames`)
  const process = async (
    frame: string,
    which: keyof typeof keys,
    steps: StepName[],
    config: Record<string, unknown>,
  ): Promise<Task> => {
    const words = which === 'template' ? `${title}, from before` : title
    const input = { frame, title: words, config, steps, requestKey: keys[which] }
    return ended(platform, actor, (await createTask(platform, actor, input)).id, signal)
  }
  const template = await process(before, 'template', ['inspect', 'photometry'], {})
  const task = await process(tonight, 'frame', ['inspect', 'photometry', 'transients', 'subtraction'], {
    template: `task:${template.id}`,
    // Nobody has minor planets of a simulated sky.
    simple_skybot: false,
  })
  const { candidates, negative } =
    (task.findings as { subtraction?: Record<string, number> }).subtraction ?? {}
  note(
    candidates === undefined
      ? `The frame could not be processed (${task.stateInWords}); see ${url}/tasks/${task.id}`
      : `simulated: the frame is measured and subtracted, ${candidates} candidates, ${negative} of them fading; see ${url}/tasks/${task.id}`,
  )
}

/** The first exposure of the newest plan, rather one that is made in r. */
async function planned(
  platform: Platform,
  signal: AbortSignal,
): Promise<{ exposure: PlannedExposure; event: string }> {
  for (;;) {
    const found: { exposure: PlannedExposure; event: string }[] = []
    for (const row of await listPlans(platform.db, { states: ['ready'], limit: 10 })) {
      const { exposures } = await documentOf(platform, row)
      found.push(...exposures.map((exposure) => ({ exposure, event: row.event_name ?? row.title })))
    }
    const chosen = found.find(({ exposure }) => exposure.filter === 'r') ?? found[0]
    if (chosen) return chosen
    await sleep(pollMs, undefined, { signal })
  }
}

/** The simulated stars under the names of all catalogues that cover the field. */
async function bringCatalogues(platform: Platform, actor: Actor, dec: number, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  for (const { key, title } of rejectionCatalogues(dec)) {
    await receiveImport(platform, actor, chunks(bytes), 'simulated-stars.csv', {
      name: key,
      title: `Simulated stars in place of ${title}`,
      kind: 'star',
    })
  }
  await platform.jobs.idle(['references.import'])
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** @throws Problem `resource.not_found` where somebody deleted it meanwhile */
async function ended(platform: Platform, actor: Actor, id: string, signal: AbortSignal): Promise<Task> {
  for (;;) {
    const task = await readTask(platform, actor, id)
    if (!isBusy(task.state)) return task
    await sleep(pollMs, undefined, { signal })
  }
}
