import { Link } from '@tanstack/react-router'
import { Section } from '#interface/web/pieces/facts.tsx'
import { duration, percent } from '#interface/web/pieces/format.ts'
import { Time } from '#interface/web/pieces/time.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import type { Aim, PlanDetail, PlanShare } from '#observatory/plans/plan.ts'
import { covered } from './words.tsx'
import { seriesStyle } from '#science/chart/axes.ts'
import { cssPalette } from '#science/chart/palette.ts'

const parts = [
  ['exposing', 'exposing', 'var(--cat2)'],
  ['readout', 'reading out', 'var(--cat1)'],
  ['slewing', 'slewing', 'var(--cat3)'],
  ['filters', 'changing filters', 'var(--cat4)'],
  ['idle', 'idle', 'var(--line)'],
] as const

/** What each telescope does in the plan, where its night goes, and why fields fell away. */
export function Shares({ plan }: { plan: PlanDetail }) {
  const shares = plan.result?.shares ?? []
  return (
    <Section title="Telescopes" aside="time of the usable night">
      <p className="legend" style={{ margin: '0 0 4px' }}>
        {parts.map(([key, word, colour]) => (
          <span key={key}>
            <i className="swatch" style={{ background: colour }} />
            {word}
          </span>
        ))}
      </p>
      {shares.map((share, n) => (
        <Share key={share.telescope} share={share} n={n} aim={plan.result?.aim ?? null} />
      ))}
    </Section>
  )
}

function Share({ share, n, aim }: { share: PlanShare; n: number; aim: Aim | null }) {
  const total = parts.reduce((sum, [key]) => sum + share.time[key], 0)
  const lost = Object.entries(share.lost).toSorted(([, a], [, b]) => b - a)
  return (
    <div className="share">
      <div className="row">
        <span>
          <i className="swatch" style={{ background: seriesStyle(n, cssPalette).colour }} />
          <Link to="/telescopes/$slug" params={{ slug: share.telescope }}>
            <b>{share.name}</b>
          </Link>{' '}
          <span className="dim">version {share.version}</span>
        </span>
        {share.fields > 0 ? (
          <>
            <span>
              {share.fields} {share.fields === 1 ? 'field' : 'fields'}, {share.exposures}{' '}
              {share.exposures === 1 ? 'exposure' : 'exposures'}
            </span>
            <span>
              {covered(share.probability)}
              {aim === 'galaxies' &&
                ` of the galaxies’ weight; ${covered(share.skyProbability)} of the map`},{' '}
              <Value value={share.areaDeg2} unit="deg²" />
            </span>
            <span className="dim">
              <Time at={share.first} show="utc" /> to <Time at={share.last} show="utc" />
            </span>
          </>
        ) : (
          <span className="doubt">takes nothing</span>
        )}
      </div>
      {total > 0 && (
        <>
          <div
            className="split"
            role="img"
            aria-label={parts.map(([key, word]) => `${word} ${percent(share.time[key] / total)}`).join(', ')}
          >
            {parts.map(([key, word, colour]) => (
              <span
                key={key}
                title={`${word}: ${duration(share.time[key] * 1000)}`}
                style={{ width: `${(100 * share.time[key]) / total}%`, background: colour }}
              />
            ))}
          </div>
          <p className="dim" style={{ fontSize: 12 }}>
            {parts
              .filter(([key]) => share.time[key] > 0)
              .map(([key, word]) => `${word} ${duration(share.time[key] * 1000)}`)
              .join(' · ')}
          </p>
        </>
      )}
      {lost.length > 0 && (
        <p className="dim">
          Fields lost to {lost.map(([reason, count]) => `${reason} (${count})`).join(', ')}
        </p>
      )}
      {share.notes.length > 0 && (
        <ul>
          {share.notes.map((note) => (
            <li key={note} className="doubt">
              {note}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
