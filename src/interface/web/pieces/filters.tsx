import { Empty } from './problem.tsx'

/** Filters leave nothing, and may be taken away. */
export function NoneFits({ one, many, clear }: { one: string; many: string; clear: () => void }) {
  return (
    <Empty title={`No ${one} fits these filters.`}>
      <button type="button" className="link-button" style={{ justifySelf: 'start' }} onClick={clear}>
        Show all {many}
      </button>
    </Empty>
  )
}

/** A filter of one among several, or none. */
export function Pick(props: {
  label: string
  value: string | undefined
  /** What no choice is called. */
  all: string
  among: readonly (readonly [value: string, words: string])[]
  change: (value: string | undefined) => void
}) {
  const { label, value, all, among, change } = props
  return (
    <select
      className="select"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => change(event.target.value || undefined)}
    >
      <option value="">{all}</option>
      {among.map(([each, words]) => (
        <option key={each} value={each}>
          {words}
        </option>
      ))}
    </select>
  )
}
