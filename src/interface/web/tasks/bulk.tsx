import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions } from '#interface/web/api/queries.ts'
import type { Task } from '#observatory/tasks/task.ts'
import { nameOf } from './words.tsx'

type Act = 'archive' | 'cleanup' | 'delete' | 'share' | 'unshare'

const sure: Record<'archive' | 'cleanup' | 'delete', string> = {
  archive: 'Really delete their products',
  cleanup: 'Really delete products and configuration',
  delete: 'Really delete them',
}

/** What makes sense with several tasks at once; each is done for itself, and what failed is said by name. */
export function BulkActs(props: { tasks: readonly Task[]; all: () => void; none: () => void }) {
  const { tasks, all, none } = props
  const client = useQueryClient()
  const [asked, setAsked] = useState<Act | null>(null)
  const [group, setGroup] = useState('')
  const groups = useInfiniteQuery({ ...groupsOptions(), enabled: tasks.length > 0 }).data
  const act = useMutation({
    mutationFn: async (what: Act) => {
      const failures: string[] = []
      for (const task of tasks) {
        try {
          await one(task, what, group)
        } catch (error) {
          failures.push(`${nameOf(task)}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
      return failures
    },
    onSettled: async () => {
      setAsked(null)
      await client.invalidateQueries({ queryKey: ['tasks'] })
    },
    onSuccess: (failures, what) => {
      if (failures.length === 0 && what !== 'share' && what !== 'unshare') none()
    },
  })
  if (tasks.length === 0)
    return (
      <div className="bulk dim">
        <button type="button" className="link-button" onClick={all}>
          Choose all shown
        </button>
      </div>
    )
  const button = (what: 'archive' | 'cleanup' | 'delete', label: string) => (
    <button
      type="button"
      className={what === 'delete' ? 'button danger' : 'button'}
      disabled={act.isPending}
      onClick={() => (asked === what ? act.mutate(what) : setAsked(what))}
      onBlur={() => setAsked(null)}
    >
      {asked === what ? sure[what] : label}
    </button>
  )
  return (
    <div className="bulk" role="group" aria-label="Acts on the chosen tasks">
      <b>{tasks.length} chosen</b>
      <button type="button" className="link-button" onClick={all}>
        all shown
      </button>
      <button type="button" className="link-button" onClick={none}>
        none
      </button>
      {button('archive', 'Archive…')}
      {button('cleanup', 'Clean up…')}
      {button('delete', 'Delete…')}
      <select
        className="select"
        aria-label="Group"
        value={group}
        onChange={(event) => setGroup(event.target.value)}
      >
        <option value="">group…</option>
        <option value="everyone">everyone</option>
        {groups?.pages
          .flatMap((page) => page.items)
          .map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
      </select>
      <button
        type="button"
        className="button"
        disabled={act.isPending || group === ''}
        onClick={() => act.mutate('share')}
      >
        Share
      </button>
      <button
        type="button"
        className="button"
        disabled={act.isPending || group === ''}
        onClick={() => act.mutate('unshare')}
      >
        Stop sharing
      </button>
      {act.data && act.data.length > 0 && (
        <div className="problem" role="alert" style={{ flexBasis: '100%' }}>
          <b>Not done for {act.data.length}</b>
          {act.data.map((line) => (
            <span key={line}>{line}</span>
          ))}
        </div>
      )}
    </div>
  )
}

function one(task: Task, act: Act, group: string): Promise<unknown> {
  const path = `/tasks/${task.id}`
  if (act === 'delete') return send('DELETE', path)
  if (act === 'archive' || act === 'cleanup') return send('POST', `${path}/${act}`)
  const others = task.groups.filter((each) => each !== group)
  return send('PATCH', path, { groups: act === 'share' ? [...others, group] : others })
}
