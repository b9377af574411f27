import {
  isBusy,
  stepNames,
  wordsOf,
  type Preset,
  type Task,
  type TaskProduct,
  type TaskStep,
} from './task.ts'
import type { JobRow } from '#platform/jobs/job.ts'
import type { Actor } from '#observatory/people/actor.ts'
import type { PresetRow } from './preset-store.ts'
import { mayChange, mayDelete } from './rights.ts'
import type { FileRow, StepRow, TaskRow } from './task-store.ts'

/** A task as people get it. `job` is that of the run under way, for its progress. */
export function taskView(actor: Actor, row: TaskRow, steps: readonly StepRow[], job?: JobRow): Task {
  return {
    id: row.id,
    title: row.title,
    originalName: row.original_name,
    state: row.state,
    stateInWords: wordsOf(row.state),
    owner: { id: row.owner_id, name: row.owner_name },
    groups: row.groups,
    frame: row.frame_sha256,
    parent: row.parent,
    config: row.config,
    findings: row.findings,
    preparations: row.preparations,
    ra: row.ra,
    dec: row.dec,
    radius: row.radius_deg,
    moc: row.moc,
    job: isBusy(row.state) ? row.job_id : null,
    steps: steps
      .filter((step) => step.task_id === row.id)
      .toSorted((a, b) => stepNames.indexOf(a.step) - stepNames.indexOf(b.step))
      .map((step): TaskStep => ({
        step: step.step,
        state: step.state,
        startedAt: step.started_at?.toISOString() ?? null,
        finishedAt: step.finished_at?.toISOString() ?? null,
        problem: step.problem,
        progress: step.state === 'running' && job?.state === 'running' ? job.progress : null,
      })),
    revision: Number(row.revision),
    createdAt: row.created_at.toISOString(),
    modifiedAt: row.modified_at.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
    mayChange: mayChange(actor, row),
    mayDelete: mayDelete(actor, row),
  }
}

export function productView(row: FileRow): TaskProduct {
  return {
    name: row.name,
    step: row.step,
    sha256: row.sha256,
    bytes: Number(row.byte_length),
    madeAt: row.made_at.toISOString(),
  }
}

export function presetView(actor: Actor, row: PresetRow): Preset {
  return {
    id: row.id,
    name: row.name,
    owner: { id: row.owner_id, name: row.owner_name },
    groups: row.groups,
    config: row.config,
    files: row.files,
    createdAt: row.created_at.toISOString(),
    mayChange: mayDelete(actor, row),
  }
}
