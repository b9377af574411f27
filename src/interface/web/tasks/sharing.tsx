import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions } from '#interface/web/api/queries.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Task } from '#observatory/tasks/task.ts'

/** Who sees the task beside its owner. */
export function Sharing({ task }: { task: Task }) {
  const client = useQueryClient()
  const groups = useInfiniteQuery(groupsOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const share = useMutation({
    mutationFn: (to: string[]) => send<Task>('PATCH', `/tasks/${task.id}`, { groups: to }),
    onSuccess: (saved) => client.setQueryData(['tasks', 'one', task.id], saved),
  })
  const known = [
    { id: 'everyone', name: 'everyone' },
    ...groups,
    ...task.groups
      .filter((id) => id !== 'everyone' && !groups.some((group) => group.id === id))
      .map((id) => ({ id, name: id })),
  ]
  return (
    <Section title="Shared with">
      {task.mayDelete ? (
        <div className="checks">
          {known.map((group) => (
            <label key={group.id} className="check">
              <input
                type="checkbox"
                disabled={share.isPending}
                checked={task.groups.includes(group.id)}
                onChange={(event) =>
                  share.mutate(
                    event.target.checked
                      ? [...task.groups, group.id]
                      : task.groups.filter((id) => id !== group.id),
                  )
                }
              />
              {group.name}
            </label>
          ))}
        </div>
      ) : (
        <p className="dim">
          {task.groups.length === 0
            ? 'Nobody but its owner.'
            : known
                .filter((group) => task.groups.includes(group.id))
                .map((group) => group.name)
                .join(', ')}
        </p>
      )}
      {share.isError && <Problem error={share.error} />}
    </Section>
  )
}
