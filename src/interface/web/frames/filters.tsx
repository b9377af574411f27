import { useEffect, useRef, useState } from 'react'
import type { FramesSearch } from '#interface/web/app/searches.ts'
import { kindWords } from './words.tsx'

/** What the API is asked for a search of the page. */
export function frameQuery(search: FramesSearch): Record<string, string | undefined> {
  const { q, kind, filter, instrument, from, to, at, radius, mine } = search
  const place = at?.trim()
  return {
    q,
    kind,
    filter,
    instrument,
    from,
    to,
    mine: mine ? 'true' : undefined,
    contains: place && radius === undefined ? place : undefined,
    touches: place && radius !== undefined ? `${place}, ${radius}` : undefined,
  }
}

/** One line of filters; the text waits for no network. */
export function FrameFilters({
  search,
  change,
}: {
  search: FramesSearch
  change: (part: FramesSearch) => void
}) {
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <Text
        label="Words in name, object, telescope, instrument, filter or origin"
        placeholder="name, object, telescope, instrument"
        value={search.q}
        change={(q) => change({ q })}
        grow
      />
      <Text
        label="Position"
        placeholder="position: 197.45 -23.38"
        value={search.at}
        change={(at) => change({ at, ...(at ? {} : { radius: undefined }) })}
        width={190}
      />
      <select
        className="select"
        aria-label="Around the position"
        value={search.radius ?? ''}
        disabled={!search.at}
        onChange={(event) =>
          change({ radius: event.target.value === '' ? undefined : Number(event.target.value) })
        }
      >
        <option value="">contains it</option>
        {[...new Set([0.01, 0.1, 0.5, 1, 5, ...(search.radius === undefined ? [] : [search.radius])])]
          .sort((a, b) => a - b)
          .map((radius) => (
            <option key={radius} value={radius}>
              within {radius}°
            </option>
          ))}
      </select>
      <select
        className="select"
        aria-label="Kind"
        value={search.kind ?? ''}
        onChange={(event) => change({ kind: event.target.value || undefined })}
      >
        <option value="">every kind</option>
        {Object.keys(kindWords).map((kind) => (
          <option key={kind} value={kind}>
            {kindWords[kind]}
          </option>
        ))}
      </select>
      <Text
        label="Filter"
        placeholder="filter"
        value={search.filter}
        change={(filter) => change({ filter })}
        width={80}
      />
      <Text
        label="Instrument"
        placeholder="instrument"
        value={search.instrument}
        change={(instrument) => change({ instrument })}
        width={110}
      />
      <Text
        label="Taken at or after (UTC)"
        placeholder="from 2024-11-21"
        value={search.from}
        change={(from) => change({ from })}
        width={130}
      />
      <Text
        label="Taken before (UTC)"
        placeholder="to"
        value={search.to}
        change={(to) => change({ to })}
        width={110}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={search.mine ?? false}
          onChange={(event) => change({ mine: event.target.checked || undefined })}
        />
        mine
      </label>
    </form>
  )
}

function Text(props: {
  label: string
  placeholder: string
  value: string | undefined
  change: (value: string | undefined) => void
  width?: number
  grow?: boolean
}) {
  const { label, placeholder, value, change, width, grow } = props
  // While someone types, the line is theirs; otherwise it says what the address says.
  const [typed, setTyped] = useState<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <input
      className={grow ? 'field grow' : 'field'}
      style={width ? { width } : undefined}
      aria-label={label}
      title={label}
      placeholder={placeholder}
      value={typed ?? value ?? ''}
      onChange={(event) => {
        const next = event.target.value
        setTyped(next)
        clearTimeout(timer.current)
        timer.current = setTimeout(() => change(next.trim() || undefined), 300)
      }}
      onBlur={() => setTyped(null)}
    />
  )
}
