import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { reaches } from '#interface/web/app/rooms.ts'
import { Empty, Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { State } from '#interface/web/pieces/state.tsx'
import type { Tone } from '#interface/web/pieces/state.tsx'
import { Time } from '#interface/web/pieces/time.tsx'
import type { StoredChannel, TestResult } from '#observatory/notifications/stored-channel.ts'
import { ChannelForm } from './channel-form.tsx'
import { channelKindsOptions, channelsOptions } from './queries.ts'

const route = getRouteApi('/framed/notifications')
const tones: Record<StoredChannel['state'], Tone> = {
  ok: 'done',
  failing: 'failed',
  off: 'none',
  'unknown kind': 'needs',
}
const words: Record<StoredChannel['state'], string> = {
  ok: 'ok',
  failing: 'failing',
  off: 'off',
  'unknown kind': 'not of this version',
}

/** The ways by which messages leave: how each fares, and, for administrators, setting them up. */
export function Channels() {
  const { channel: chosen } = route.useSearch()
  const list = useQuery(channelsOptions)
  const kinds = useQuery(channelKindsOptions)
  const me = useQuery(meOptions).data
  const may = reaches(me?.role ?? null, 'administrator')
  const failed = list.error ?? kinds.error
  if (failed)
    return (
      <Problem
        error={failed}
        retry={() => void Promise.all([list.refetch(), kinds.refetch()])}
        what="the channels"
      />
    )
  if (!list.data || !kinds.data) return <Loading />
  const channels = list.data.items
  if (chosen !== undefined && may) {
    const channel = channels.find((one) => one.name === chosen)
    if (channel || chosen === 'new')
      return <ChannelForm key={chosen} channel={channel} kinds={kinds.data.items} />
    return (
      <Empty title={`There is no channel ${chosen}.`}>
        <p>
          <Link to="/notifications" search={{ tab: 'channels' }}>
            All channels
          </Link>
        </p>
      </Empty>
    )
  }
  const onlyInbox = channels.every((channel) => channel.kind === 'inbox')
  return (
    <>
      <div className="table-tools">
        <span>
          {channels.length} {channels.length === 1 ? 'channel' : 'channels'}; each has its own queue and
          delays no other
        </span>
        {may && (
          <span className="end">
            <Link to="/notifications" search={{ tab: 'channels', channel: 'new' }} className="button main">
              Add a channel
            </Link>
          </span>
        )}
      </div>
      <div style={{ borderTop: '1px solid var(--line)' }}>
        {channels.map((channel) => (
          <ChannelLine key={channel.name} channel={channel} may={may} />
        ))}
      </div>
      {onlyInbox && (
        <Empty title="Messages stay in this page so far.">
          <p>
            {may
              ? 'Add Slack, mail, a webhook, or a folder in ownCloud, S3 or on this machine, then name it in a rule.'
              : 'Administrators can add Slack, mail, webhooks and cloud folders.'}
          </p>
        </Empty>
      )}
    </>
  )
}

function ChannelLine({ channel, may }: { channel: StoredChannel; may: boolean }) {
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: ['notifications'] })
  const path = `/channels/${channel.name}`
  const [testing, setTesting] = useState(false)
  const [sure, setSure] = useState(false)
  const change = useMutation({
    mutationFn: () => send('PUT', path, { enabled: !channel.enabled }),
    onSettled: refresh,
  })
  const remove = useMutation({ mutationFn: () => send('DELETE', path), onSettled: refresh })
  return (
    <div className="rule-line">
      <div className="row">
        <b>{channel.name}</b>
        <span className="dim">
          {channel.title}
          {channel.reaches === 'files' ? ', keeps files' : ''}
        </span>
        <State tone={tones[channel.state]}>{words[channel.state]}</State>
      </div>
      <div className="row">
        {may && (
          <>
            {channel.kind !== 'inbox' && (
              <button type="button" className="link-button" onClick={() => setTesting(!testing)}>
                Test…
              </button>
            )}
            {channel.kind !== 'inbox' && (
              <Link to="/notifications" search={{ tab: 'channels', channel: channel.name }}>
                Edit
              </Link>
            )}
            <button
              type="button"
              className="link-button"
              disabled={change.isPending}
              onClick={() => change.mutate()}
            >
              {channel.enabled ? 'Disable' : 'Enable'}
            </button>
            {channel.kind !== 'inbox' &&
              (sure ? (
                <button
                  type="button"
                  className="link-button"
                  style={{ color: 'var(--failed)' }}
                  disabled={remove.isPending}
                  onClick={() => remove.mutate()}
                  onBlur={() => setSure(false)}
                >
                  Really remove
                </button>
              ) : (
                <button type="button" className="link-button" onClick={() => setSure(true)}>
                  Remove
                </button>
              ))}
          </>
        )}
      </div>
      <p className="rule-words dim">
        {channel.lastSentAt ? (
          <>
            Last message <Time at={channel.lastSentAt} show="ago" />.{' '}
          </>
        ) : (
          'Nothing sent yet. '
        )}
        <Link to="/notifications" search={{ tab: 'deliveries', channel: channel.name }}>
          Its deliveries
        </Link>
      </p>
      {channel.state === 'failing' && (
        <div className="problem" style={{ margin: '4px 0 0' }}>
          <span>{channel.failingWhy}</span>
          <span className="dim">
            Failing since <Time at={channel.failingSince} />; it is tried again by itself, and nothing is
            lost.
          </span>
        </div>
      )}
      {change.isError && <Problem error={change.error} />}
      {remove.isError && <Problem error={remove.error} what="it stays" />}
      {testing && <Test channel={channel} />}
    </div>
  )
}

const addressWords: Record<StoredChannel['addresses'], string | null> = {
  none: null,
  person: null,
  mail: 'To mail addresses, with commas; empty: the channel’s own audience',
  given: 'To members, with commas (U…); empty: the channel itself',
}

/** A test message now, and what came of it. */
function Test({ channel }: { channel: StoredChannel }) {
  const client = useQueryClient()
  const [to, setTo] = useState('')
  const label = addressWords[channel.addresses]
  const test = useMutation({
    mutationFn: () =>
      send<TestResult>('POST', `/channels/${channel.name}/test`, {
        to: to
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  })
  return (
    <div style={{ gridColumn: '1 / -1' }}>
      <form
        className="inline-form"
        onSubmit={(event) => {
          event.preventDefault()
          test.mutate()
        }}
      >
        {label && (
          <label className="labelled" style={{ flex: '0 1 420px' }}>
            {label}
            <input className="field" value={to} onChange={(event) => setTo(event.target.value)} />
          </label>
        )}
        <button type="submit" className="button main" disabled={test.isPending}>
          {test.isPending ? 'Sending…' : 'Send a test message'}
        </button>
      </form>
      {test.isError && <Problem error={test.error} />}
      {test.data?.delivered && (
        <div className="once" role="status">
          <State tone="done">delivered in {test.data.seconds.toFixed(1)} s</State>
          <span>
            {test.data.receipt}{' '}
            {test.data.url && (
              <a href={test.data.url} target="_blank" rel="noreferrer">
                Open it
              </a>
            )}
          </span>
        </div>
      )}
      {test.data?.problem && (
        <div className="problem" role="alert">
          <b>Not delivered</b>
          <span>{test.data.problem.message}</span>
          <code className="dim">{test.data.problem.code}</code>
        </div>
      )}
    </div>
  )
}
