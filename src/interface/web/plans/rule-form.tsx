import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { telescopesOptions } from '#interface/web/telescopes/queries.ts'
import type { TelescopeRequest } from '#observatory/plans/plan.ts'
import type { PlanRule } from '#observatory/plans/plan-rule.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'
import { ConditionField, mistakeIn } from './condition.tsx'
import { fieldErrors } from './errors.ts'
import { NumberField } from './fields.tsx'
import { Replay } from './replay.tsx'
import { TelescopeChoice } from './telescope-choice.tsx'
import { TelescopeOptions } from './telescope-options.tsx'
import { sentTerms, termsOf, TermsFields, usualTerms } from './terms.tsx'
import type { Terms } from './terms.tsx'

interface GroupDraft {
  title: string
  telescopes: readonly TelescopeRequest[]
  terms: Terms
  startDelayMinutes: number
}

interface RuleDraft {
  name: string
  title: string
  enabled: boolean
  condition: string
  delayMinutes: number
  onUpdate: PlanRule['onUpdate']
  groups: readonly GroupDraft[]
}

const emptyGroup: GroupDraft = {
  title: '',
  telescopes: [],
  terms: { ...usualTerms },
  startDelayMinutes: 0,
}

function draftOf(rule: PlanRule | null): RuleDraft {
  if (!rule)
    return {
      name: '',
      title: '',
      enabled: false,
      condition: "kind = 'gw' AND role = 'observation' AND significant",
      delayMinutes: 0,
      onUpdate: 'propose',
      groups: [emptyGroup],
    }
  const { name, title, enabled, condition, delayMinutes, onUpdate, groups } = rule
  return {
    name,
    title,
    enabled,
    condition,
    delayMinutes,
    onUpdate,
    groups: groups.map((group) => ({
      title: group.title ?? '',
      telescopes: group.plan.telescopes,
      terms: termsOf(group.plan),
      startDelayMinutes: group.plan.startDelayMinutes,
    })),
  }
}

function ruleOf(draft: RuleDraft) {
  return {
    ...draft,
    name: draft.name.trim(),
    condition: draft.condition.trim(),
    groups: draft.groups.map(({ title, telescopes, terms, startDelayMinutes }) => ({
      ...(title.trim() ? { title: title.trim() } : {}),
      plan: { telescopes, ...sentTerms(terms), startDelayMinutes },
    })),
  }
}

/** A rule to be written or changed; who may not, reads it. */
export function RuleForm(props: { rule: PlanRule | null; done: () => void; may: boolean }) {
  const { rule, done, may } = props
  const telescopes = useQuery(telescopesOptions)
  const client = useQueryClient()
  const [draft, setDraft] = useState(() => draftOf(rule))
  const change = (part: Partial<RuleDraft>) => setDraft((old) => ({ ...old, ...part }))
  const wrongCondition = useMemo(() => mistakeIn(draft.condition), [draft.condition])
  const refresh = () => client.invalidateQueries({ queryKey: ['plans', 'rules'] })
  const save = useMutation({
    mutationFn: () =>
      rule
        ? send('PUT', `/plan-rules/${rule.name}`, ruleOf(draft))
        : send('POST', '/plan-rules', ruleOf(draft)),
    onSuccess: async () => {
      await refresh()
      done()
    },
  })
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/plan-rules/${rule!.name}`),
    onSuccess: async () => {
      await refresh()
      done()
    },
  })
  const slugs = draft.groups.flatMap((group) => group.telescopes.map((one) => one.telescope))
  const wrong = fieldErrors(save.error, slugs)
  if (telescopes.isError)
    return <Problem error={telescopes.error} retry={() => void telescopes.refetch()} what="the telescopes" />
  if (!telescopes.data) return <Loading lines={6} />
  const setGroup = (i: number, part: Partial<GroupDraft>) =>
    change({ groups: draft.groups.map((group, j) => (i === j ? { ...group, ...part } : group)) })
  return (
    <>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <fieldset className="form" disabled={!may} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
          <div className="form-grid">
            <label className="stack">
              Name
              <input
                className="field"
                required
                pattern="[a-z][a-z0-9\-]{0,59}"
                title="lower-case letters, digits and hyphens, beginning with a letter"
                disabled={rule !== null}
                value={draft.name}
                onChange={(event) => change({ name: event.target.value })}
              />
            </label>
            <label className="stack" style={{ gridColumn: 'span 2' }}>
              What it is for
              <input
                className="field"
                maxLength={200}
                value={draft.title}
                onChange={(event) => change({ title: event.target.value })}
              />
            </label>
            <label className="check" style={{ alignSelf: 'end', minHeight: 28 }}>
              <input
                type="checkbox"
                checked={draft.enabled}
                onChange={(event) => change({ enabled: event.target.checked })}
              />
              on
            </label>
          </div>
          <ConditionField
            condition={draft.condition}
            wrong={wrongCondition}
            set={(condition) => change({ condition })}
          />
          <div className="form-grid">
            <NumberField
              label="Wait after the notice (min)"
              value={draft.delayMinutes}
              min={0}
              max={1440}
              required
              set={(delayMinutes) => delayMinutes !== undefined && change({ delayMinutes })}
            />
            <label className="stack">
              Later notices of it
              <select
                className="select"
                value={draft.onUpdate}
                onChange={(event) => change({ onUpdate: event.target.value as PlanRule['onUpdate'] })}
              >
                <option value="propose">propose a new version</option>
                <option value="ignore">leave the plan as it is</option>
              </select>
            </label>
          </div>
          {draft.groups.map((group, i) => (
            <GroupFields
              key={i}
              number={i + 1}
              group={group}
              telescopes={telescopes.data.items}
              wrong={wrong.telescopes}
              change={(part) => setGroup(i, part)}
              {...(draft.groups.length > 1
                ? { remove: () => change({ groups: draft.groups.filter((_, j) => j !== i) }) }
                : {})}
            />
          ))}
          {may && (
            <button
              type="button"
              className="button"
              style={{ justifySelf: 'start' }}
              onClick={() => change({ groups: [...draft.groups, emptyGroup] })}
            >
              One more group of telescopes
            </button>
          )}
        </fieldset>
        {save.isError && <Problem error={save.error} what="the rule" />}
        {remove.isError && <Problem error={remove.error} what="the rule" />}
        <div className="form-acts">
          {may && (
            <button
              type="submit"
              className="button main"
              disabled={
                save.isPending ||
                wrongCondition !== null ||
                draft.groups.some((group) => group.telescopes.length === 0)
              }
            >
              {rule ? 'Save the rule' : 'Add the rule'}
            </button>
          )}
          <button type="button" className="button" onClick={done}>
            {may ? 'Cancel' : 'Close'}
          </button>
          {may && rule && (
            <button
              type="button"
              className="button danger"
              disabled={remove.isPending}
              onClick={() => {
                if (confirm(`Remove the rule ${rule.name}? The plans that it made stay.`)) remove.mutate()
              }}
            >
              Remove
            </button>
          )}
          {draft.groups.some((group) => group.telescopes.length === 0) && (
            <span className="wrong">Every group needs a telescope.</span>
          )}
        </div>
      </form>
      {wrongCondition === null && draft.groups.every((group) => group.telescopes.length > 0) && (
        <div style={{ marginTop: 18 }}>
          <Replay
            title="What this rule, as it stands here, would have planned"
            of={{ rule: { ...ruleOf(draft), name: draft.name.trim() || 'draft' } }}
          />
        </div>
      )}
    </>
  )
}

function GroupFields(props: {
  number: number
  group: GroupDraft
  telescopes: readonly Telescope[]
  wrong: Record<string, string[]>
  change: (part: Partial<GroupDraft>) => void
  remove?: () => void
}) {
  const { number, group, telescopes, wrong, change, remove } = props
  const [first] = useState(() => group.telescopes.map((one) => one.telescope))
  const slugs = group.telescopes.map((one) => one.telescope)
  return (
    <fieldset
      style={{ border: 0, borderTop: '1px solid var(--line)', margin: 0, padding: '12px 0 0', minWidth: 0 }}
    >
      <legend className="visually-hidden">Group {number}</legend>
      <div className="stack">
        <div className="form-grid">
          <label className="stack">
            Title of the plans of group {number}
            <input
              className="field"
              maxLength={100}
              placeholder="event and telescopes"
              value={group.title}
              onChange={(event) => change({ title: event.target.value })}
            />
          </label>
          <NumberField
            label="Begins after (min)"
            value={group.startDelayMinutes}
            min={0}
            max={10_080}
            required
            set={(startDelayMinutes) => startDelayMinutes !== undefined && change({ startDelayMinutes })}
          />
          <NumberField
            label="Hours"
            value={group.terms.hours}
            min={0.1}
            max={336}
            required
            set={(hours) => hours !== undefined && change({ terms: { ...group.terms, hours } })}
          />
          {remove && (
            <button type="button" className="button danger" style={{ alignSelf: 'end' }} onClick={remove}>
              Remove group {number}
            </button>
          )}
        </div>
        <TelescopeChoice
          telescopes={telescopes}
          chosen={new Set(slugs)}
          first={first}
          toggle={(slug) =>
            change({
              telescopes: slugs.includes(slug)
                ? group.telescopes.filter((one) => one.telescope !== slug)
                : [...group.telescopes, { telescope: slug, visits: 1, cadenceMinutes: 30, overlap: 0.05 }],
            })
          }
        />
        {group.telescopes.map((one) => {
          const telescope = telescopes.find((other) => other.slug === one.telescope)
          return (
            telescope && (
              <TelescopeOptions
                key={one.telescope}
                telescope={telescope}
                asked={one}
                isOpen={false}
                wrong={wrong[one.telescope] ?? []}
                change={(next) =>
                  change({
                    telescopes: group.telescopes.map((other) =>
                      other.telescope === one.telescope ? next : other,
                    ),
                  })
                }
              />
            )
          )
        })}
        <TermsFields terms={group.terms} change={(part) => change({ terms: { ...group.terms, ...part } })} />
        <label className="check">
          <input
            type="checkbox"
            checked={group.terms.without.includes('event')}
            onChange={(event) =>
              change({ terms: { ...group.terms, without: event.target.checked ? ['event'] : [] } })
            }
          />
          leave out fields of other open plans of the event
        </label>
      </div>
    </fieldset>
  )
}
