import type { CandidatesSearch } from '#interface/web/app/searches.ts'
import { Pick } from '#interface/web/pieces/filters.tsx'
import { signalOf, type Candidate } from './candidate-list.tsx'

/** Which candidates are looked at, and in which order. */

export type Choice = Pick<CandidatesSearch, 'sort' | 'sign' | 'sn' | 'clean'>

export const isNarrowed = ({ sort, sign, sn, clean }: Choice): boolean =>
  sort !== undefined || sign !== undefined || sn !== undefined || clean !== undefined

const orders: Readonly<Record<NonNullable<Choice['sort']>, (one: Candidate) => number>> = {
  sn: (one) => -Math.abs(signalOf(one) ?? 0),
  fwhm: ({ row }) => (typeof row['fwhm'] === 'number' ? row['fwhm'] : Infinity),
  ra: ({ ra }) => ra,
}

/** As chosen; what has no S/N passes no limit of it. */
export function chosenOf(all: readonly Candidate[], { sort, sign, sn, clean }: Choice): Candidate[] {
  const kept = all.filter((one) => {
    const signal = signalOf(one)
    const fading = one.row['fading'] === true
    return (
      (sign === undefined || fading === (sign === 'fading')) &&
      (sn === undefined || (signal !== null && Math.abs(signal) >= sn)) &&
      (clean !== true || !(typeof one.row['flags'] === 'number' && one.row['flags'] > 0))
    )
  })
  const order = sort && orders[sort]
  return order ? kept.toSorted((p, q) => order(p) - order(q)) : kept
}

export function CandidateChoice(props: {
  choice: Choice
  /** Whether anything can fade: of a difference. */
  signs: boolean
  change: (part: Choice) => void
}) {
  const { choice, signs, change } = props
  return (
    <>
      <Pick
        label="Order"
        value={choice.sort}
        all="brightest first"
        among={[
          ['sn', 'highest S/N first'],
          ['fwhm', 'sharpest first'],
          ['ra', 'by right ascension'],
        ]}
        change={(sort) => change({ sort: sort as Choice['sort'] })}
      />
      {signs && (
        <Pick
          label="Brighter or fainter"
          value={choice.sign}
          all="brighter and fading"
          among={[
            ['rising', 'brighter than the template'],
            ['fading', 'fading'],
          ]}
          change={(sign) => change({ sign: sign as Choice['sign'] })}
        />
      )}
      <label className="check">
        S/N from
        <input
          className="field"
          style={{ width: 58 }}
          inputMode="decimal"
          key={choice.sn ?? ''}
          defaultValue={choice.sn ?? ''}
          onBlur={({ target: { value } }) => change({ sn: Number(value) > 0 ? Number(value) : undefined })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur()
          }}
        />
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={choice.clean ?? false}
          onChange={(event) => change({ clean: event.target.checked || undefined })}
        />
        without flags
      </label>
    </>
  )
}
