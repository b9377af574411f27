import type { Column } from '#interface/web/pieces/data-table.tsx'
import { useCoordinateText } from '#interface/web/pieces/sky-coord.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Findings } from '#observatory/tasks/findings.ts'
import type { Task } from '#observatory/tasks/task.ts'
import { TaskLink, TaskProgress, nameOf } from './words.tsx'

export const findingsOf = (task: Task): Findings => task.findings as Findings

/** Deepest limit that is asked for most: at S/N 5, else the first. */
export function limitOf(task: Task): { sn: number; mag: number } | null {
  const limits = findingsOf(task).photometry?.limits ?? []
  const limit = limits.find(({ sn }) => sn === 5) ?? limits[0]
  return limit && limit.mag !== null ? { sn: limit.sn, mag: limit.mag } : null
}

export function TaskPlace({ task }: { task: Task }) {
  const text = useCoordinateText()
  return task.ra === null || task.dec === null ? (
    <span className="dim">–</span>
  ) : (
    <span className="coord">{text(task.ra, task.dec, 3)}</span>
  )
}

/** Columns of the list of tasks; the first holds the box by which tasks are chosen. */
export function taskColumns(selection: {
  has: (id: string) => boolean
  toggle: (id: string) => void
}): readonly Column<Task>[] {
  return [
    {
      id: 'task',
      header: 'Task',
      cell: (task) => (
        <span className="task-cell">
          <input
            type="checkbox"
            aria-label={`Choose ${nameOf(task)}`}
            checked={selection.has(task.id)}
            onChange={() => selection.toggle(task.id)}
          />
          <TaskLink task={task} />
        </span>
      ),
      plain: (task) => nameOf(task),
    },
    {
      id: 'state',
      header: 'State',
      cell: (task) => <TaskProgress task={task} />,
      plain: (task) => task.stateInWords,
    },
    {
      id: 'file',
      header: 'File',
      hidden: true,
      cell: (task) => <span className="dim">{task.originalName || '–'}</span>,
      plain: (task) => task.originalName,
    },
    {
      id: 'field',
      header: 'Centre (ICRS)',
      cell: (task) => <TaskPlace task={task} />,
      plain: (task) => (task.ra === null || task.dec === null ? null : `${task.ra} ${task.dec}`),
    },
    {
      id: 'filter',
      header: 'Filter',
      cell: (task) => findingsOf(task).inspect?.filter.value ?? <span className="dim">–</span>,
      plain: (task) => findingsOf(task).inspect?.filter.value ?? null,
    },
    {
      id: 'time',
      header: 'Exposed (UTC)',
      cell: (task) => <Time at={findingsOf(task).inspect?.time?.value} show="utc" />,
      plain: (task) => findingsOf(task).inspect?.time?.value ?? null,
    },
    {
      id: 'zero',
      header: 'Zero point (mag)',
      right: true,
      cell: (task) => {
        const found = findingsOf(task).photometry
        return <Value value={found?.zeroPoint} error={found?.zeroPointErr} />
      },
      plain: (task) => findingsOf(task).photometry?.zeroPoint ?? null,
    },
    {
      id: 'limit',
      header: 'Limit (mag)',
      right: true,
      cell: (task) => {
        const limit = limitOf(task)
        return limit ? (
          <span title={`at S/N ${limit.sn}`}>{limit.mag.toFixed(2)}</span>
        ) : (
          <span className="dim">–</span>
        )
      },
      plain: (task) => limitOf(task)?.mag ?? null,
    },
    {
      id: 'candidates',
      header: 'Candidates',
      right: true,
      cell: (task) => candidatesOf(task) ?? <span className="dim">–</span>,
      plain: (task) => candidatesOf(task),
    },
    {
      id: 'owner',
      header: 'Owner',
      cell: (task) => task.owner.name,
      plain: (task) => task.owner.name,
    },
    {
      id: 'groups',
      header: 'Shared with',
      hidden: true,
      cell: (task) =>
        task.groups.length === 0 ? <span className="dim">nobody</span> : task.groups.join(', '),
      plain: (task) => task.groups.join(' '),
    },
    {
      id: 'made',
      header: 'Made',
      cell: (task) => <Time at={task.createdAt} show="ago" />,
      plain: (task) => task.createdAt,
    },
  ]
}

export function candidatesOf(task: Task): number | null {
  const { subtraction, transients } = findingsOf(task)
  return subtraction?.candidates ?? transients?.kept ?? null
}
