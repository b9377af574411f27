import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Preset } from '#observatory/tasks/task.ts'
import { configText } from './config-fields.ts'
import { presetsOptions } from './queries.ts'

/** Configurations that are kept under a name. */
export function Presets() {
  const list = useQuery(presetsOptions)
  const items = list.data?.items ?? []
  return (
    <div className="presets">
      <Section title="Presets" aside="configurations under a name">
        {list.isError && <Problem error={list.error} what="the presets" />}
        {list.isPending && <Loading lines={2} />}
        {list.isSuccess && items.length === 0 && (
          <p className="dim">
            None yet. Open a task whose configuration has proved itself and press “Keep as preset”.
          </p>
        )}
        {items.length > 0 && (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Differs from the defaults in</th>
                <th scope="col">Brings</th>
                <th scope="col">By</th>
                <th scope="col" className="right">
                  Made
                </th>
                <th scope="col">
                  <span className="visually-hidden">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((preset) => (
                <PresetRow key={preset.id} preset={preset} />
              ))}
            </tbody>
          </table>
        )}
      </Section>
    </div>
  )
}

function PresetRow({ preset }: { preset: Preset }) {
  const client = useQueryClient()
  const [sure, setSure] = useState(false)
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/presets/${preset.id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tasks', 'presets'] }),
  })
  return (
    <tr>
      <td>
        <b>{preset.name}</b>
      </td>
      <td>
        <code>{configText(preset.config) || 'nothing'}</code>
      </td>
      <td className="dim">{preset.files.map((file) => file.name).join(', ') || 'no files'}</td>
      <td>{preset.owner.name}</td>
      <td className="right dim">
        <Time at={preset.createdAt} show="ago" />
      </td>
      <td className="right">
        {preset.mayChange && (
          <button
            type="button"
            className="link-button"
            disabled={remove.isPending}
            onClick={() => (sure ? remove.mutate() : setSure(true))}
            onBlur={() => setSure(false)}
          >
            {sure ? `Really delete ${preset.name}` : 'Delete…'}
          </button>
        )}
        {remove.isError && <Problem error={remove.error} />}
      </td>
    </tr>
  )
}
