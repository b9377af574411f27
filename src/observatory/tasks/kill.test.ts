import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { localOperator } from '#observatory/people/actor.ts'
import { registerFrame } from '#observatory/frames/add.ts'
import { room as frames } from '#observatory/frames/module.ts'
import { room as references } from '#observatory/references/module.ts'
import { starField } from '#test/imaging.ts'
import { testPlatform } from '#test/platform.ts'
import { startSkyServices } from '#test/sky-services.ts'
import { until } from '#test/until.ts'
import { room } from './module.ts'
import { bringFile, cancelTask, createTask, processTask, readTask } from './service.ts'
import type { StepName } from './task.ts'
import { filesOf, stepsOf } from './task-store.ts'
import { scratchRoot } from './work-folder.ts'

const steps: StepName[] = ['inspect', 'photometry', 'transients', 'subtraction']
const science = starField({ size: 384, seed: 21, psf: { fwhm: 3.4 }, stars: [{ x: 200, y: 210, mag: 15 }] })
const template = starField({ size: 384, seed: 21, fieldSeed: 77, psf: { fwhm: 2.6 }, sky: 300 })
const services = await startSkyServices({ stars: science.stars })

async function preparedTask(platform: Awaited<ReturnType<typeof testPlatform>>) {
  const stored = await platform.storage.put(science.bytes)
  await registerFrame(platform, localOperator, stored.sha256, { name: 'field.fits', origin: 'test' })
  const task = await createTask(platform, localOperator, {
    frame: stored.sha256,
    config: { template: 'custom', mask_cosmics: false },
  })
  const second = await platform.storage.put(template.bytes)
  await bringFile(platform, localOperator, task.id, { name: 'custom_template.fits', ...second })
  return task.id
}

async function scratch(platform: Awaited<ReturnType<typeof testPlatform>>): Promise<string[]> {
  return readdir(scratchRoot(platform.config)).catch(() => [])
}

it('kill -9 of the worker in every step, then another worker: the task is finished, nothing is left behind', async () => {
  const platform = await testPlatform({
    rooms: [frames, references, room],
    roles: ['api'],
    env: services.env,
  })
  const id = await preparedTask(platform)
  await processTask(platform, localOperator, id, { steps })
  const start = (what: StepName | 'live') => {
    const script = resolve(import.meta.dirname, '../../../test/tasks-child.ts')
    const child = spawn(process.execPath, [script, platform.databaseUrl, platform.config.home, what], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...services.env },
    })
    return {
      child,
      ended: new Promise<NodeJS.Signals | null>((done) => child.once('exit', (_, signal) => done(signal))),
    }
  }
  for (const [k, step] of steps.entries()) {
    expect(await start(step).ended, step).toBe('SIGKILL')
    const task = await readTask(platform, localOperator, id)
    expect(task.state).toBe('running')
    // What was recorded before stays recorded.
    expect(task.steps.filter(({ state }) => state === 'done').map((each) => each.step)).toEqual(
      steps.slice(0, k),
    )
    expect(await scratch(platform)).toHaveLength(1)
  }
  const last = start('live')
  await until(
    async () =>
      (await readTask(platform, localOperator, id)).state.endsWith('_done') ||
      (await readTask(platform, localOperator, id)).state.endsWith('_failed'),
    'the task done',
    90_000,
  )
  const task = await readTask(platform, localOperator, id)
  expect(task.state, JSON.stringify(task.steps)).toBe('subtraction_done')
  await until(async () => (await scratch(platform)).length === 0, 'the folder gone')
  const names = (await filesOf(platform.db, id)).map(({ name }) => name)
  for (const name of [
    'inspect.log',
    'objects.parquet',
    'candidates_simple.parquet',
    'sub_diff.fits',
    'candidates.parquet',
  ])
    expect(names).toContain(name)
  last.child.kill('SIGTERM')
  await last.ended
}, 180_000)

it('cancelled in every step: no folder is left, the task says so, and it runs again', async () => {
  const platform = await testPlatform({
    rooms: [frames, references, room],
    roles: ['worker'],
    env: services.env,
  })
  const id = await preparedTask(platform)
  for (const step of steps) {
    await processTask(platform, localOperator, id, { steps: steps.slice(0, steps.indexOf(step) + 1) })
    await until(
      async () =>
        (await stepsOf(platform.db, [id])).some((each) => each.step === step && each.state === 'running'),
      `${step} running`,
      60_000,
    )
    const task = await cancelTask(platform, localOperator, id)
    expect(task.state).toBe('cancelled')
    expect(task.steps.find((each) => each.step === step)?.state).toBe('cancelled')
    await until(
      async () =>
        (await platform.jobs.list({ kind: 'tasks.run', state: ['running', 'queued', 'retrying'] })).length ===
        0,
      'the job over',
    )
    await until(async () => (await scratch(platform)).length === 0, 'the folder gone')
    expect((await filesOf(platform.db, id)).some((file) => file.step === step)).toBe(false)
  }
  await processTask(platform, localOperator, id, { steps })
  await until(
    async () => !['queued', 'running'].includes((await readTask(platform, localOperator, id)).state),
    'the task over',
    60_000,
  )
  const task = await readTask(platform, localOperator, id)
  expect(task.state, JSON.stringify(task.steps)).toBe('subtraction_done')
  expect(task.findings['subtraction']).toMatchObject({ mode: 'detection', negative: 0 })
  expect((task.findings['subtraction'] as { candidates: number }).candidates).toBeGreaterThan(0)
  expect(existsSync(join(platform.config.home, 'temporary', 'tasks'))).toBe(true)
}, 180_000)
