import { Link } from '@tanstack/react-router'
import { Facts, Section } from '#interface/web/pieces/facts.tsx'
import { duration, percent } from '#interface/web/pieces/format.ts'
import type { PlanDetail, TelescopeRequest } from '#observatory/plans/plan.ts'

/** What was asked for; what is left out came from the definitions of the telescopes. */
export function Parameters({ plan }: { plan: PlanDetail }) {
  const { request } = plan
  const edits = request.edits
  return (
    <Section title="Asked for">
      <Facts
        facts={[
          ['Strategy', strategyWords[request.strategy]],
          ['Hours', `${request.hours} from ${plan.start.slice(0, 16).replace('T', ' ')} UTC`],
          ['Fields are sought in', `the ${percent(request.level)} region`],
          ['Method', request.method === 'exact' ? 'exact, with a proven bound' : 'greedy'],
          ['Time for the solver', duration(request.seconds * 1000)],
          ['Visibility', request.visibility ? null : 'ignored'],
          ['Catalogue', request.catalogue],
          ['Weight of galaxies', request.strategy === 'galaxies' ? request.weight : null],
          [
            'Left out',
            request.without.length > 0 &&
              request.without.map((one, i) => (
                <span key={one}>
                  {i > 0 && ', '}
                  {one === 'event' ? (
                    'fields of the other open plans of the event'
                  ) : (
                    <Link to="/plans/$id" params={{ id: one }}>
                      plan {one.slice(0, 8)}
                    </Link>
                  )}
                </span>
              )),
          ],
          [
            'Observed already',
            request.observed.length > 0 && `${request.observed.length} pointings from elsewhere`,
          ],
          ...request.telescopes.map((telescope) => [telescope.telescope, telescopeText(telescope)] as const),
          [
            'Edits',
            edits &&
              [
                edits.drop.length > 0 && `dropped ${edits.drop.join(', ')}`,
                edits.pin.length > 0 && `pinned ${edits.pin.join(', ')}`,
                edits.lock.length > 0 && `locked exposures ${edits.lock.join(', ')}`,
                edits.add.length > 0 &&
                  `added ${edits.add.map((one) => `${one.telescope} at ${one.ra.toFixed(3)} ${one.dec.toFixed(3)}`).join(', ')}`,
              ]
                .filter(Boolean)
                .join('; '),
          ],
        ]}
      />
    </Section>
  )
}

export const strategyWords: Record<PlanDetail['strategy'], string> = {
  auto: 'by the size of the region',
  tiling: 'tiling',
  galaxies: 'galaxies',
  single: 'one field',
}

function telescopeText(asked: TelescopeRequest): string {
  const steps = asked.steps?.map(
    ({ filter, exposureS, count }) => `${count > 1 ? `${count} × ` : ''}${filter} ${exposureS} s`,
  )
  return [
    steps ? steps.join(', ') : 'first filter of its definition',
    asked.visits > 1 && `${asked.visits} visits at least ${asked.cadenceMinutes} min apart`,
    asked.maxFields !== undefined && `at most ${asked.maxFields} fields`,
    asked.tiling && (asked.tiling === 'grid' ? 'its grid' : `${asked.tiling} fields`),
  ]
    .filter(Boolean)
    .join('; ')
}
