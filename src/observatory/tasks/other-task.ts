import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { maySee } from '#observatory/people/rights.ts'
import type { Columns } from '#platform/columns/columns.ts'
import type { Platform } from '#platform/platform.ts'
import type { ConfigInput } from './config.ts'
import { namedBytes } from './frame-bytes.ts'
import type { SkySources } from './sky/sources.ts'
import { readTable } from './steps/tables.ts'
import type { StepName } from './task.ts'
import { fileOf, taskById, type TaskRow } from './task-store.ts'

/** Ids of the tasks that these steps would read by this configuration. */
export function otherTasks(config: ConfigInput, steps: readonly StepName[]): string[] {
  const template = steps.includes('subtraction')
    ? /^task:\s*(\S+)$/i.exec(config.template ?? '')?.[1]
    : undefined
  const others = steps.includes('transients') ? (config.simple_others ?? '').split(/[\s,]+/) : []
  return [template ?? '', ...others].filter((id) => id !== '')
}

/**
 * What a run may take of another task: its objects and its frame. The owner of the run must own it too, or share a group
 * with it; null otherwise, as if it were not there.
 */
export async function otherTask(
  platform: Pick<Platform, 'db' | 'storage' | 'config'>,
  by: TaskRow,
  id: string,
  folder: string,
  columns: Columns,
): ReturnType<SkySources['task']> {
  const row = await taskById(platform.db, id)
  if (!row || !shared(by, row)) return null
  const bring = async (name: string): Promise<string | null> => {
    const file = await fileOf(platform.db, row.id, name)
    if (!file) return null
    const path = join(folder, `.other-${row.id}-${name}`)
    await pipeline(await namedBytes(platform, file.sha256), createWriteStream(path))
    return path
  }
  const objects = await bring('objects.parquet')
  const { inspect } = row.findings
  return {
    objects: objects === null ? null : await readTable(columns, objects),
    image: await bring('image.fits'),
    gain: inspect?.gain.value ?? null,
    saturation: inspect?.saturation.value ?? null,
    filter: inspect?.filter.value ?? null,
  }
}

function shared(by: TaskRow, other: TaskRow): boolean {
  const owner = {
    kind: 'person',
    userId: by.owner_id,
    name: by.owner_name,
    role: 'viewer',
    groups: by.groups,
    scopes: ['read'],
    from: null,
  } as const
  return by.owner_id === null || maySee(owner, { owner: other.owner_id, groups: other.groups })
}
