import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { address, get, send } from '#interface/web/api/client.ts'
import { FrameViewer } from '#interface/web/frames/viewer/viewer.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import type { DrawnMask } from '#science/image/preparation/mask-shapes.ts'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'
import { Panel } from './panel.tsx'
import { busy } from './words.tsx'

type Shape = DrawnMask['shapes'][number]

/** The mask as it is drawn, of the frame or of a template that was brought. */
export function MaskEditor(props: {
  task: Task
  products: readonly TaskProduct[]
  of: 'frame' | 'template'
}) {
  const { task, products, of } = props
  const kept = products.find(
    (one) => one.name === (of === 'frame' ? 'custom_mask.json' : 'custom_template_mask.json'),
  )
  const mask = useQuery({
    queryKey: ['task-mask', kept?.sha256],
    queryFn: ({ signal }) => get<DrawnMask>(`/tasks/${task.id}/products/${kept?.name ?? ''}`, {}, signal),
    enabled: kept !== undefined,
    staleTime: Infinity,
  })
  // Inspecting takes away the image that is drawn upon, and makes it anew.
  const inspecting =
    of === 'frame' &&
    task.steps.some(({ step, state }) => step === 'inspect' && (state === 'waiting' || state === 'running'))
  const title = of === 'frame' ? 'Mask of the frame' : 'Mask of the template'
  const under = products.find((one) =>
    of === 'template' ? one.name === 'custom_template.fits' : one.name === 'image.fits',
  )
  const image =
    under ??
    (of === 'frame'
      ? products.find((one) => one.name === 'stack.fits' || one.name === 'image.orig.fits')
      : undefined)
  return (
    <Panel task={task} title={title} aside="saving it inspects the frame anew">
      {inspecting ? (
        <p role="status">
          The frame is being inspected{kept ? ' with this mask' : ''}; it is here again when that is done.
        </p>
      ) : !image ? (
        <p className="dim">
          {of === 'template'
            ? 'Only a template that was brought has a mask of its own: bring custom_template.fits below the products.'
            : 'The task has no frame to draw on yet.'}
        </p>
      ) : mask.isError ? (
        <Problem error={mask.error} what="the mask that is kept" />
      ) : kept && !mask.data ? (
        <Loading lines={6} />
      ) : (
        <Editor
          key={`${kept?.sha256} ${image.sha256}`}
          task={task}
          of={of}
          image={image}
          kept={mask.data ?? { mode: 'masked', shapes: [] }}
        />
      )}
    </Panel>
  )
}

function Editor(props: { task: Task; of: 'frame' | 'template'; image: TaskProduct; kept: DrawnMask }) {
  const { task, of, image, kept } = props
  const client = useQueryClient()
  const [mask, setMask] = useState(kept)
  const save = useMutation({
    mutationFn: () => send<Task>('PUT', `/tasks/${task.id}/mask?of=${of}`, mask),
    onSuccess: async (saved) => {
      client.setQueryData(['tasks', 'one', task.id], saved)
      await client.invalidateQueries({ queryKey: ['tasks', 'one', task.id] })
    },
  })
  const planes = useMemo(
    () => [
      {
        name: of === 'frame' ? 'frame' : 'template',
        source: { url: address(`/tasks/${task.id}/products/${encodeURIComponent(image.name)}`) },
      },
    ],
    [task.id, image.name, of],
  )
  const change = (shapes: Shape[]) => setMask({ ...mask, shapes })
  const changed = JSON.stringify(mask) !== JSON.stringify(kept)
  return (
    <div className="stack">
      <FrameViewer planes={planes} drawing={{ mask, onChange: setMask }} height="min(62dvh, 640px)" />
      <div className="mask-tools">
        <button
          type="button"
          className="button main"
          disabled={!task.mayChange || busy(task) || save.isPending || !changed}
          onClick={() => save.mutate()}
        >
          Save the mask
        </button>
        {changed && (
          <button type="button" className="button" onClick={() => setMask(kept)}>
            Back to what is kept
          </button>
        )}
      </div>
      {save.isError && <Problem error={save.error} what="the mask was not saved" />}
      <TypedShape add={(shape) => change([...mask.shapes, shape])} />
      {mask.shapes.length > 0 && (
        <ul className="shape-list" aria-label="Shapes of the mask">
          {mask.shapes.map((shape, i) => (
            <li key={i}>
              <span>{inWords(shape)}</span>
              <button
                type="button"
                className="link-button"
                aria-label={`Remove ${inWords(shape)}`}
                onClick={() => change(mask.shapes.filter((_, k) => k !== i))}
              >
                remove
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

/** Shapes by numbers, for who has them or does not draw by hand. */
function TypedShape({ add }: { add: (shape: Shape) => void }) {
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState(false)
  return (
    <form
      className="row"
      style={{ alignItems: 'center' }}
      onSubmit={(event) => {
        event.preventDefault()
        const shape = shapeFrom(text)
        setWrong(shape === null)
        if (!shape) return
        add(shape)
        setText('')
      }}
    >
      <label className="check" style={{ flex: '1 1 320px' }}>
        or by numbers
        <input
          className="field"
          style={{ flex: 1 }}
          placeholder="rectangle 10 20 120 80 · circle 300 310 25 · polygon 1 1 9 1 5 8"
          aria-invalid={wrong || undefined}
          aria-describedby={wrong ? 'shape-wrong' : undefined}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button type="submit" className="button">
        Add
      </button>
      {wrong && (
        <span id="shape-wrong" role="alert" style={{ color: 'var(--failed)' }}>
          ✕ Write rectangle x0 y0 x1 y1, circle x y radius, or polygon with at least three points; pixels from
          0.
        </span>
      )}
    </form>
  )
}

/** `circle 300 310 25` as a shape; null where it is none. */
function shapeFrom(text: string): Shape | null {
  const [kind = '', ...rest] = text
    .trim()
    .toLowerCase()
    .split(/[\s,;()]+/)
    .filter(Boolean)
  const n = rest.map(Number)
  if (n.some((value) => !Number.isFinite(value))) return null
  if (kind.startsWith('r') && n.length === 4)
    return { kind: 'rectangle', x0: n[0]!, y0: n[1]!, x1: n[2]!, y1: n[3]! }
  if (kind.startsWith('c') && n.length === 3 && n[2]! > 0)
    return { kind: 'circle', x: n[0]!, y: n[1]!, radius: n[2]! }
  if (kind.startsWith('p') && n.length >= 6 && n.length % 2 === 0)
    return {
      kind: 'polygon',
      points: Array.from({ length: n.length / 2 }, (_, i): [number, number] => [n[2 * i]!, n[2 * i + 1]!]),
    }
  return null
}

function inWords(shape: Shape): string {
  const f = (value: number) => String(Number(value.toFixed(1)))
  if (shape.kind === 'rectangle')
    return `rectangle ${f(shape.x0)}, ${f(shape.y0)} to ${f(shape.x1)}, ${f(shape.y1)} pix`
  if (shape.kind === 'circle') return `circle at ${f(shape.x)}, ${f(shape.y)}, radius ${f(shape.radius)} pix`
  if (shape.kind === 'polygon') return `polygon of ${shape.points.length} points`
  if (shape.kind === 'sky-circle')
    return `circle at ${shape.ra.toFixed(5)}, ${shape.dec.toFixed(5)}, radius ${f(shape.radius)}″`
  if (shape.kind === 'sky-rectangle')
    return `rectangle at ${shape.ra.toFixed(5)}, ${shape.dec.toFixed(5)}, ${f(shape.width)} × ${f(shape.height)}″`
  return `polygon of ${shape.points.length} points on the sky`
}
