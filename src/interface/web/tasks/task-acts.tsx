import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Menu } from '#interface/web/pieces/menu.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import { busy } from './words.tsx'

const PresetForm = lazy(() => import('./preset-form.tsx').then((module) => ({ default: module.PresetForm })))

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
        <Menu
          width={250}
          items={[
            { text: 'Mask of the frame', act: inside('mask') },
            { text: 'Mask of the template', act: inside('template-mask') },
            { text: 'Prepare the pixels', act: inside('prepare') },
            { text: 'Configuration as JSON', act: inside('config') },
          ]}
        >
          <button type="button" className="button">
            Edit
          </button>
        </Menu>
      )}
      <Menu
        width={250}
        items={[
          { text: 'Duplicate', act: () => act.mutate('duplicate') },
          { text: 'Keep as preset…', act: () => setKeeping(true) },
          ...(task.mayChange && !busy(task)
            ? [
                { text: 'Archive…', act: () => setAsked('archive') },
                { text: 'Clean up…', act: () => setAsked('cleanup') },
              ]
            : []),
          ...(task.mayDelete && !busy(task)
            ? [{ text: 'Delete…', danger: true, act: () => setAsked('delete') }]
            : []),
        ]}
      >
        <button type="button" className="button">
          More
        </button>
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
      <Suspense fallback={null}>
        {keeping && <PresetForm task={task} close={() => setKeeping(false)} />}
      </Suspense>
    </div>
  )
}
