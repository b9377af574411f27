import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Task } from '#observatory/tasks/task.ts'
import { Panel } from './panel.tsx'
import { PresetChoice } from './preset-choice.tsx'
import { busy } from './words.tsx'

/** The configuration as it is kept: keys that differ from the defaults. */
export function RawConfig({ task }: { task: Task }) {
  const client = useQueryClient()
  const [text, setText] = useState(() => JSON.stringify(task.config, null, 2))
  const parsed = parse(text)
  const save = useMutation({
    mutationFn: (config: Record<string, unknown>) =>
      send<Task>('PATCH', `/tasks/${task.id}`, {
        config,
        reset: Object.keys(task.config).filter((key) => !(key in config)),
      }),
    onSuccess: (saved) => {
      client.setQueryData(['tasks', 'one', task.id], saved)
      setText(JSON.stringify(saved.config, null, 2))
    },
  })
  return (
    <Panel task={task} title="Configuration as JSON" aside="keys that are left out have their defaults">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (parsed.value) save.mutate(parsed.value)
        }}
      >
        <textarea
          className="json-edit"
          aria-label="Configuration as JSON"
          spellCheck={false}
          readOnly={!task.mayChange}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {parsed.problem && (
          <p role="alert" style={{ color: 'var(--failed)' }}>
            ✕ {parsed.problem}
          </p>
        )}
        {save.isError && <Problem error={save.error} what="not saved" />}
        <div className="row" style={{ alignItems: 'center' }}>
          <button
            type="submit"
            className="button main"
            disabled={!task.mayChange || !parsed.value || save.isPending || busy(task)}
          >
            Save
          </button>
          <CopyButton text={text} />
          <PresetChoice
            apply={(config) =>
              setText(JSON.stringify({ ...(parsed.value ?? task.config), ...config }, null, 2))
            }
          />
          {save.isSuccess && <span className="dim">Saved; run a step for it to count.</span>}
        </div>
      </form>
    </Panel>
  )
}

function parse(text: string): { value: Record<string, unknown> | null; problem: string | null } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { value: value as Record<string, unknown>, problem: null }
    return { value: null, problem: 'A configuration is an object of keys and values: { "sn": 7 }.' }
  } catch (error) {
    return { value: null, problem: error instanceof Error ? error.message : String(error) }
  }
}
