import { useNavigate } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import type { Task } from '#observatory/tasks/task.ts'

/** What is opened above the steps of a task, and closed again. */
export function Panel(props: { task: Pick<Task, 'id'>; title: string; aside?: string; children: ReactNode }) {
  const navigate = useNavigate()
  return (
    <div className="panel">
      <Section
        title={props.title}
        aside={
          <span className="row">
            {props.aside}
            <button
              type="button"
              className="link-button"
              aria-label={`Close ${props.title}`}
              onClick={() =>
                void navigate({
                  to: '/tasks/$id',
                  params: { id: props.task.id },
                  search: (old) => ({ ...old, open: undefined }),
                })
              }
            >
              Close
            </button>
          </span>
        }
      >
        {props.children}
      </Section>
    </div>
  )
}
