import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem, send } from '#interface/web/api/client.ts'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { ChannelKindInfo, StoredChannel } from '#observatory/notifications/stored-channel.ts'
import { FieldProblem } from './chips.tsx'
import { fieldsOf, settingsFrom, written, type SettingField } from './schema-fields.ts'

const route = getRouteApi('/framed/notifications')

/** A channel to be set up or changed; its fields are drawn from what its kind says. */
export function ChannelForm(props: {
  channel: StoredChannel | undefined
  kinds: readonly ChannelKindInfo[]
}) {
  const { channel, kinds } = props
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const choosable = kinds.filter((kind) => kind.key !== 'inbox')
  const [key, setKey] = useState(channel?.kind ?? choosable[0]?.key ?? '')
  const [name, setName] = useState<string>()
  const [texts, setTexts] = useState<Record<string, string>>({})
  const [removed, setRemoved] = useState<string[]>([])
  const kind = kinds.find((one) => one.key === key)
  const fields = kind ? fieldsOf(kind.settings, kind.secret) : []
  const textOf = (field: SettingField): string =>
    texts[field.name] ??
    (channel ? written(field.type, channel.settings[field.name]) : field.type === 'flag' ? field.preset : '')
  const save = useMutation({
    mutationFn: () => {
      const settings = {
        ...settingsFrom(fields, Object.fromEntries(fields.map((field) => [field.name, textOf(field)]))),
        ...Object.fromEntries(removed.map((secret) => [secret, null])),
      }
      return channel
        ? send('PUT', `/channels/${channel.name}`, { settings })
        : send('POST', '/channels', { name: name ?? key, kind: key, settings })
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['notifications'] })
      void navigate({ search: { tab: 'channels' } })
    },
  })
  const wrong =
    save.error instanceof ApiProblem && typeof save.error.details['path'] === 'string'
      ? { name: save.error.details['path'].split('.')[0], text: save.error.message }
      : null
  return (
    <>
      <div className="row" style={{ margin: '4px 0 12px' }}>
        <Link to="/notifications" search={{ tab: 'channels' }}>
          ‹ All channels
        </Link>
        <h2 style={{ fontSize: 16 }}>{channel ? `${channel.name} (${channel.title})` : 'New channel'}</h2>
      </div>
      <form
        className="form"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        {!channel && (
          <div className="form-grid">
            <label className="labelled">
              Kind
              <select
                className="select"
                value={key}
                onChange={(event) => {
                  setKey(event.target.value)
                  setTexts({})
                }}
              >
                {choosable.map((one) => (
                  <option key={one.key} value={one.key}>
                    {one.title}
                  </option>
                ))}
              </select>
            </label>
            <label className="labelled">
              Name, by which rules call it
              <input
                className="field"
                required
                pattern="[a-z0-9][a-z0-9\-]{0,39}"
                title="small letters, digits and hyphens"
                value={name ?? key}
                onChange={(event) => setName(event.target.value)}
              />
            </label>
          </div>
        )}
        <div className="form-grid wide">
          {fields.map((field) => (
            <Setting
              key={`${key} ${field.name}`}
              field={field}
              text={textOf(field)}
              change={(text) => setTexts((old) => ({ ...old, [field.name]: text }))}
              isSet={channel?.secrets.includes(field.name) === true && !removed.includes(field.name)}
              remove={() => setRemoved((old) => [...old, field.name])}
              problem={wrong?.name === field.name ? wrong.text : undefined}
            />
          ))}
        </div>
        {save.isError && <Problem error={save.error} what="not saved" />}
        <div className="row" style={{ alignItems: 'center' }}>
          <button type="submit" className="button main" disabled={save.isPending}>
            {channel ? 'Save' : 'Add the channel'}
          </button>
          <Link to="/notifications" search={{ tab: 'channels' }} className="button">
            Cancel
          </Link>
          {!channel && <span className="dim">Then test it: nothing is sent until a rule names it.</span>}
        </div>
      </form>
    </>
  )
}

function Setting(props: {
  field: SettingField
  text: string
  change: (text: string) => void
  /** A secret that the server holds. */
  isSet: boolean
  remove: () => void
  problem: string | undefined
}) {
  const { field, text, change, isSet, remove, problem } = props
  const id = `setting-${field.name}`
  const described = {
    id,
    'aria-describedby': `${id}-hint`,
    'aria-invalid': problem !== undefined || undefined,
  }
  const needed = field.required && !isSet
  return (
    <div className="labelled">
      {field.type !== 'flag' && (
        <label htmlFor={id}>
          {field.label}
          {needed ? '' : <span className="hint"> optional</span>}
        </label>
      )}
      {field.type === 'flag' ? (
        <label className="check">
          <input
            type="checkbox"
            {...described}
            checked={text === 'true'}
            onChange={(event) => change(String(event.target.checked))}
          />
          {field.label}
        </label>
      ) : field.type === 'choice' ? (
        <select
          className="select"
          {...described}
          required={needed}
          value={text}
          onChange={(event) => change(event.target.value)}
        >
          <option value="">{field.preset === '' ? 'choose…' : `${field.preset} (unless chosen)`}</option>
          {field.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : field.type === 'list' || field.type === 'pairs' || field.long ? (
        <textarea
          className="field"
          rows={2}
          spellCheck={false}
          {...described}
          required={needed}
          placeholder={
            field.type === 'list' ? 'one a line' : field.type === 'pairs' ? 'name = value, one a line' : ''
          }
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      ) : (
        <input
          className="field"
          {...described}
          type={field.secret ? 'password' : 'text'}
          inputMode={field.type === 'number' ? 'decimal' : undefined}
          autoComplete={field.secret ? 'new-password' : 'off'}
          required={needed}
          placeholder={isSet ? 'set; leave empty to keep' : field.preset}
          value={text}
          onChange={(event) => change(event.target.value)}
        />
      )}
      <span className="hint" id={`${id}-hint`}>
        {field.description}{' '}
        {isSet && !field.required && (
          <button type="button" className="link-button" onClick={remove}>
            Remove it
          </button>
        )}
      </span>
      <FieldProblem text={problem} />
    </div>
  )
}
