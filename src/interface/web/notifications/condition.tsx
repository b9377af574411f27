import { useRef, useState } from 'react'
import { unitText } from '#interface/web/pieces/format.ts'
import { meansKind } from '#observatory/notifications/rule.ts'
import { FieldProblem } from './chips.tsx'
import type { Source, SourceColumn } from './queries.ts'
import { toggledKinds } from './rule-words.ts'

/** Kinds of what is told, each with its sentence; a whole room's, or everything. */
export function KindChoice(props: {
  sources: readonly Source[]
  kinds: readonly string[]
  onChange: (kinds: string[]) => void
}) {
  const { sources, kinds, onChange } = props
  const known = sources.flatMap((source) => Object.keys(source.kinds))
  const box = (pattern: string, sentence: string, inner: boolean) => {
    const implied =
      !kinds.includes(pattern) && kinds.some((kind) => kind !== pattern && meansKind(kind, pattern))
    return (
      <label key={pattern} className={inner ? 'check inner' : 'check'}>
        <input
          type="checkbox"
          checked={implied || kinds.includes(pattern)}
          disabled={implied}
          onChange={() => onChange(toggledKinds(kinds, pattern, known))}
        />
        <span>
          {sentence} <code className="dim">{pattern}</code>
        </span>
      </label>
    )
  }
  return (
    <div className="kinds" role="group" aria-label="Kinds of messages">
      {box('*', 'Everything', false)}
      {sources.map((source) => {
        const room = Object.keys(source.kinds)[0]?.split('.')[0] ?? ''
        return [
          box(`${room}.*`, `All of ${room}`, false),
          ...Object.entries(source.kinds).map(([kind, sentence]) => box(kind, sentence, true)),
        ]
      })}
      {kinds.length === 0 && <span className="field-problem">Choose at least one.</span>}
    </div>
  )
}

/** A condition with the names it may use, and its mistake at the place where it is. */
export function Condition(props: {
  sources: readonly Source[]
  kinds: readonly string[]
  value: string
  onChange: (value: string) => void
  mistake: { text: string; line?: number; column?: number } | null
}) {
  const { sources, kinds, value, onChange, mistake } = props
  const [shown, setShown] = useState(false)
  const box = useRef<HTMLTextAreaElement>(null)
  const columns = columnsFor(sources, kinds)
  const insert = (name: string) => {
    const area = box.current
    const at = area?.selectionStart ?? value.length
    const before = value.slice(0, at)
    onChange(
      `${before}${before && !/\s$|\($/.test(before) ? ' ' : ''}${name}${value.slice(area?.selectionEnd ?? at)}`,
    )
    area?.focus()
  }
  const line = value.split('\n')[(mistake?.line ?? 1) - 1] ?? ''
  return (
    <div className="labelled" style={{ marginTop: 12 }}>
      <label className="labelled">
        Only where (ADQL condition; empty: always)
        <textarea
          ref={box}
          className="field"
          rows={2}
          spellCheck={false}
          placeholder="decision = 'GO' AND area_90 < 200"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </label>
      {mistake?.column !== undefined && (
        <code className="caret">
          {line}
          {'\n'}
          {' '.repeat(Math.max(0, mistake.column - 1))}^
        </code>
      )}
      <FieldProblem text={mistake?.text} />
      <span>
        <button type="button" className="link-button" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? 'Hide the columns' : `${columns.length} columns it may name`}
        </button>
      </span>
      {shown && (
        <div className="columns-of" tabIndex={0} role="region" aria-label="Columns">
          {columns.map((column) => (
            <button
              key={column.name}
              type="button"
              className="link-button"
              title={[column.description, column.type, column.unit && `in ${unitText(column.unit)}`]
                .filter(Boolean)
                .join(', ')}
              onClick={() => insert(column.name)}
            >
              <code>{column.name}</code>{' '}
              <span className="dim">{column.unit ? unitText(column.unit) : column.description}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  )
}

/** Columns that every chosen room has: a condition must hold sense for each of them. */
function columnsFor(sources: readonly Source[], kinds: readonly string[]): SourceColumn[] {
  const meant = sources.filter((source) =>
    Object.keys(source.kinds).some((kind) => kinds.some((pattern) => meansKind(pattern, kind))),
  )
  const [first, ...others] = meant
  return (first?.columns ?? []).filter((column) =>
    others.every((source) => source.columns.some((other) => other.name === column.name)),
  )
}
