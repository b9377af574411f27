import { useRef } from 'react'
import { alertSchema } from '#observatory/alerts/values.ts'
import { readCondition } from '#science/adql/condition.ts'

/** What is wrong with a condition, in the words that the server would use; null for one that can be asked. */
export function mistakeIn(condition: string): string | null {
  try {
    readCondition(condition, alertSchema)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A condition with what is wrong with it, and the columns that it may name. */
export function ConditionField(props: {
  condition: string
  wrong: string | null
  set: (text: string) => void
}) {
  const { condition, wrong, set } = props
  const area = useRef<HTMLTextAreaElement>(null)
  const insert = (name: string) => {
    const at = area.current?.selectionStart ?? condition.length
    set(`${condition.slice(0, at)}${name}${condition.slice(at)}`)
    area.current?.focus()
  }
  return (
    <div className="stack tight">
      <label htmlFor="rule-condition">Condition, ADQL over the columns of an event</label>
      <textarea
        id="rule-condition"
        ref={area}
        className="field"
        rows={3}
        required
        spellCheck={false}
        aria-invalid={wrong !== null}
        aria-describedby="rule-condition-says"
        value={condition}
        onChange={(event) => set(event.target.value)}
      />
      <span id="rule-condition-says" className={wrong ? 'wrong' : 'hint'}>
        {wrong ?? 'It can be asked.'}
      </span>
      <details>
        <summary>Columns</summary>
        <div className="choose" style={{ maxHeight: 260 }} tabIndex={0} role="region" aria-label="Columns">
          <table className="inputs" style={{ margin: 0 }}>
            <thead>
              <tr>
                <th scope="col" style={{ paddingLeft: 10 }}>
                  Column
                </th>
                <th scope="col">Type</th>
                <th scope="col">Unit</th>
                <th scope="col">What it is</th>
              </tr>
            </thead>
            <tbody>
              {alertSchema.columns.map((column) => (
                <tr key={column.name}>
                  <td style={{ paddingLeft: 10 }}>
                    <button type="button" className="link-button" onClick={() => insert(column.name)}>
                      <code>{column.name}</code>
                    </button>
                  </td>
                  <td className="dim">{column.type}</td>
                  <td className="dim">{column.unit}</td>
                  <td>{column.description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  )
}
