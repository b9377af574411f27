import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { ApiProblem, address, send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { bytes } from '#interface/web/pieces/format.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'
import { busy, isBrought, stepNames, stepTitles } from './words.tsx'

/** More than these of one kind are folded, as cut-outs of candidates are. */
const mostShown = 12

/** Files of a task by their plain names, each to be had alone or all as one ZIP; and what may be brought to it. */
export function Products({ task, products }: { task: Task; products: readonly TaskProduct[] }) {
  const [all, setAll] = useState(false)
  const sum = products.reduce((total, one) => total + one.bytes, 0)
  const groups = [null, ...stepNames].map((step) => ({
    step,
    files: products.filter((one) => one.step === step),
  }))
  return (
    <Section
      title="Products"
      aside={
        products.length > 0 && (
          <a href={address(`/tasks/${task.id}/products.zip`)} download>
            all {products.length} as ZIP, {bytes(sum)}
          </a>
        )
      }
    >
      {products.length === 0 && <p className="dim">None yet.</p>}
      <table className="products">
        {groups
          .filter(({ files }) => files.length > 0)
          .map(({ step, files }) => (
            <tbody key={step ?? 'brought'}>
              <tr>
                <td className="dim">{step === null ? 'Brought' : stepTitles[step]}</td>
                <td className="right">
                  {step !== null && files.length > 1 && (
                    <a href={address(`/tasks/${task.id}/products.zip`, { step })} download>
                      ZIP
                    </a>
                  )}
                </td>
              </tr>
              {files.slice(0, all ? undefined : mostShown).map((file) => (
                <ProductRow key={file.name} task={task} file={file} />
              ))}
              {!all && files.length > mostShown && (
                <tr>
                  <td colSpan={2}>
                    <button type="button" className="link-button" onClick={() => setAll(true)}>
                      {files.length - mostShown} more
                    </button>
                  </td>
                </tr>
              )}
            </tbody>
          ))}
      </table>
      {task.mayChange && !busy(task) && <Bring task={task} />}
    </Section>
  )
}

function ProductRow({ task, file }: { task: Task; file: TaskProduct }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/tasks/${task.id}/products/${encodeURIComponent(file.name)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  })
  const mine = task.mayChange && isBrought(file.name)
  return (
    <tr>
      <td>
        <a
          href={address(`/tasks/${task.id}/products/${encodeURIComponent(file.name)}`, { download: 'true' })}
          download
        >
          {file.name}
        </a>
        {mine && (
          <>
            {' '}
            <button
              type="button"
              className="link-button"
              disabled={remove.isPending || busy(task)}
              aria-label={`take away ${file.name}`}
              onClick={() => remove.mutate()}
            >
              take away
            </button>
          </>
        )}
        {remove.isError && <Problem error={remove.error} />}
      </td>
      <td className="right dim">{bytes(file.bytes)}</td>
    </tr>
  )
}

const bringable = [
  ['custom_template.fits', 'a template'],
  ['custom_template_mask.fits', 'a mask of the template'],
  ['custom_mask.fits', 'a mask'],
  ['image.orig.fits', 'another frame'],
] as const

function Bring({ task }: { task: Task }) {
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const [name, setName] = useState<string>(bringable[0][0])
  const bring = useMutation({
    mutationFn: async (file: File) => {
      const query = { originalName: name === 'image.orig.fits' ? file.name : undefined }
      const response = await fetch(address(`/tasks/${task.id}/products/${name}`, query), {
        method: 'PUT',
        headers: { 'Content-Type': 'application/octet-stream', Accept: 'application/json' },
        body: file,
      })
      if (response.ok) return
      const body = (await response.json().catch(() => ({}))) as Record<string, string>
      throw new ApiProblem(
        response.status,
        body['code'] ?? `http.${response.status}`,
        body['title'] ?? 'Problem',
        body['detail'] ?? `The server answered ${response.status}.`,
      )
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  })
  return (
    <div className="row" style={{ marginTop: 8, alignItems: 'center', gap: 6 }}>
      <select
        className="select"
        aria-label="What to bring"
        value={name}
        onChange={(event) => setName(event.target.value)}
      >
        {bringable.map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
      <button
        type="button"
        className="button"
        disabled={bring.isPending}
        onClick={() => input.current?.click()}
      >
        {bring.isPending ? 'Sending…' : 'Bring a file…'}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="File to bring"
        onChange={(event) => {
          const file = event.target.files?.[0]
          event.target.value = ''
          if (file) bring.mutate(file)
        }}
      />
      {bring.isError && <Problem error={bring.error} what="not brought" />}
    </div>
  )
}
