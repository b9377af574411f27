import { useId, useState } from 'react'

/** Several texts, each removable, chosen among what is known or typed; Enter, comma or a choice adds one. */
export function Chips(props: {
  label: string
  values: readonly string[]
  onChange: (values: string[]) => void
  options?: readonly { value: string; label: string }[]
  placeholder?: string
  /** How a value is shown. */
  words?: (value: string) => string
}) {
  const { label, values, onChange, options = [], placeholder, words = (value) => value } = props
  const [text, setText] = useState('')
  const listId = useId()
  const add = (typed: string) => {
    const value = options.find((one) => one.label === typed || one.value === typed)?.value ?? typed.trim()
    if (value !== '' && !values.includes(value)) onChange([...values, value])
    setText('')
  }
  return (
    <div className="chips" role="group" aria-label={label}>
      {values.map((value) => (
        <span key={value} className="chip">
          {words(value)}
          <button
            type="button"
            aria-label={`Remove ${words(value)}`}
            onClick={() => onChange(values.filter((one) => one !== value))}
          >
            ×
          </button>
        </span>
      ))}
      <input
        className="field"
        list={listId}
        aria-label={`Add to ${label}`}
        placeholder={placeholder ?? 'add…'}
        value={text}
        onChange={(event) => {
          const typed = event.target.value
          // A browser tells a choice of the list from typing only by what is there at once.
          if (options.some((one) => one.label === typed || one.value === typed)) add(typed)
          else setText(typed)
        }}
        onBlur={() => add(text)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === ',') {
            event.preventDefault()
            add(text)
          } else if (event.key === 'Backspace' && text === '') onChange(values.slice(0, -1))
        }}
      />
      <datalist id={listId}>
        {options
          .filter((one) => !values.includes(one.value))
          .map((one) => (
            <option key={one.value} value={one.label} />
          ))}
      </datalist>
    </div>
  )
}

/** A problem of one setting, at that setting. */
export function FieldProblem({ text }: { text: string | undefined }) {
  return text === undefined ? null : (
    <span className="field-problem" role="alert">
      {text}
    </span>
  )
}
