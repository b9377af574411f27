import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Preparation, Task } from '#observatory/tasks/task.ts'
import { findingsOf } from './columns.tsx'
import { Panel } from './panel.tsx'
import { busy } from './words.tsx'

type What = Preparation['what']

const titles: Record<What, string> = {
  crop: 'Crop',
  destripe: 'Take stripes away',
  fringes: 'Take fringes away',
  background: 'Take the background away',
  header: 'Solved position into the header',
}

/** What is done to the pixels before everything else, always from the bytes as they came. */
export function Prepare({ task }: { task: Task }) {
  const client = useQueryClient()
  const [what, setWhat] = useState<What>('crop')
  const [box, setBox] = useState({ x1: '1', y1: '1', x2: '-1', y2: '-1' })
  const [direction, setDirection] = useState<'horizontal' | 'vertical' | 'both'>('both')
  const [how, setHow] = useState<'subtract' | 'divide'>('subtract')
  const [size, setSize] = useState('')
  const [inspect, setInspect] = useState(true)
  const solved = findingsOf(task).photometry
  const after = (saved: Task) => {
    client.setQueryData(['tasks', 'one', task.id], saved)
    return client.invalidateQueries({ queryKey: ['tasks', 'one', task.id] })
  }
  const apply = useMutation({
    mutationFn: () => {
      const steps = inspect ? { steps: ['inspect'] } : {}
      if (what === 'header') return send<Task>('POST', `/tasks/${task.id}/fix-header`, steps)
      const numbers = Object.fromEntries(Object.entries(box).map(([key, text]) => [key, Number(text)]))
      const given = size.trim() === '' ? {} : { size: Number(size) }
      const change =
        what === 'crop'
          ? numbers
          : what === 'destripe'
            ? { direction }
            : what === 'background'
              ? { how, ...given }
              : given
      return send<Task>('POST', `/tasks/${task.id}/prepare`, { what, ...change, ...steps })
    },
    onSuccess: after,
  })
  const reset = useMutation({
    mutationFn: () => send<Task>('DELETE', `/tasks/${task.id}/prepare`),
    onSuccess: after,
  })
  const disabled = !task.mayChange || busy(task) || apply.isPending || reset.isPending
  return (
    <Panel
      task={task}
      title="Prepare the pixels"
      aside="the frame itself never changes; products are deleted"
    >
      {task.preparations.length > 0 && (
        <div className="row" style={{ marginBottom: 10 }}>
          <span>
            Done so far:{' '}
            {task.preparations.map((one, i) => (
              <span key={i} className="tag" style={{ marginRight: 6 }}>
                {inWords(one)}
              </span>
            ))}
          </span>
          <button type="button" className="button" disabled={disabled} onClick={() => reset.mutate()}>
            Back to the frame as it came
          </button>
        </div>
      )}
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          apply.mutate()
        }}
      >
        <div className="row" style={{ alignItems: 'center' }}>
          <select
            className="select"
            aria-label="What to do"
            value={what}
            onChange={(event) => setWhat(event.target.value as What)}
          >
            {(Object.keys(titles) as What[]).map((key) => (
              <option key={key} value={key} disabled={key === 'header' && !solved}>
                {titles[key]}
              </option>
            ))}
          </select>
          {what === 'crop' &&
            (['x1', 'y1', 'x2', 'y2'] as const).map((key) => (
              <label key={key} className="check">
                {key}
                <input
                  className="field"
                  style={{ width: 74 }}
                  inputMode="numeric"
                  required
                  pattern="-?[0-9]+"
                  value={box[key]}
                  onChange={(event) => setBox({ ...box, [key]: event.target.value })}
                />
              </label>
            ))}
          {what === 'destripe' && (
            <select
              className="select"
              aria-label="Direction"
              value={direction}
              onChange={(event) => setDirection(event.target.value as typeof direction)}
            >
              <option value="both">rows and columns</option>
              <option value="horizontal">rows</option>
              <option value="vertical">columns</option>
            </select>
          )}
          {what === 'background' && (
            <select
              className="select"
              aria-label="How"
              value={how}
              onChange={(event) => setHow(event.target.value as typeof how)}
            >
              <option value="subtract">subtract it</option>
              <option value="divide">divide by it</option>
            </select>
          )}
          {(what === 'background' || what === 'fringes') && (
            <label className="check">
              mesh
              <input
                className="field"
                style={{ width: 74 }}
                inputMode="numeric"
                placeholder={what === 'background' ? '256' : '32'}
                value={size}
                onChange={(event) => setSize(event.target.value)}
              />
              pix
            </label>
          )}
          <label className="check">
            <input type="checkbox" checked={inspect} onChange={() => setInspect(!inspect)} />
            inspect at once
          </label>
          <button type="submit" className="button main" disabled={disabled}>
            {titles[what]}
          </button>
        </div>
        <p className="dim">
          {what === 'crop' &&
            'Columns x1 to x2 and rows y1 to y2, both included, from 1; −1 is the last one.'}
          {what === 'destripe' && 'Shifts every row or column so that its median is that of the frame.'}
          {what === 'fringes' && 'Finds the pattern on the scale of the mesh, keeps it as fringe_model.fits.'}
          {what === 'background' && 'Dividing keeps the scale by the median of the background.'}
          {what === 'header' && 'What photometry solved replaces the WCS that the steps work with.'}
        </p>
        {apply.isError && <Problem error={apply.error} what={titles[what].toLowerCase()} />}
        {reset.isError && <Problem error={reset.error} />}
      </form>
    </Panel>
  )
}

function inWords(one: Preparation): string {
  if (one.what === 'crop') return `cropped to ${one.x1}…${one.x2}, ${one.y1}…${one.y2}`
  if (one.what === 'destripe') return `stripes away, ${one.direction}`
  if (one.what === 'fringes') return `fringes away, mesh ${one.size} pix`
  if (one.what === 'background')
    return `background ${one.how === 'divide' ? 'divided' : 'subtracted'}, mesh ${one.size} pix`
  return 'solved position in the header'
}
