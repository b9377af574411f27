import type { PlanRequest } from '#observatory/plans/plan.ts'
import { strategies } from '#observatory/plans/plan.ts'
import { NumberField } from './fields.tsx'
import { strategyWords } from './parameters.tsx'

/** What a plan is made by, whoever asks for it: a person or a rule. */
export type Terms = Pick<
  PlanRequest,
  'hours' | 'strategy' | 'weight' | 'level' | 'visibility' | 'method' | 'seconds' | 'without'
> & { catalogue: string | undefined }

export const usualTerms: Terms = {
  hours: 24,
  strategy: 'auto',
  catalogue: undefined,
  weight: 'density',
  level: 0.99,
  visibility: true,
  method: 'exact',
  seconds: 60,
  without: [],
}

/** The terms of a request, all named. */
export function termsOf(request: Omit<PlanRequest, 'telescopes' | 'observed'>): Terms {
  const { hours, strategy, catalogue, weight, level, visibility, method, seconds, without } = request
  return { hours, strategy, catalogue, weight, level, visibility, method, seconds, without }
}

/** As the API takes them: without what was not chosen. */
export function sentTerms({ catalogue, weight, ...terms }: Terms) {
  return {
    ...terms,
    ...(terms.strategy === 'galaxies' && catalogue ? { catalogue, weight } : {}),
  }
}

export function TermsFields({ terms, change }: { terms: Terms; change: (part: Partial<Terms>) => void }) {
  return (
    <div className="form-grid">
      <label className="stack">
        Strategy
        <select
          className="select"
          value={terms.strategy}
          onChange={(event) => change({ strategy: event.target.value as Terms['strategy'] })}
        >
          {strategies.map((strategy) => (
            <option key={strategy} value={strategy}>
              {strategyWords[strategy]}
            </option>
          ))}
        </select>
        <span className="hint">{strategyHints[terms.strategy]}</span>
      </label>
      {terms.strategy === 'galaxies' && (
        <>
          <label className="stack">
            Catalogue
            <input
              className="field"
              required
              placeholder="its name here"
              value={terms.catalogue ?? ''}
              onChange={(event) => change({ catalogue: event.target.value.trim() || undefined })}
            />
          </label>
          <label className="stack">
            Galaxies are weighed by
            <select
              className="select"
              value={terms.weight}
              onChange={(event) => change({ weight: event.target.value as Terms['weight'] })}
            >
              <option value="density">the density of the map</option>
              <option value="luminosity">density and luminosity</option>
              <option value="mass">density and mass</option>
            </select>
          </label>
        </>
      )}
      <NumberField
        label="Region (%)"
        hint="fields are sought where so much of the probability lies"
        value={Number((100 * terms.level).toFixed(2))}
        min={10}
        max={99.99}
        required
        set={(level) => level !== undefined && change({ level: level / 100 })}
      />
      <label className="stack">
        Method
        <select
          className="select"
          value={terms.method}
          onChange={(event) => change({ method: event.target.value as Terms['method'] })}
        >
          <option value="exact">exact, with a bound</option>
          <option value="greedy">greedy, in a moment</option>
        </select>
      </label>
      <NumberField
        label="Time for the solver (s)"
        hint="it stops before, once nothing better is possible"
        value={terms.seconds}
        min={1}
        max={3600}
        required
        set={(seconds) => seconds !== undefined && change({ seconds })}
      />
      <label className="check" style={{ alignSelf: 'center', whiteSpace: 'normal' }}>
        <input
          type="checkbox"
          checked={!terms.visibility}
          onChange={(event) => change({ visibility: !event.target.checked })}
        />
        whenever, without night and horizon
      </label>
    </div>
  )
}

const strategyHints: Record<Terms['strategy'], string> = {
  auto: 'one field where the 90 % region fits, tiling otherwise',
  tiling: 'fields of a grid, or where the probability is',
  galaxies: 'fields around galaxies in the volume of the map',
  single: 'one field centred on the region',
}
