import { areaText, doubtText, pointingText } from '#interface/web/telescopes/words.tsx'
import type { TelescopeRequest } from '#observatory/plans/plan.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { NumberField } from './fields.tsx'

type Step = NonNullable<TelescopeRequest['steps']>[number]
const tilings = [
  ['free', 'placed where the probability is'],
  ['hexagonal', 'hexagonal'],
  ['spiral', 'spiral'],
  ['ring', 'rings'],
] as const

/** What is asked of one telescope; what is left as it is comes from its definition. */
export function TelescopeOptions(props: {
  telescope: Telescope
  asked: TelescopeRequest
  change: (asked: TelescopeRequest) => void
  wrong: readonly string[]
  isOpen: boolean
}) {
  const { telescope, asked, change, wrong, isOpen } = props
  const [first] = telescope.filters
  return (
    <div className="per-telescope">
      <details open={isOpen || wrong.length > 0 || undefined}>
        <summary>
          {telescope.name}: {summaryOf(asked, telescope)}
        </summary>
        <div className="stack" style={{ paddingBottom: 8 }}>
          <p className="dim">
            {areaText(telescope.fieldAreaDeg2)} · {pointingText(telescope)} · filters{' '}
            {telescope.filters.map((filter) => filter.name).join(', ')}
          </p>
          {telescope.doubts.map((doubt) => (
            <p key={doubt.text} className="doubt">
              ▲ {doubtText(doubt)}
            </p>
          ))}
          <Steps telescope={telescope} asked={asked} change={change} />
          <div className="form-grid">
            <NumberField
              label="Most fields"
              hint="empty: as many as there is time for"
              value={asked.maxFields}
              min={1}
              max={5000}
              whole
              set={(maxFields) => change(optional(asked, 'maxFields', maxFields))}
            />
            <NumberField
              label="Visits to each field"
              value={asked.visits}
              min={1}
              max={50}
              whole
              set={(visits) => change({ ...asked, visits: visits ?? 1 })}
            />
            {asked.visits > 1 && (
              <NumberField
                label="At least so far apart (min)"
                value={asked.cadenceMinutes}
                min={0}
                max={100_000}
                set={(cadenceMinutes) => change({ ...asked, cadenceMinutes: cadenceMinutes ?? 30 })}
              />
            )}
            <label className="stack">
              Fields
              <select
                className="select"
                value={asked.tiling ?? ''}
                onChange={(event) =>
                  change(
                    optional(
                      asked,
                      'tiling',
                      (event.target.value || undefined) as TelescopeRequest['tiling'],
                    ),
                  )
                }
              >
                <option value="">as its definition says</option>
                {telescope.pointing.how === 'grid' && <option value="grid">its grid</option>}
                {tilings.map(([value, word]) => (
                  <option key={value} value={value}>
                    {word}
                  </option>
                ))}
              </select>
            </label>
            {asked.tiling !== undefined && asked.tiling !== 'grid' && (
              <NumberField
                label="Overlap of neighbours (%)"
                value={Math.round(100 * asked.overlap)}
                min={0}
                max={90}
                set={(overlap) => change({ ...asked, overlap: (overlap ?? 5) / 100 })}
              />
            )}
          </div>
        </div>
      </details>
      {wrong.map((message) => (
        <p key={message} className="wrong" role="alert">
          {message}
        </p>
      ))}
      {!first && <p className="wrong">It has no filter.</p>}
    </div>
  )
}

function optional<K extends 'maxFields' | 'tiling' | 'steps'>(
  asked: TelescopeRequest,
  key: K,
  value: TelescopeRequest[K] | undefined,
): TelescopeRequest {
  const { [key]: _, ...rest } = asked
  return value === undefined ? (rest as TelescopeRequest) : { ...asked, [key]: value }
}

export function summaryOf(asked: TelescopeRequest, telescope: Telescope): string {
  const [first] = telescope.filters
  const steps = asked.steps ?? (first ? [{ filter: first.name, exposureS: first.exposureS, count: 1 }] : [])
  return [
    steps
      .map((step) => `${step.count > 1 ? `${step.count} × ` : ''}${step.filter} ${step.exposureS} s`)
      .join(', '),
    asked.visits > 1 && `${asked.visits} visits`,
    asked.maxFields !== undefined && `at most ${asked.maxFields} fields`,
    asked.tiling,
  ]
    .filter(Boolean)
    .join(', ')
}

function Steps({
  telescope,
  asked,
  change,
}: {
  telescope: Telescope
  asked: TelescopeRequest
  change: (asked: TelescopeRequest) => void
}) {
  const [first] = telescope.filters
  if (!first) return null
  const steps: readonly Step[] = asked.steps ?? [{ filter: first.name, exposureS: first.exposureS, count: 1 }]
  const write = (next: readonly Step[]) => change(optional(asked, 'steps', [...next]))
  const set = (i: number, part: Partial<Step>) =>
    write(steps.map((step, j) => (i === j ? { ...step, ...part } : step)))
  return (
    <div className="steps" role="group" aria-label={`Exposures of ${telescope.name} at each visit`}>
      {steps.map((step, i) => (
        <div key={i}>
          <select
            className="select"
            aria-label={`Filter ${i + 1}`}
            value={step.filter}
            onChange={(event) => {
              const filter = telescope.filters.find((one) => one.name === event.target.value)
              set(i, {
                filter: event.target.value,
                ...(filter && asked.steps === undefined ? { exposureS: filter.exposureS } : {}),
              })
            }}
          >
            {telescope.filters.map((filter) => (
              <option key={filter.name}>{filter.name}</option>
            ))}
          </select>
          <input
            className="field"
            type="number"
            aria-label={`Exposure time ${i + 1} in seconds`}
            min={0.1}
            max={telescope.maxExposureS ?? 86_400}
            step="any"
            required
            value={step.exposureS}
            onChange={(event) => set(i, { exposureS: Number(event.target.value) })}
          />
          <span>s ×</span>
          <input
            className="field"
            type="number"
            aria-label={`How often ${i + 1}`}
            min={1}
            max={1000}
            required
            value={step.count}
            onChange={(event) => set(i, { count: Number(event.target.value) })}
          />
          {steps.length > 1 && (
            <button
              type="button"
              className="link-button"
              aria-label={`Remove exposure ${i + 1}`}
              onClick={() => write(steps.filter((_, j) => j !== i))}
            >
              Remove
            </button>
          )}
        </div>
      ))}
      <button
        type="button"
        className="link-button"
        style={{ justifySelf: 'start' }}
        onClick={() => {
          const next =
            telescope.filters.find((filter) => !steps.some((step) => step.filter === filter.name)) ?? first
          write([...steps, { filter: next.name, exposureS: next.exposureS, count: 1 }])
        }}
      >
        One more exposure
      </button>
    </div>
  )
}
