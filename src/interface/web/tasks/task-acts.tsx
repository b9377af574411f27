import { Menu } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import { PresetForm } from './preset-form.tsx'
import { busy } from './words.tsx'

type Act = 'cancel' | 'duplicate' | 'archive' | 'cleanup' | 'delete'

const questions: Record<'archive' | 'cleanup' | 'delete', string> = {
  archive: 'Really delete all products, keep the configuration',
  cleanup: 'Really delete all products and the configuration',
  delete: 'Really delete the task; its frame stays',
}

/** What may be done with a task as a whole. */
export function TaskActs({ task }: { task: Task }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'archive' | 'cleanup' | 'delete' | null>(null)
  const [keeping, setKeeping] = useState(false)
  const act = useMutation({
    mutationFn: (what: Act) =>
      what === 'delete'
        ? send<undefined>('DELETE', `/tasks/${task.id}`)
        : send<Task>('POST', `/tasks/${task.id}/${what}`),
    onSuccess: async (answer, what) => {
      setAsked(null)
      if (what === 'delete') await navigate({ to: '/tasks' })
      if (what === 'duplicate' && answer) await navigate({ to: '/tasks/$id', params: { id: answer.id } })
      await client.invalidateQueries({ queryKey: ['tasks'] })
    },
  })
  const inside = (open: 'mask' | 'template-mask' | 'prepare' | 'config') => () =>
    void navigate({ to: '/tasks/$id', params: { id: task.id }, search: (old) => ({ ...old, open }) })
  return (
    <div className="event-acts">
      {task.mayChange && busy(task) && (
        <button
          type="button"
          className="button danger"
          disabled={act.isPending}
          onClick={() => act.mutate('cancel')}
        >
          Cancel the run
        </button>
      )}
      <Link to="/tasks/$id/candidates" params={{ id: task.id }} className="button">
        Candidates
      </Link>
      {task.mayChange && (
        <Menu shadow="md" position="bottom-end" width={250}>
          <Menu.Target>
            <button type="button" className="button">
              Edit
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={inside('mask')}>Mask of the frame</Menu.Item>
            <Menu.Item onClick={inside('template-mask')}>Mask of the template</Menu.Item>
            <Menu.Item onClick={inside('prepare')}>Prepare the pixels</Menu.Item>
            <Menu.Item onClick={inside('config')}>Configuration as JSON</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Menu shadow="md" position="bottom-end" width={250}>
        <Menu.Target>
          <button type="button" className="button">
            More
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => act.mutate('duplicate')}>Duplicate</Menu.Item>
          <Menu.Item onClick={() => setKeeping(true)}>Keep as preset…</Menu.Item>
          {task.mayChange && !busy(task) && (
            <>
              <Menu.Item onClick={() => setAsked('archive')}>Archive…</Menu.Item>
              <Menu.Item onClick={() => setAsked('cleanup')}>Clean up…</Menu.Item>
            </>
          )}
          {task.mayDelete && !busy(task) && (
            <Menu.Item color="var(--failed)" onClick={() => setAsked('delete')}>
              Delete…
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {asked && (
        <span className="row" style={{ flexBasis: '100%', justifyContent: 'flex-end', gap: 6 }}>
          <button
            type="button"
            className="button danger"
            disabled={act.isPending}
            ref={(button) => button?.focus()}
            onClick={() => act.mutate(asked)}
          >
            {questions[asked]}
          </button>
          <button type="button" className="button" onClick={() => setAsked(null)}>
            No
          </button>
        </span>
      )}
      {act.isError && <Problem error={act.error} />}
      {keeping && <PresetForm task={task} close={() => setKeeping(false)} />}
    </div>
  )
}
