import { useState } from 'react'
import { useMinute } from '#interface/web/app/now.tsx'
import { FootprintDrawing } from '#interface/web/pieces/footprint.tsx'
import { DarkWord, useDarkness } from '#interface/web/telescopes/darkness.tsx'
import { areaText, doubtText, siteText } from '#interface/web/telescopes/words.tsx'
import type { Telescope } from '#observatory/telescopes/telescope.ts'

/** Telescopes to choose from: what each sees, from where, whether it is night there, and what is doubtful of it. */
export function TelescopeChoice(props: {
  telescopes: readonly Telescope[]
  chosen: ReadonlySet<string>
  /** These come first in the list; a click moves nothing. */
  first: readonly string[]
  toggle: (slug: string) => void
}) {
  const { telescopes, chosen, first, toggle } = props
  const [words, setWords] = useState('')
  const dark = useDarkness(useMinute())
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = telescopes
    .filter((one) => {
      const text =
        `${one.slug} ${one.name} ${one.instrument ?? ''} ${one.observatory ?? ''} ${one.filters.map((f) => f.name).join(' ')}`.toLowerCase()
      return wanted.every((word) => text.includes(word))
    })
    .toSorted(
      (a, b) => +first.includes(b.slug) - +first.includes(a.slug) || b.fieldAreaDeg2 - a.fieldAreaDeg2,
    )
  return (
    <div className="stack" style={{ gap: 6 }}>
      <div className="row" style={{ alignItems: 'center' }}>
        <input
          className="field"
          style={{ flex: '0 1 280px' }}
          aria-label="Search telescopes"
          placeholder="name, site or filter"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          onKeyDown={(event) => {
            // Enter takes the first that is shown; it does not send the form.
            if (event.key !== 'Enter') return
            event.preventDefault()
            if (words.trim() && shown[0]) toggle(shown[0].slug)
          }}
        />
        <span className="dim">
          {chosen.size} chosen of {telescopes.length}
        </span>
      </div>
      <div className="choose" role="group" aria-label="Telescopes">
        {shown.map((one) => (
          <label key={one.slug} className={chosen.has(one.slug) ? 'choose-row on' : 'choose-row'}>
            <input
              type="checkbox"
              aria-label={one.name}
              checked={chosen.has(one.slug)}
              onChange={() => toggle(one.slug)}
            />
            <FootprintDrawing footprint={one.footprint} size={26} title={`Field of ${one.name}`} bare />
            <span>
              <span className="name">{one.name}</span>{' '}
              {one.alternativeTo && <span className="dim">({one.alternativeTo} otherwise)</span>}
            </span>
            <span style={{ textAlign: 'right' }}>{areaText(one.fieldAreaDeg2)}</span>
            <span className="dim">{siteText(one)}</span>
            <span>{one.ground && <DarkWord dark={dark?.(one)} />}</span>
            <span className="doubt" title={one.doubts.map(doubtText).join('\n')}>
              {one.doubts.length > 0 && `▲ ${one.doubts.length} in doubt`}
            </span>
          </label>
        ))}
        {shown.length === 0 && (
          <p className="dim" style={{ padding: '8px 10px' }}>
            No telescope by these words.
          </p>
        )}
      </div>
    </div>
  )
}
