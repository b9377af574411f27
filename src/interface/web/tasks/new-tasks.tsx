import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { groupsOptions } from '#interface/web/api/queries.ts'
import { useDropped } from '#interface/web/pieces/dropped.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import { uploadFrame } from '#interface/web/pieces/uploader.ts'
import type { StepName, Task } from '#observatory/tasks/task.ts'
import { FramePicker } from './frame-picker.tsx'
import { EntryRow, entryOf, useNames, type Entry } from './new-entries.tsx'
import { presetsOptions } from './queries.ts'
import { nameOf, stepDocs, stepTitles } from './words.tsx'

const wanted: readonly StepName[] = ['inspect', 'photometry', 'transients', 'subtraction']
const stackMethods = ['sum', 'clipped_mean', 'median', 'weighted'] as const

/** Files and frames become tasks: one each, or all of them stacked to one. */
export function NewTasks({ frames, close }: { frames: string | undefined; close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const presets = useQuery(presetsOptions).data?.items ?? []
  const groups = useInfiniteQuery(groupsOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const [entries, setEntries] = useState<readonly Entry[]>(() =>
    (frames ?? '')
      .split(',')
      .filter(Boolean)
      .map((sha256) => entryOf({ sha256, name: sha256.slice(0, 12) })),
  )
  const [picking, setPicking] = useState(false)
  const [stacked, setStacked] = useState(false)
  const [method, setMethod] = useState<(typeof stackMethods)[number]>('sum')
  const [title, setTitle] = useState('')
  const [targets, setTargets] = useState('')
  const [preset, setPreset] = useState('')
  const [shared, setShared] = useState<readonly string[]>([])
  const [steps, setSteps] = useState<readonly StepName[]>(['inspect', 'photometry'])
  const [stopped, setStopped] = useState(false)
  const stop = useRef(new AbortController())
  useEffect(() => () => stop.current.abort(), [])
  useNames(frames, setEntries)

  const add = (files: Iterable<File>) =>
    setEntries((old) => [
      ...old,
      ...[...files]
        .filter((file) => !old.some((one) => one.name === file.name && one.size === file.size))
        .map((file) => entryOf({ name: file.name, size: file.size, file })),
    ])
  const over = useDropped(add)
  const asStack = stacked && entries.length > 1

  const run = useMutation({
    mutationFn: async (): Promise<Task[]> => {
      stop.current = new AbortController()
      const hashes: string[] = []
      let failed: unknown
      for (const entry of entries) {
        try {
          hashes.push(entry.sha256 ?? (await upload(entry)))
        } catch (error) {
          failed = error
          if (stop.current.signal.aborted) throw error
        }
      }
      if (failed !== undefined) throw failed instanceof Error ? failed : new Error('A file was not sent.')
      const shares = { groups: [...shared], ...(preset ? { preset } : {}) }
      const config = targets.trim() ? { target: targets.trim() } : {}
      const order = [...wanted].filter((step) => steps.includes(step))
      if (asStack)
        return [
          await send<Task>('POST', '/tasks', {
            ...shares,
            title: title.trim() || `Stack of ${hashes.length}`,
            config: { ...config, stack_filenames: hashes, stack_method: method },
            steps: ['stack', ...order],
          }),
        ]
      const made: Task[] = []
      for (const [i, frame] of hashes.entries())
        made.push(
          await send<Task>('POST', '/tasks', {
            ...shares,
            frame,
            originalName: entries[i]?.file?.name,
            title: title.trim() && hashes.length > 1 ? `${title.trim()} ${i + 1}` : title.trim(),
            config,
            ...(order.length > 0 ? { steps: order } : {}),
          }),
        )
      return made
    },
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['tasks'] })
      if (made.length === 1) void navigate({ to: '/tasks/$id', params: { id: made[0].id } })
      else close()
    },
  })

  async function upload(entry: Entry): Promise<string> {
    const patch = (part: Partial<Entry>) =>
      setEntries((old) => old.map((one) => (one.key === entry.key ? { ...one, ...part } : one)))
    patch({ error: null })
    try {
      const { sha256 } = await uploadFrame(
        entry.file!,
        shared,
        (sent) => patch({ sent }),
        stop.current.signal,
      )
      patch({ sha256 })
      return sha256
    } catch (error) {
      patch({ error: error instanceof Error ? error : new Error(String(error)), sent: null })
      throw error
    }
  }

  return (
    <form
      className="new-tasks"
      aria-label="New task"
      onSubmit={(event) => {
        event.preventDefault()
        setStopped(false)
        run.mutate()
      }}
    >
      <div className="stack">
        <label className={over ? 'drop over' : 'drop'}>
          <input
            type="file"
            className="visually-hidden"
            multiple
            accept=".fits,.fit,.fts,.fz,.gz,application/fits"
            onChange={(event) => {
              add(event.target.files ?? [])
              event.target.value = ''
            }}
          />
          Drop FITS files here, or choose them
        </label>
        {entries.length > 0 && (
          <ul className="entries" aria-label="Frames of the new task">
            {entries.map((entry) => (
              <EntryRow
                key={entry.key}
                entry={entry}
                busy={run.isPending}
                remove={() => setEntries((old) => old.filter((one) => one !== entry))}
              />
            ))}
          </ul>
        )}
        <span>
          <button
            type="button"
            className="link-button"
            aria-expanded={picking}
            onClick={() => setPicking(!picking)}
          >
            {picking ? 'Hide the frames that are here' : 'Choose among the frames that are here'}
          </button>
        </span>
        {picking && (
          <FramePicker
            chosen={entries.flatMap((entry) => entry.sha256 ?? [])}
            toggle={(frame) =>
              setEntries((old) =>
                old.some((one) => one.sha256 === frame.sha256)
                  ? old.filter((one) => one.sha256 !== frame.sha256)
                  : [...old, entryOf({ name: frame.name, size: frame.byteLength, sha256: frame.sha256 })],
              )
            }
          />
        )}
        {entries.length > 1 && (
          <div className="row" role="radiogroup" aria-label="Several frames">
            <label className="check">
              <input type="radio" name="several" checked={!stacked} onChange={() => setStacked(false)} />
              one task each
            </label>
            <label className="check">
              <input type="radio" name="several" checked={stacked} onChange={() => setStacked(true)} />
              stacked to one
            </label>
            {stacked && (
              <select
                className="select"
                aria-label="Method of the stack"
                value={method}
                onChange={(event) => setMethod(event.target.value as typeof method)}
              >
                {stackMethods.map((one) => (
                  <option key={one} value={one}>
                    {one.replace('_', ' ')}
                  </option>
                ))}
              </select>
            )}
          </div>
        )}
      </div>
      <div className="stack">
        <div className="form-two">
          <label className="labelled">
            Title
            <input
              className="field"
              maxLength={250}
              placeholder="name of the file"
              value={title}
              onChange={(event) => setTitle(event.target.value)}
            />
          </label>
          <label className="labelled">
            Preset
            <select className="select" value={preset} onChange={(event) => setPreset(event.target.value)}>
              <option value="">defaults</option>
              {presets.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label className="labelled">
          Targets, one a line: a name, coordinates, or a pixel as x=512 y=300
          <textarea
            className="field"
            rows={2}
            spellCheck={false}
            value={targets}
            onChange={(event) => setTargets(event.target.value)}
          />
        </label>
        <fieldset className="checks">
          <legend>Run at once</legend>
          {wanted.map((step) => (
            <label key={step} className="check" title={stepDocs[step]}>
              <input
                type="checkbox"
                checked={steps.includes(step)}
                onChange={() =>
                  setSteps((old) => (old.includes(step) ? old.filter((one) => one !== step) : [...old, step]))
                }
              />
              {stepTitles[step]}
            </label>
          ))}
        </fieldset>
        <fieldset className="checks">
          <legend>Share with</legend>
          {[{ id: 'everyone', name: 'everyone' }, ...groups].map((group) => (
            <label key={group.id} className="check">
              <input
                type="checkbox"
                checked={shared.includes(group.id)}
                onChange={() =>
                  setShared((old) =>
                    old.includes(group.id) ? old.filter((one) => one !== group.id) : [...old, group.id],
                  )
                }
              />
              {group.name}
            </label>
          ))}
        </fieldset>
        {run.isError && !stopped && <Problem error={run.error} what="no task was made" />}
        <div className="row" style={{ alignItems: 'center' }}>
          <button type="submit" className="button main" disabled={run.isPending || entries.length === 0}>
            {asStack || entries.length < 2 ? 'Make the task' : `Make ${entries.length} tasks`}
          </button>
          {run.isPending ? (
            <button
              type="button"
              className="button"
              onClick={() => {
                setStopped(true)
                stop.current.abort()
              }}
            >
              Stop sending
            </button>
          ) : (
            <button type="button" className="button" onClick={close}>
              Close
            </button>
          )}
          {entries.length === 0 && <span className="dim">Choose a file or a frame first.</span>}
        </div>
        {run.data && run.data.length > 1 && (
          <p>
            {run.data.map((task) => (
              <Link key={task.id} to="/tasks/$id" params={{ id: task.id }} style={{ marginRight: 12 }}>
                {nameOf(task)}
              </Link>
            ))}
          </p>
        )}
      </div>
    </form>
  )
}
