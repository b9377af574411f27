import { expect, it } from 'vitest'
import {
  configKeys,
  configSchema,
  describeConfig,
  readAssignment,
  readConfig,
  wholeConfig,
  type TaskConfig,
} from './config.ts'
import { changedSince, keysRead, stepsToRun } from './changed.ts'
import type { Findings } from './findings.ts'
import { readTargets } from './targets.ts'
import { fromStep, nextState, stepOf, stepProducts, taskMoves, taskStates, type StepName } from './task.ts'

it('every key has a title, a meaning, a default, and says what null means where it may be null', () => {
  const defaults = wholeConfig({})
  for (const each of describeConfig()) {
    expect(each.title, each.key).not.toBe('')
    expect(each.doc, each.key).toMatch(/[.]$/)
    expect(defaults).toHaveProperty(each.key)
    if (each.default === null) expect(each.auto, each.key).toBeTruthy()
  }
  const { $defs } = configSchema() as { $defs: { TaskConfig: { properties: Record<string, unknown> } } }
  expect(Object.keys($defs.TaskConfig.properties)).toEqual(configKeys)
})

it('keys as typed on a command line', () => {
  expect(readAssignment('sn=7')).toEqual(['sn', 7])
  expect(readAssignment('use_color=no')).toEqual(['use_color', false])
  expect(readAssignment('gain=auto')).toEqual(['gain', null])
  expect(readAssignment('filter=1')).toEqual(['filter', '1'])
  expect(readAssignment(String.raw`target=M31\nx=5 y=6`)).toEqual(['target', 'M31\nx=5 y=6'])
  expect(readAssignment('hotpants_extra={"ko":2}')).toEqual(['hotpants_extra', { ko: 2 }])
  expect(readAssignment('subtraction_method=hotpants')).toEqual(['subtraction_method', 'al98'])
  expect(() => readAssignment('sn=-1')).toThrow('sn cannot be "-1"')
  expect(() => readAssignment('spatial_ordr=1')).toThrow('did you mean spatial_order')
  expect(() => readConfig({ sn: 'five', nothing: 1 })).toThrow('(and 1 more)')
})

it('targets are names, coordinates or pixels; "None" is no target', () => {
  expect(
    readTargets('None\n\n x=1.5 y = 20\n150.1 -2.3\n12:34:56.7 +01:02:03\nSN 2026abc').map(
      ({ kind }) => kind,
    ),
  ).toEqual(['pixel', 'sky', 'sky', 'name'])
})

it('states: nothing is changed while it runs, and every product belongs to one step', () => {
  for (const state of taskStates) {
    const busy = state === 'queued' || state === 'running'
    expect('send' in taskMoves[state]).toBe(!busy)
    expect('cancel' in taskMoves[state]).toBe(busy)
  }
  expect(() => nextState('running', 'send')).toThrow('The task is running')
  expect(() => nextState('uploaded', 'cancel')).toThrow('nothing to cancel')
  expect(nextState('running', 'photometry_failed')).toBe('photometry_failed')
  const all = Object.values(stepProducts).flat()
  expect(new Set(all).size).toBe(all.length)
  expect(stepOf('candidates/J1.fits')).toBe('subtraction')
  expect(stepOf('image.orig.fits')).toBeUndefined()
  expect(fromStep('inspect')).toEqual(['inspect', 'photometry', 'transients', 'subtraction'])
  expect(fromStep('transients')).toEqual(['transients'])
})

it('a step done before runs again where a key that it read has changed, and with it those that build on it', () => {
  const before = wholeConfig({ target: 'x=1 y=2', sn: 7 })
  const done = Object.fromEntries(
    (['inspect', 'photometry', 'transients'] as const).map((step) => [
      step,
      { given: keysRead(step, before) },
    ]),
  ) as unknown as Findings
  const run = (steps: readonly StepName[], change: Partial<TaskConfig>, findings = done) =>
    stepsToRun(steps, findings, { ...before, ...change })
  expect(changedSince('inspect', done, { ...before, filter: 'V', sn: 5 })).toEqual(['filter'])
  expect(run(['photometry'], {})).toEqual(['photometry'])
  expect(run(['photometry'], { target: 'x=3 y=2' })).toEqual(['inspect', 'photometry'])
  expect(run(['transients'], { cat_name: 'mine' })).toEqual(['inspect', 'photometry', 'transients'])
  expect(run(['subtraction'], { rel_aper: 2 })).toEqual(['photometry', 'subtraction'])
  expect(run(['subtraction'], { template: 'custom', sub_size: 500, timing: true })).toEqual(['subtraction'])
  expect(run(['inspect'], { target: 'x=3 y=2', sn: 9 })).toEqual(['inspect'])
  expect(run(['photometry'], { target: 'x=3 y=2' }, {})).toEqual(['photometry'])
})
