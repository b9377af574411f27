import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Skeleton } from '#interface/web/pieces/problem.tsx'
import type { Measured } from '#observatory/tasks/findings.ts'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'

const CutoutPlanes = lazy(() =>
  import('./cutout-planes.tsx').then((module) => ({ default: module.CutoutPlanes })),
)

/** The bytes of a cut-out, by its hash. */
export function useCutout(task: string, file: TaskProduct | undefined) {
  return useQuery({
    queryKey: ['task-cutout', file?.sha256],
    queryFn: async ({ signal }) => {
      const path = `/api/v1/tasks/${task}/products/${encodeURIComponent(file!.name)}`
      const response = await fetch(path, { signal })
      if (!response.ok) throw new Error(`The cut-out did not come (${response.status}).`)
      return new Uint8Array(await response.arrayBuffer())
    },
    enabled: file !== undefined,
    staleTime: Infinity,
    gcTime: 300_000,
  })
}

/** Planes of a cut-out side by side; `blink` shows one after the other in the same place. */
export function Cutout(props: {
  task: string
  file: TaskProduct | undefined
  name: string
  blink?: boolean
}) {
  const bytes = useCutout(props.task, props.file)
  if (!props.file) return <p className="dim">No cut-out was written for it.</p>
  if (bytes.isError) return <p className="dim">{bytes.error.message}</p>
  if (!bytes.data) return <Skeleton height={150} width={290} />
  return (
    <Suspense fallback={<Skeleton height={150} width={290} />}>
      <CutoutPlanes bytes={bytes.data} name={props.name} blink={props.blink ?? false} />
    </Suspense>
  )
}

/** Cut-outs of the targets of a frame. */
export function TargetCutouts(props: {
  task: Task
  products: readonly TaskProduct[]
  targets: readonly Measured[]
}) {
  const { task, products, targets } = props
  const files = targets.flatMap((target, i) => {
    const name = `targets/target_${String(i).padStart(4, '0')}.fits`
    const file = products.find((one) => one.name === name)
    return file ? [{ target, file }] : []
  })
  if (files.length === 0) return null
  return (
    <Section title="Cut-outs of the targets">
      <div className="row" style={{ gap: 22 }}>
        {files.slice(0, 12).map(({ target, file }) => (
          <div key={file.name} className="cutout">
            <b>{target.name}</b>
            <Cutout task={task.id} file={file} name={target.name} />
          </div>
        ))}
      </div>
      {files.length > 12 && (
        <p className="dim">The first 12 of {files.length}; all are among the products.</p>
      )}
    </Section>
  )
}
