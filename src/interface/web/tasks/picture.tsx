import { useState } from 'react'
import { address } from '#interface/web/api/client.ts'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'
import { findingsOf } from './columns.tsx'

/** Pictures that a task may have, in the order in which they are offered. */
const kinds = [
  ['image.fits', 'frame'],
  ['stack.fits', 'stack'],
  ['image.orig.fits', 'frame as it came'],
  ['mask.fits', 'mask'],
  ['sub_template.fits', 'template'],
  ['sub_diff.fits', 'difference'],
  ['sub_conv.fits', 'convolved template'],
  ['sub_image.fits', 'part that was subtracted'],
  ['image_bg.fits', 'background'],
  ['image_rms.fits', 'noise'],
  ['filtered.fits', 'filtered'],
  ['segmentation.fits', 'objects'],
  ['custom_template.fits', 'brought template'],
] as const

/** Address of a picture of a product; its hash is part of it, so that a new one is shown at once. */
export function previewAddress(
  task: string,
  product: Pick<TaskProduct, 'name' | 'sha256'>,
  look: Record<string, string | number | undefined>,
): string {
  return address(`/tasks/${task}/preview/${encodeURIComponent(product.name)}`, {
    ...look,
    v: product.sha256.slice(0, 12),
  })
}

/** The frame at once, with its targets; other planes and stretches by choice. */
export function TaskPicture({ task, products }: { task: Task; products: readonly TaskProduct[] }) {
  const there = kinds.flatMap(([name, words]) => {
    const product = products.find((one) => one.name === name)
    return product ? [{ product, words }] : []
  })
  const [name, setName] = useState<string | null>(null)
  const [stretch, setStretch] = useState('asinh')
  const shown = there.find(({ product }) => product.name === name) ?? there[0]
  const { inspect, photometry } = findingsOf(task)
  if (!shown)
    return (
      <p className="dim">
        {task.frame
          ? 'Its picture is deleted; run inspect to have it again.'
          : task.config['stack_filenames']
            ? 'Its frame is the stack, once that is made.'
            : 'No frame yet: bring one below.'}
      </p>
    )
  const { product } = shown
  const whole = /^(image|mask|segmentation|filtered|image_bg|image_rms)\.fits$/.test(product.name)
  const targets = photometry?.targets ?? []
  const categories = product.name === 'mask.fits' || product.name === 'segmentation.fits'
  return (
    <figure style={{ margin: 0 }} aria-label="Picture of the task">
      <div className="task-picture">
        <img
          key={product.sha256}
          src={previewAddress(task.id, product, {
            width: 720,
            stretch: categories ? 'linear' : stretch,
            ...(categories ? { qmin: 0, qmax: 100 } : {}),
          })}
          alt={`${shown.words} of ${task.originalName}`}
          width={inspect?.width}
          height={inspect?.height}
        />
        {whole && inspect && targets.length > 0 && (
          <svg
            viewBox={`0 0 ${inspect.width} ${inspect.height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${targets.length} targets`}
          >
            {targets.map((target) => (
              <circle
                key={target.name}
                cx={target.x + 0.5}
                cy={inspect.height - 0.5 - target.y}
                r={Math.max(inspect.width / 45, 6)}
                fill="none"
                stroke="var(--cat1)"
                strokeWidth={Math.max(1, inspect.width / 220)}
              >
                <title>{target.name}</title>
              </circle>
            ))}
          </svg>
        )}
      </div>
      <div className="row" style={{ marginTop: 6, gap: 6 }}>
        <select
          className="select"
          aria-label="Picture"
          value={product.name}
          onChange={(event) => setName(event.target.value)}
        >
          {there.map((one) => (
            <option key={one.product.name} value={one.product.name}>
              {one.words}
            </option>
          ))}
        </select>
        <select
          className="select"
          aria-label="Stretch"
          value={stretch}
          onChange={(event) => setStretch(event.target.value)}
        >
          {['asinh', 'linear', 'log', 'sqrt', 'histogram'].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <a
          href={previewAddress(task.id, product, { width: 2_048, stretch })}
          target="_blank"
          rel="noreferrer"
        >
          large
        </a>
      </div>
    </figure>
  )
}
