import { Link } from '@tanstack/react-router'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { PlanStateWord } from './words.tsx'

/** The versions of a plan, newest first, each to be compared with this one. */
export function Versions({ plan }: { plan: PlanDetail }) {
  const versions = plan.versions.toSorted((a, b) => b.version - a.version)
  return (
    <Section title="Versions" aside={versions.length > 1 ? 'newest first' : undefined}>
      <ol className="versions">
        {versions.map((one) => (
          <li key={one.id} aria-current={one.id === plan.id ? 'true' : undefined}>
            {one.id === plan.id ? (
              <b>Version {one.version}</b>
            ) : (
              <Link to="/plans/$id" params={{ id: one.id }}>
                Version {one.version}
              </Link>
            )}
            <PlanStateWord
              plan={{ state: one.state, proposed: one.id === plan.id ? plan.proposed : false }}
            />
            <span className="dim">
              <Time at={one.createdAt} />
            </span>
            {one.id !== plan.id && plan.result && (one.state === 'ready' || one.state === 'closed') && (
              <Link to="/plans/$id" params={{ id: plan.id }} search={{ with: one.id }}>
                Compare
              </Link>
            )}
          </li>
        ))}
      </ol>
    </Section>
  )
}
