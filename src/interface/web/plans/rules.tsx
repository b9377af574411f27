import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { SameFrom } from '#interface/web/pieces/same-from.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { PlanRule } from '#observatory/plans/plan-rule.ts'
import { planRulesOptions } from './queries.ts'
import { Replay } from './replay.tsx'
import { RuleForm } from './rule-form.tsx'
import { namesText } from './words.tsx'

const route = getRouteApi('/framed/plans')

/** Rules by which plans are made as notices come in: what they ask for, whether they are on, what they would have done. */
export function PlanRules() {
  const { rule: open } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useQuery(meOptions).data
  const query = useQuery(planRulesOptions)
  const may = reaches(me?.role ?? null, 'operator')
  const rules = query.data?.items ?? []
  const go = (rule: string | undefined) =>
    void navigate({ search: { tab: 'rules', rule }, resetScroll: false })
  const edited = rules.find((rule) => rule.name === open)
  if (query.isError && !query.data)
    return <Problem error={query.error} retry={() => void query.refetch()} what="the rules" />
  if (!query.data) return <Loading lines={6} />
  return (
    <div className="stack" style={{ gap: 26 }}>
      {rules.length === 0 && open === undefined ? (
        <Empty title="No rules yet.">
          <p>
            A rule says for which events which telescopes are planned by themselves, such as{' '}
            <code>kind = 'gw' AND significant AND p_bns + p_nsbh &gt; 0.2 AND area_90 &lt; 1000</code>.
          </p>
          {may && (
            <p>
              <button type="button" className="button main" onClick={() => go('new')}>
                Write a rule
              </button>
            </p>
          )}
        </Empty>
      ) : (
        rules.length > 0 && (
          <Section
            title="Rules"
            aside={
              may && (
                <button type="button" className="button main" onClick={() => go('new')}>
                  New rule
                </button>
              )
            }
          >
            {rules.map((rule) => (
              <RuleRow
                key={rule.name}
                rule={rule}
                may={may}
                isOpen={rule.name === open}
                toggle={() => go(rule.name === open ? undefined : rule.name)}
              />
            ))}
          </Section>
        )
      )}
      {open === 'new' && may && (
        <Section title="New rule">
          <RuleForm key="new" rule={null} done={() => go(undefined)} may={may} />
        </Section>
      )}
      {edited && (
        <Section title={`Rule ${edited.name}`}>
          <RuleForm key={edited.revision} rule={edited} done={() => go(undefined)} may={may} />
        </Section>
      )}
      {rules.length > 0 && <Replay title="What would have been planned" of={{}} />}
      <SameFrom
        path="/plan-rules"
        cli={['urania plan-rules list', 'urania plan-rules columns', 'urania plan-rules replay']}
      />
    </div>
  )
}

function RuleRow(props: { rule: PlanRule; may: boolean; isOpen: boolean; toggle: () => void }) {
  const { rule, may, isOpen, toggle } = props
  const client = useQueryClient()
  const turn = useMutation({
    mutationFn: () => {
      const { changedAt: _at, changedBy: _by, revision: _revision, ...written } = rule
      return send('PUT', `/plan-rules/${rule.name}`, { ...written, enabled: !rule.enabled })
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['plans', 'rules'] }),
  })
  const telescopes = rule.groups.flatMap((group) => group.plan.telescopes.map((one) => one.telescope))
  return (
    <div className="share">
      <div className="row">
        <button type="button" className="link-button" aria-expanded={isOpen} onClick={toggle}>
          <b>{rule.name}</b>
        </button>
        <State tone={rule.enabled ? 'done' : 'none'}>{rule.enabled ? 'on' : 'off'}</State>
        <span>{rule.title}</span>
        <span className="dim">{namesText(telescopes, 5)}</span>
        <span className="dim">
          {rule.changedBy}, <Time at={rule.changedAt} show="ago" />
        </span>
        {may && (
          <button
            type="button"
            className="link-button"
            disabled={turn.isPending}
            aria-label={`Turn ${rule.enabled ? 'off' : 'on'} ${rule.name}`}
            onClick={() => turn.mutate()}
          >
            {rule.enabled ? 'Turn off' : 'Turn on'}
          </button>
        )}
      </div>
      <code style={{ overflowWrap: 'anywhere' }}>{rule.condition}</code>
      {turn.isError && <Problem error={turn.error} />}
    </div>
  )
}
