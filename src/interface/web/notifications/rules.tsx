import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { address, send, sendBytes } from '#interface/web/api/client.ts'
import type { Page } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { NotificationRule } from '#observatory/notifications/rule.ts'
import { rulesOptions } from './queries.ts'
import { Replay } from './replay.tsx'
import { RuleEditor } from './rule-editor.tsx'
import { definitionOf, useNames } from './rule-names.ts'
import { ruleWords } from './rule-words.ts'

const route = getRouteApi('/framed/notifications')

/** Rules in words, each switched on and off here; one is opened by its name in the address. */
export function Rules() {
  const { rule: chosen } = route.useSearch()
  const list = useQuery(rulesOptions)
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'operator')
  if (list.isError) return <Problem error={list.error} retry={() => void list.refetch()} what="the rules" />
  if (list.isPending) return <Loading />
  const rules = list.data.items
  if (chosen !== undefined) {
    const rule = rules.find((one) => one.name === chosen)
    if (rule || chosen === 'new') return <RuleEditor key={chosen} rule={rule} rules={rules} may={may} />
    return (
      <Empty title={`There is no rule ${chosen}.`}>
        <p>
          <Link to="/notifications" search={{}}>
            All rules
          </Link>
        </p>
      </Empty>
    )
  }
  return (
    <div className="stack" style={{ gap: 24 }}>
      <div>
        <div className="table-tools">
          <span>
            {rules.length} {rules.length === 1 ? 'rule' : 'rules'}; each that fits an occurrence tells whom it
            names
          </span>
          <span className="end" style={{ alignItems: 'center' }}>
            {may && <ImportRules />}
            <a href={address('/notification-rules.toml')} download="rules.toml">
              Export TOML
            </a>
            {may && (
              <Link to="/notifications" search={{ rule: 'new' }} className="button main">
                New rule
              </Link>
            )}
          </span>
        </div>
        {rules.length === 0 ? (
          <Empty title="No rules: nobody is told anything.">
            <p>A rule says what is told, to whom and by which channel.</p>
          </Empty>
        ) : (
          <div style={{ borderTop: '1px solid var(--line)' }}>
            {rules.map((rule) => (
              <RuleLine key={rule.name} rule={rule} may={may} />
            ))}
          </div>
        )}
      </div>
      <Replay />
    </div>
  )
}

function RuleLine({ rule, may }: { rule: NotificationRule; may: boolean }) {
  const client = useQueryClient()
  const names = useNames()
  const change = useMutation({
    mutationFn: () =>
      send('PUT', `/notification-rules/${rule.name}`, { ...definitionOf(rule), enabled: !rule.enabled }),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  return (
    <div className={rule.enabled ? 'rule-line' : 'rule-line off'}>
      <div className="row">
        <Link to="/notifications" search={{ rule: rule.name }}>
          <b>{rule.title || rule.name}</b>
        </Link>
        {rule.title && <code className="dim">{rule.name}</code>}
        {rule.problem !== null ? (
          <State tone="needs">not followed</State>
        ) : rule.enabled ? (
          <State tone="done">on</State>
        ) : (
          <State tone="none">off</State>
        )}
      </div>
      <div className="row">
        <span className="dim">
          {rule.updatedBy}, <Time at={rule.updatedAt} show="ago" />
        </span>
        {may && (
          <button
            type="button"
            className="link-button"
            disabled={change.isPending}
            onClick={() => change.mutate()}
          >
            {rule.enabled ? 'Disable' : 'Enable'}
          </button>
        )}
      </div>
      <p className="rule-words dim">{ruleWords(rule, names)}</p>
      {rule.problem !== null && (
        <div className="problem partial" style={{ margin: '4px 0 0' }}>
          {rule.problem}
        </div>
      )}
      {change.isError && <Problem error={change.error} />}
    </div>
  )
}

function ImportRules() {
  const client = useQueryClient()
  const take = useMutation({
    mutationFn: (file: File) =>
      sendBytes<Page<NotificationRule>>('/notification-rules/import', {}, file, 'application/toml'),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  return (
    <>
      <label
        className="link-button"
        title="All rules of the file, or none; those of the same name are replaced"
      >
        <input
          type="file"
          accept=".toml"
          className="visually-hidden"
          onChange={(event) => {
            const [file] = event.target.files ?? []
            event.target.value = ''
            if (file) take.mutate(file)
          }}
        />
        {take.isPending
          ? 'Importing…'
          : take.isSuccess
            ? `${take.data.items.length} imported`
            : 'Import TOML'}
      </label>
      {take.isError && <Problem error={take.error} what="nothing was imported" />}
    </>
  )
}
