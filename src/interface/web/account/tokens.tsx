import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { tokensOptions } from '#interface/web/api/queries.ts'
import { useMinute } from '#interface/web/app/now.tsx'
import { CopyButton } from '#interface/web/pieces/copy.tsx'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { Scope } from '#observatory/people/actor.ts'
import type { Token, TokenShownOnce } from '#observatory/people/token.ts'

const scopeWords: Record<Scope, string> = {
  read: 'read',
  write: 'write',
  operate: 'operate',
  administer: 'administer',
}

/** What one's programs sign in with. */
export function Tokens() {
  const list = useInfiniteQuery(tokensOptions())
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [days, setDays] = useState(90)
  const [scopes, setScopes] = useState<Scope[]>(['read'])
  const refresh = () => client.invalidateQueries({ queryKey: ['tokens'] })
  const make = useMutation({
    mutationFn: () => send<TokenShownOnce>('POST', '/tokens', { name: name.trim(), scopes, days }),
    onSuccess: async () => {
      setName('')
      await refresh()
    },
  })
  const revoke = useMutation({
    mutationFn: (id: string) => send('DELETE', `/tokens/${id}`),
    onSuccess: refresh,
  })
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Section title="Tokens" aside="for programs: Authorization: Bearer …">
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          make.mutate()
        }}
      >
        <label className="labelled">
          What it is for
          <input
            className="field"
            required
            maxLength={80}
            placeholder="notebook on my laptop"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="labelled">
          Days
          <input
            className="field"
            type="number"
            min={1}
            max={730}
            style={{ width: 76 }}
            value={days}
            onChange={(event) => setDays(Number(event.target.value))}
          />
        </label>
        <fieldset
          style={{
            border: 0,
            padding: 0,
            margin: 0,
            display: 'flex',
            gap: 12,
            height: 28,
            alignItems: 'center',
          }}
        >
          <legend className="visually-hidden">It may</legend>
          {(Object.keys(scopeWords) as Scope[]).map((scope) => (
            <label key={scope} className="check">
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={() =>
                  setScopes((old) =>
                    old.includes(scope) ? old.filter((one) => one !== scope) : [...old, scope],
                  )
                }
              />
              {scopeWords[scope]}
            </label>
          ))}
        </fieldset>
        <button
          type="submit"
          className="button main"
          disabled={make.isPending || scopes.length === 0 || name.trim() === ''}
        >
          Make a token
        </button>
      </form>
      {make.isError && <Problem error={make.error} />}
      {make.data && (
        <div className="once" role="status">
          <b>Keep it now: it is not shown again.</b>
          <code className="block">{make.data.token}</code>
          <span>
            <CopyButton text={make.data.token} label="Copy the token" />
          </span>
        </div>
      )}
      {revoke.isError && <Problem error={revoke.error} />}
      {list.isError ? (
        <Problem error={list.error} retry={() => void list.refetch()} what="your tokens" />
      ) : list.isPending ? (
        <Loading lines={3} />
      ) : items.length === 0 ? (
        <p className="dim">None yet.</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">For</th>
              <th scope="col">May</th>
              <th scope="col">Expires</th>
              <th scope="col">Last used</th>
              <th scope="col">
                <span className="visually-hidden">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((token) => (
              <tr key={token.id}>
                <td>
                  {token.name} <code className="dim">{token.hint}…</code>
                </td>
                <td>{token.scopes.join(', ')}</td>
                <td>
                  <Expiry token={token} />
                </td>
                <td className="dim">
                  {token.lastUsedAt ? <Time at={token.lastUsedAt} show="ago" /> : 'never used'}
                  {token.lastUsedFrom && ` from ${token.lastUsedFrom}`}
                </td>
                <td className="right">
                  {!token.revokedAt && (
                    <button
                      type="button"
                      className="link-button"
                      disabled={revoke.isPending}
                      onClick={() => revoke.mutate(token.id)}
                    >
                      Revoke
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  )
}

function Expiry({ token }: { token: Token }) {
  const now = useMinute()
  if (token.revokedAt) return <State tone="none">revoked</State>
  if (Date.parse(token.expiresAt) < now) return <State tone="none">expired</State>
  return <Time at={token.expiresAt} show="ago" />
}
