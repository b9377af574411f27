import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import type { NotificationPreferences } from '#observatory/notifications/inbox.ts'
import { preferencesOptions, type PersonalChannel } from './queries.ts'
import { Zones } from './zones.tsx'

/** How one wants to be told: by which channels, at which hours. */
export function Mine() {
  const query = useQuery(preferencesOptions)
  if (query.isError)
    return <Problem error={query.error} retry={() => void query.refetch()} what="your preferences" />
  if (!query.data) return <Loading />
  return <Form stored={query.data.preferences} channels={query.data.channels} />
}

const addressLabels: Record<PersonalChannel['addresses'], string | null> = {
  person: null,
  mail: 'Address, if not that of your account',
  given: 'Your member id there (U…): nothing arrives without it',
}

function Form(props: { stored: NotificationPreferences; channels: readonly PersonalChannel[] }) {
  const { stored, channels } = props
  const client = useQueryClient()
  const [draft, setDraft] = useState(stored)
  const set = (part: Partial<NotificationPreferences>) => setDraft((old) => ({ ...old, ...part }))
  const save = useMutation({
    mutationFn: () =>
      send('PUT', '/notification-preferences', {
        ...draft,
        addresses: Object.fromEntries(
          Object.entries(draft.addresses).filter(([, address]) => address.trim() !== ''),
        ),
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  const changed = JSON.stringify(draft) !== JSON.stringify(stored)
  return (
    <form
      className="form"
      style={{ gap: 24 }}
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <Section title="Quiet hours" aside="only what a rule calls urgent comes then; the rest when they end">
        <div className="row" style={{ alignItems: 'end' }}>
          <label className="check" style={{ height: 28 }}>
            <input
              type="checkbox"
              checked={draft.quiet !== null}
              onChange={() => set({ quiet: draft.quiet ? null : { from: '22:00', to: '07:00' } })}
            />
            Keep quiet
          </label>
          {draft.quiet && (
            <>
              {(['from', 'to'] as const).map((end) => (
                <label key={end} className="labelled">
                  {end === 'from' ? 'From' : 'To'}
                  <input
                    className="field"
                    required
                    pattern="([01]\d|2[0-3]):[0-5]\d"
                    title="hour:minute, as 22:00"
                    size={6}
                    value={draft.quiet?.[end]}
                    onChange={(event) => set({ quiet: { ...draft.quiet!, [end]: event.target.value } })}
                  />
                </label>
              ))}
            </>
          )}
          <label className="labelled">
            Your time zone
            <input
              className="field"
              list="zones"
              required
              value={draft.zone}
              onChange={(event) => set({ zone: event.target.value })}
            />
          </label>
          {draft.zone !== browserZone && (
            <button type="button" className="link-button" onClick={() => set({ zone: browserZone })}>
              {browserZone}, as this browser
            </button>
          )}
          <Zones />
        </div>
      </Section>
      <Section title="By which ways" aside="for messages to you by yourself; rules decide which there are">
        {channels.length === 0 && <p className="dim">No channel here reaches single people.</p>}
        {channels.map((channel) => (
          <div key={channel.name} className="rule-line">
            <label className="check">
              <input
                type="checkbox"
                checked={!draft.muted.includes(channel.name)}
                onChange={() =>
                  set({
                    muted: draft.muted.includes(channel.name)
                      ? draft.muted.filter((one) => one !== channel.name)
                      : [...draft.muted, channel.name],
                  })
                }
              />
              <b>{channel.name}</b> <span className="dim">{channel.title}</span>
            </label>
            <span />
            {addressLabels[channel.addresses] && (
              <label className="labelled" style={{ maxWidth: 420 }}>
                {addressLabels[channel.addresses]}
                <input
                  className="field"
                  maxLength={254}
                  value={draft.addresses[channel.name] ?? ''}
                  onChange={(event) =>
                    set({ addresses: { ...draft.addresses, [channel.name]: event.target.value } })
                  }
                />
              </label>
            )}
          </div>
        ))}
      </Section>
      {save.isError && <Problem error={save.error} what="not saved" />}
      <div className="row" style={{ alignItems: 'center' }}>
        <button type="submit" className="button main" disabled={!changed || save.isPending}>
          Save
        </button>
        {save.isSuccess && !changed && <State tone="done">saved</State>}
      </div>
    </form>
  )
}

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone
