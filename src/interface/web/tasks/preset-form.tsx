import { Modal } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Preset, Task } from '#observatory/tasks/task.ts'
import { configText } from './config-fields.ts'
import { productsOptions } from './queries.ts'
import { isBrought } from './words.tsx'

/** Keeps the configuration of a task, and the masks and templates it was brought, under a name. */
export function PresetForm({ task, close }: { task: Task; close: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [names, setNames] = useState<readonly string[]>([])
  const products = useQuery(productsOptions(task.id)).data?.items ?? []
  const brought = products.filter((one) => isBrought(one.name))
  const { target: _target, stack_filenames: _frames, ...config } = task.config
  const keep = useMutation({
    mutationFn: () =>
      send<Preset>('POST', '/presets', {
        name: name.trim(),
        config,
        ...(names.length > 0 ? { from: { task: task.id, names } } : {}),
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['tasks', 'presets'] })
      close()
    },
  })
  return (
    <Modal opened onClose={close} title="Keep as preset" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          keep.mutate()
        }}
      >
        <label className="labelled">
          Name
          <input
            className="field"
            required
            maxLength={250}
            data-autofocus
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <p className="dim">
          Targets and the frames of a stack are left out. It keeps{' '}
          <code>{configText(config) || 'the defaults'}</code>.
        </p>
        {brought.length > 0 && (
          <fieldset className="checks">
            <legend>Bring along</legend>
            {brought.map((one) => (
              <label key={one.name} className="check">
                <input
                  type="checkbox"
                  checked={names.includes(one.name)}
                  onChange={() =>
                    setNames((old) =>
                      old.includes(one.name) ? old.filter((each) => each !== one.name) : [...old, one.name],
                    )
                  }
                />
                {one.name}
              </label>
            ))}
          </fieldset>
        )}
        {keep.isError && <Problem error={keep.error} what="not kept" />}
        <div className="row">
          <button type="submit" className="button main" disabled={keep.isPending}>
            Keep it
          </button>
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Modal>
  )
}
