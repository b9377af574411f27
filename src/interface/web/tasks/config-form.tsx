import { useQuery } from '@tanstack/react-query'
import { ApiProblem } from '#interface/web/api/client.ts'
import { unitText } from '#interface/web/pieces/format.ts'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import type { StepName, Task } from '#observatory/tasks/task.ts'
import { fieldsOf, placeholderOf, written, type ConfigField } from './config-fields.ts'
import { configOptions } from './queries.ts'

/** Keys beside those of the step's own group. */
const also: Readonly<Record<string, StepName>> = {
  engine_detection: 'photometry',
  engine_solve: 'photometry',
  engine_refine: 'photometry',
  engine_psf: 'photometry',
  skyportal_instrument_name: 'photometry',
  engine_warp: 'subtraction',
  engine_subtraction: 'subtraction',
}

function stepOf(field: Pick<ConfigField, 'group' | 'key'>): StepName {
  if (field.group === 'frame') return 'inspect'
  if (field.group === 'engines' || field.group === 'report') return also[field.key] ?? 'photometry'
  return field.group
}

/** The fields of a step, once the schema is here. */
export function useStepFields(step: StepName): ConfigField[] | undefined {
  const config = useQuery(configOptions).data
  return config && fieldsOf(config.keys, config.schema).filter((field) => stepOf(field) === step)
}

/** The form of a step's configuration, drawn from its JSON Schema. What is empty the program finds. */
export function ConfigForm(props: {
  task: Task
  step: StepName
  texts: Readonly<Record<string, string>>
  change: (key: string, text: string) => void
  error: unknown
}) {
  const { task, step, texts, change, error } = props
  const query = useQuery(configOptions)
  const fields = useStepFields(step)
  if (query.isError) return <Problem error={query.error} what="the form" />
  if (!fields) return <Loading lines={5} />
  const wrong = wrongKeys(error)
  return (
    <div className="config-grid">
      {fields.map((field) => (
        <Field
          key={field.key}
          field={field}
          text={texts[field.key] ?? written(field, task.config[field.key])}
          set={field.key in task.config || texts[field.key] !== undefined}
          change={(text) => change(field.key, text)}
          problem={wrong[field.key]}
          disabled={!task.mayChange}
        />
      ))}
    </div>
  )
}

/** What the server says of keys it did not accept. */
function wrongKeys(error: unknown): Record<string, string> {
  if (!(error instanceof ApiProblem)) return {}
  const errors = error.details['errors']
  if (!Array.isArray(errors)) return {}
  return Object.fromEntries(
    (errors as { path?: string; message?: string }[]).map(({ path = '', message = '' }) => [
      path.split('.').at(-1) ?? '',
      message,
    ]),
  )
}

function Field(props: {
  field: ConfigField
  text: string
  set: boolean
  change: (text: string) => void
  problem: string | undefined
  disabled: boolean
}) {
  const { field, text, set, change, problem, disabled } = props
  const id = `config-${field.key}`
  const described = {
    id,
    disabled,
    'aria-describedby': `${id}-doc`,
    'aria-invalid': problem !== undefined || undefined,
  }
  const unit = field.unit ? unitText(field.unit) : ''
  const wide = field.kind === 'lines' || field.kind === 'list'
  return (
    <div className={wide ? 'config-field wide' : 'config-field'} data-changed={set || undefined}>
      {field.kind === 'flag' ? (
        <label className="check">
          <input
            type="checkbox"
            {...described}
            checked={(text === '' ? String(field.default) : text) === 'true'}
            onChange={(event) => change(String(event.target.checked))}
          />
          {field.title}
        </label>
      ) : (
        <label htmlFor={id}>
          {field.title}
          {unit && <span className="unit">{unit}</span>}
        </label>
      )}
      {field.kind === 'choice' ? (
        <select
          className="select"
          {...described}
          value={text === '' ? String(field.default) : text}
          onChange={(event) => change(event.target.value)}
        >
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : field.kind === 'lines' || field.kind === 'list' ? (
        <textarea
          className="field"
          rows={field.kind === 'lines' ? 3 : 2}
          spellCheck={false}
          {...described}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      ) : (
        field.kind !== 'flag' && (
          <input
            className="field"
            {...described}
            inputMode={field.kind === 'number' ? (field.whole ? 'numeric' : 'decimal') : undefined}
            autoComplete="off"
            spellCheck={false}
            placeholder={placeholderOf(field)}
            value={text}
            onChange={(event) => change(event.target.value)}
          />
        )
      )}
      <span className="doc" id={`${id}-doc`}>
        {problem && <b style={{ color: 'var(--failed)' }}>✕ {problem}. </b>}
        {field.doc} <code style={{ fontSize: 11 }}>{field.key}</code>
      </span>
    </div>
  )
}
