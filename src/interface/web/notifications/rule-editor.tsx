import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem, send } from '#interface/web/api/client.ts'
import { groupsOptions, peopleOptions } from '#interface/web/api/queries.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { NamedRule, NotificationRule } from '#observatory/notifications/rule.ts'
import { Chips, FieldProblem } from './chips.tsx'
import { Condition, KindChoice } from './condition.tsx'
import { channelsOptions, shiftsOptions, sourcesOptions } from './queries.ts'
import { Replay } from './replay.tsx'
import { recipientWords, ruleWords } from './rule-words.ts'
import { definitionOf, useNames } from './rule-names.ts'
import { IfNobody, Soon } from './rule-timing.tsx'

const route = getRouteApi('/framed/notifications')

const empty: NamedRule = {
  name: '',
  title: '',
  enabled: true,
  kinds: ['alerts.*'],
  when: '',
  to: ['everybody'],
  through: ['inbox'],
  digest: null,
  urgent: false,
  rehearsals: false,
  headline: null,
  remind: null,
  escalate: null,
}

/** Where a refused rule has its mistake: the key, and the sentence without that key before it. */
function mistakeOf(error: unknown): { key: string; text: string; line?: number; column?: number } | null {
  if (!(error instanceof ApiProblem)) return null
  const { path, line, column } = error.details
  if (!Array.isArray(path) || path.length === 0) return null
  return {
    key: String(path[0]),
    text: error.message.replace(`${path.join('.')}: `, ''),
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof column === 'number' ? { column } : {}),
  }
}

/** A rule to be written or changed, with what it would have sent beside it. */
export function RuleEditor(props: {
  /** None: a new one. */
  rule: NotificationRule | undefined
  rules: readonly NotificationRule[]
  may: boolean
}) {
  const { rule, may } = props
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const [draft, setDraft] = useState<NamedRule>(rule ? { name: rule.name, ...definitionOf(rule) } : empty)
  const set = (part: Partial<NamedRule>) => setDraft((old) => ({ ...old, ...part }))
  const sources = useQuery(sourcesOptions).data?.items ?? []
  const names = useNames()
  const recipients = useRecipients()
  const channels = (useQuery({ ...channelsOptions, enabled: may }).data?.items ?? []).map(
    ({ name, title }) => ({
      value: name,
      label: `${name} (${title})`,
    }),
  )
  const done = async () => {
    await client.invalidateQueries({ queryKey: ['notifications'] })
    void navigate({ search: {} })
  }
  const save = useMutation({
    mutationFn: () => {
      const { name, ...definition } = draft
      return rule
        ? send('PUT', `/notification-rules/${rule.name}`, definition)
        : send('POST', '/notification-rules', { name, ...definition })
    },
    onSuccess: done,
  })
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/notification-rules/${rule!.name}`),
    onSuccess: done,
  })
  const mistake = mistakeOf(save.error)
  const problemOf = (key: string) => (mistake?.key === key ? mistake.text : undefined)
  const words = (one: string) => recipientWords(one, names)

  return (
    <>
      <div className="row" style={{ margin: '4px 0 12px' }}>
        <Link to="/notifications" search={{}}>
          ‹ All rules
        </Link>
        <h2 style={{ fontSize: 16 }}>{rule ? rule.title || rule.name : 'New rule'}</h2>
        {rule && rule.problem !== null && <span className="field-problem">{rule.problem}</span>}
      </div>
      <div className="editor">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            save.mutate()
          }}
        >
          <fieldset disabled={!may} className="bare">
            <Section title="The rule">
              <div className="form-grid">
                <label className="labelled">
                  Name
                  <input
                    className="field"
                    required
                    disabled={rule !== undefined}
                    pattern="[a-z0-9][a-z0-9\-]{0,59}"
                    title="small letters, digits and hyphens"
                    value={draft.name}
                    onChange={(event) => set({ name: event.target.value })}
                  />
                  {!rule && <span className="hint">small letters, digits and hyphens</span>}
                </label>
                <label className="labelled">
                  Title, if the name does not say it
                  <input
                    className="field"
                    maxLength={200}
                    value={draft.title}
                    onChange={(event) => set({ title: event.target.value })}
                  />
                </label>
              </div>
              <label className="check" style={{ marginTop: 8 }}>
                <input
                  type="checkbox"
                  checked={draft.enabled}
                  onChange={(event) => set({ enabled: event.target.checked })}
                />
                Followed from now on
              </label>
            </Section>
            <Section title="Of what">
              <KindChoice sources={sources} kinds={draft.kinds} onChange={(kinds) => set({ kinds })} />
              <FieldProblem text={problemOf('kinds')} />
              <Condition
                sources={sources}
                kinds={draft.kinds}
                value={draft.when}
                onChange={(when) => set({ when })}
                mistake={mistake?.key === 'when' ? mistake : null}
              />
              <label className="check" style={{ marginTop: 8 }}>
                <input
                  type="checkbox"
                  checked={draft.rehearsals}
                  onChange={(event) => set({ rehearsals: event.target.checked })}
                />
                Also tests and mocks
              </label>
            </Section>
            <Section title="Who is told, and how">
              <div className="stack">
                <div className="labelled">
                  To
                  <Chips
                    label="To"
                    values={draft.to}
                    onChange={(to) => set({ to })}
                    options={recipients}
                    words={words}
                    placeholder="add somebody…"
                  />
                  <FieldProblem text={problemOf('to')} />
                </div>
                <div className="labelled">
                  By
                  <Chips
                    label="By"
                    values={draft.through}
                    onChange={(through) => set({ through })}
                    options={channels}
                    placeholder="add a channel…"
                  />
                  <FieldProblem text={problemOf('through')} />
                </div>
                <Soon draft={draft} set={set} problem={problemOf('digest')} />
                <label className="labelled">
                  Headline, instead of the message’s own
                  <input
                    className="field"
                    maxLength={300}
                    placeholder="{name}: {area_90} deg2 at {distance} Mpc"
                    value={draft.headline ?? ''}
                    onChange={(event) => set({ headline: event.target.value || null })}
                  />
                  {mistake?.key === 'headline' && mistake.column !== undefined && draft.headline && (
                    <code className="caret">
                      {draft.headline}
                      {'\n'}
                      {' '.repeat(mistake.column - 1)}^
                    </code>
                  )}
                  <FieldProblem text={problemOf('headline')} />
                </label>
              </div>
            </Section>
            <IfNobody
              draft={draft}
              set={set}
              recipients={recipients}
              channels={channels}
              words={words}
              mistake={problemOf('escalate') ?? problemOf('remind')}
            />
            {save.isError && <Problem error={save.error} what="the rule is not saved" />}
            {remove.isError && <Problem error={remove.error} />}
            {may ? (
              <div className="row" style={{ alignItems: 'center' }}>
                <button
                  type="submit"
                  className="button main"
                  disabled={
                    save.isPending ||
                    draft.kinds.length === 0 ||
                    draft.to.length === 0 ||
                    draft.through.length === 0
                  }
                >
                  {rule ? 'Save' : 'Make the rule'}
                </button>
                <Link to="/notifications" search={{}} className="button">
                  Cancel
                </Link>
                {rule && (
                  <button
                    type="button"
                    className="button danger"
                    disabled={remove.isPending}
                    onClick={() => remove.mutate()}
                  >
                    Remove the rule
                  </button>
                )}
              </div>
            ) : (
              <p className="dim">Operators change rules.</p>
            )}
          </fieldset>
        </form>
        <div className="stack" style={{ gap: 24 }}>
          <Section title="In words">
            <p style={{ overflowWrap: 'anywhere' }}>
              {ruleWords({ ...draft, problem: null, updatedBy: '', updatedAt: '' }, names)}
            </p>
          </Section>
          <Replay draft={() => ({ ...draft, enabled: true, name: draft.name || 'draft' })} />
        </div>
      </div>
    </>
  )
}

/** Whom a rule may name: fixed ones, groups, shifts, people. */
function useRecipients(): { value: string; label: string }[] {
  const groups = useInfiniteQuery(groupsOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const people = useInfiniteQuery(peopleOptions()).data?.pages.flatMap((page) => page.items) ?? []
  const shifts = useQuery(shiftsOptions).data?.items ?? []
  const titles = [...new Set(shifts.map((shift) => shift.title))]
  return [
    ...['everybody', 'channel', 'shift', ...titles.map((title) => `shift:${title}`)].map((value) => ({
      value,
      label: recipientWords(value),
    })),
    ...groups.map((group) => ({ value: `group:${group.name}`, label: `group ${group.name}` })),
    ...people.map((person) => ({
      value: `person:${person.email ?? person.id}`,
      label: person.email ? `${person.name}, ${person.email}` : person.name,
    })),
  ]
}
