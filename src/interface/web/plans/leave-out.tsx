import { useMutation } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { PlanRequest } from '#observatory/plans/plan.ts'
import { NumberField } from './fields.tsx'

type Observed = PlanRequest['observed']

/** Sky that need not be taken: of other plans, and what others report to have seen. */
export function LeaveOut(props: {
  without: readonly string[]
  setWithout: (without: string[]) => void
  observed: Observed
  setObserved: (observed: Observed) => void
}) {
  const { without, setWithout, observed, setObserved } = props
  const [text, setText] = useState('')
  const [radiusDeg, setRadius] = useState<number | undefined>(undefined)
  const id = useId()
  const read = useMutation({
    mutationFn: () => {
      const said = text.trim()
      const asked = /^https?:\/\//.test(said) ? { url: said } : { pointings: parsed(said) }
      return send<{ observed: Observed; left: number }>('POST', '/plans/observed', {
        ...asked,
        ...(radiusDeg === undefined ? {} : { radiusDeg }),
      })
    },
    onSuccess: (answer) => setObserved(answer.observed),
  })
  return (
    <div className="stack">
      <label className="check">
        <input
          type="checkbox"
          checked={without.includes('event')}
          onChange={(event) =>
            setWithout(
              event.target.checked ? [...without, 'event'] : without.filter((one) => one !== 'event'),
            )
          }
        />
        fields of other open plans of the event
      </label>
      <details open={observed.length > 0 || undefined}>
        <summary>Pointings from elsewhere (Treasure Map)</summary>
        <div className="stack">
          <label className="stack" htmlFor={id}>
            What the Treasure Map answers, pasted as JSON, or its address
          </label>
          <textarea
            id={id}
            className="field"
            rows={4}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <div className="row" style={{ alignItems: 'end' }}>
            <label className="stack">
              Or a file
              <input
                type="file"
                accept=".json,application/json"
                style={{ maxWidth: '100%' }}
                onChange={(event) => void event.target.files?.[0]?.text().then(setText)}
              />
            </label>
            <NumberField
              label="Radius of unknown instruments (°)"
              value={radiusDeg}
              min={0.001}
              max={90}
              set={setRadius}
            />
            <button
              type="button"
              className="button"
              disabled={text.trim() === '' || read.isPending}
              onClick={() => read.mutate()}
            >
              Read them
            </button>
          </div>
          {read.isError && <Problem error={read.error} what="the pointings" />}
          {observed.length > 0 && (
            <p role="status">
              {observed.length} pointings are left out of the sky
              {read.data && read.data.left > 0 && `; ${read.data.left} were not made and do not count`}.{' '}
              <button type="button" className="link-button" onClick={() => setObserved([])}>
                Forget them
              </button>
            </p>
          )}
        </div>
      </details>
    </div>
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Error(`This is no JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
