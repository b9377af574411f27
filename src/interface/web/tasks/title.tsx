import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import { nameOf } from './words.tsx'

/** The title, changed where it stands. */
export function Title({ task }: { task: Task }) {
  const client = useQueryClient()
  const [text, setText] = useState<string | null>(null)
  const save = useMutation({
    mutationFn: (title: string) => send<Task>('PATCH', `/tasks/${task.id}`, { title }),
    onSuccess: (saved) => {
      client.setQueryData(['tasks', 'one', task.id], saved)
      setText(null)
    },
  })
  if (text === null)
    return (
      <h1>
        {task.mayChange ? (
          <button
            type="button"
            className="title-button"
            title="Change the title"
            onClick={() => setText(task.title)}
          >
            {nameOf(task)}
          </button>
        ) : (
          nameOf(task)
        )}
      </h1>
    )
  return (
    <form
      className="title-edit"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(text.trim())
      }}
    >
      <input
        className="field"
        aria-label="Title"
        maxLength={250}
        placeholder={task.originalName}
        value={text}
        ref={(input) => input?.focus()}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText(null)
        }}
      />
      <button type="submit" className="button main" disabled={save.isPending}>
        Save
      </button>
      <button type="button" className="button" onClick={() => setText(null)}>
        Cancel
      </button>
      {save.isError && <Problem error={save.error} />}
    </form>
  )
}
