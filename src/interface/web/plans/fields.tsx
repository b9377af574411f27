import { useId, useState } from 'react'

/** A number in a form; empty is undefined. What the server has against it stands below. */
export function NumberField(props: {
  label: string
  value: number | undefined
  set: (value: number | undefined) => void
  min?: number
  max?: number
  whole?: boolean
  required?: boolean
  hint?: string
  wrong?: string | undefined
}) {
  const { label, value, set, min, max, whole, required, hint, wrong } = props
  const id = useId()
  // What is being typed need not be a number yet.
  const [typed, setTyped] = useState<string | null>(null)
  return (
    <div className="stack tight">
      <label className="stack" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="field"
        type="number"
        min={min}
        max={max}
        step={whole ? 1 : 'any'}
        required={required}
        aria-invalid={wrong !== undefined}
        aria-describedby={hint || wrong ? `${id}-more` : undefined}
        value={typed ?? value ?? ''}
        onChange={(event) => {
          setTyped(event.target.value)
          const read = event.target.valueAsNumber
          set(Number.isFinite(read) ? read : undefined)
        }}
        onBlur={() => setTyped(null)}
      />
      {(wrong ?? hint) && (
        <span id={`${id}-more`} className={wrong ? 'wrong' : 'hint'}>
          {wrong ?? hint}
        </span>
      )}
    </div>
  )
}
