import { Modal } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useDeferredValue, useEffect, useId, useState } from 'react'
import { get } from '#interface/web/api/client.ts'
import type { Page } from '#interface/web/api/client.ts'
import { meOptions } from '#interface/web/api/queries.ts'
import { kindWords } from '#interface/web/events/kinds.ts'
import { servicesAt, useCoordinateText } from '#interface/web/pieces/sky-coord.tsx'
import type { EventSummary } from '#observatory/alerts/event.ts'
import { parseDirection } from '#science/sky/angles.ts'
import { themes, usePreferences } from './preferences.tsx'
import { reaches, rooms } from './rooms.ts'

interface Choice {
  id: string
  label: string
  hint: string
  run: () => void
}

/** The one box: a name, coordinates in any form, an id, an event, a command. */
export function Finder({
  opened,
  close,
  showKeys,
}: {
  opened: boolean
  close: () => void
  showKeys: () => void
}) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      withCloseButton={false}
      size={620}
      yOffset="10dvh"
      padding="sm"
      transitionProps={{ duration: 80 }}
      title="Search or go to"
      classNames={{ header: 'visually-hidden' }}
    >
      {opened && <FinderBox close={close} showKeys={showKeys} />}
    </Modal>
  )
}

function FinderBox({ close, showKeys }: { close: () => void; showKeys: () => void }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const listId = useId()
  const asked = useDeferredValue(text.trim())
  const found = useQuery({
    queryKey: ['search', asked],
    queryFn: ({ signal }) => get<Page<EventSummary>>('/events', { q: asked, test: 'all', limit: 8 }, signal),
    enabled: asked.length >= 2,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const commands = useCommands(showKeys)
  const places = usePlaces(text)
  const navigate = useNavigate()
  const things = (asked.length >= 2 ? (found.data?.items ?? []) : []).map((event): Choice => ({
    id: `event ${event.id}`,
    label: event.name,
    hint: [
      kindWords[event.kind],
      event.role === 'observation' ? '' : event.role,
      event.status === 'retracted' ? 'retracted' : (event.eventTime ?? event.firstNoticeAt).slice(0, 10),
    ]
      .filter(Boolean)
      .join(', '),
    run: () => void navigate({ to: '/events/$id', params: { id: event.id } }),
  }))
  const words = text.trim().toLowerCase()
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}$/i.test(asked)
  const byId: Choice[] = uuid
    ? [
        {
          id: 'job',
          label: `Job ${asked}`,
          hint: 'by its id',
          run: () => void navigate({ to: '/jobs/$id', params: { id: asked } }),
        },
        {
          id: 'event',
          label: `Event ${asked}`,
          hint: 'by its id',
          run: () => void navigate({ to: '/events/$id', params: { id: asked } }),
        },
      ]
    : []
  const choices = [
    ...byId,
    ...places,
    ...things,
    ...commands.filter((one) => words === '' || one.label.toLowerCase().includes(words)),
  ]
  const at = Math.min(chosen, Math.max(0, choices.length - 1))
  useEffect(() => {
    // Some browsers answer with a promise, which an effect must not return.
    document.getElementById(`${listId}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [at, listId])
  const take = (choice: Choice | undefined) => {
    if (!choice) return
    close()
    choice.run()
  }
  return (
    <div>
      <input
        className="field"
        style={{ width: '100%', height: 36, fontSize: 15 }}
        data-autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={choices.length > 0 ? `${listId}-${at}` : undefined}
        aria-label="Name, coordinates, id or command"
        placeholder="Name, coordinates, id or command"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setChosen(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault()
            const step = event.key === 'ArrowDown' ? 1 : -1
            setChosen((at + step + choices.length) % Math.max(1, choices.length))
          } else if (event.key === 'Enter') take(choices[at])
        }}
      />
      <ul className="finder-list" role="listbox" id={listId} aria-label="Found">
        {choices.map((choice, i) => (
          <li
            key={choice.id}
            id={`${listId}-${i}`}
            role="option"
            aria-selected={i === at}
            className="finder-item"
            onMouseEnter={() => setChosen(i)}
            onClick={() => take(choice)}
          >
            <span>{choice.label}</span>
            <small>{choice.hint}</small>
          </li>
        ))}
      </ul>
      {choices.length === 0 && (
        <p className="dim" style={{ padding: '8px 10px' }}>
          {found.isFetching
            ? 'Looking…'
            : (whyNoPlace(text) ??
              'Nothing by that name. Coordinates in any form work too: 10h08m22s +12d18m.')}
        </p>
      )}
      {found.isError && asked.length >= 2 && (
        <p className="dim" style={{ padding: '2px 10px' }}>
          The server could not search: {found.error.message}
        </p>
      )}
    </div>
  )
}

function useCommands(showKeys: () => void): Choice[] {
  const navigate = useNavigate()
  const me = useQuery(meOptions).data
  const { theme, coordinates, change } = usePreferences()
  return [
    ...rooms
      .filter((room) => reaches(me?.role ?? null, room.role))
      .map((room) => ({
        id: room.to,
        label: room.name,
        hint: `g ${room.key}`,
        run: () => void navigate({ to: room.to }),
      })),
    {
      id: 'settings',
      label: 'Settings, tokens and sessions',
      hint: 'go',
      run: () => void navigate({ to: '/settings' }),
    },
    ...themes
      .filter((one) => one !== theme)
      .map((one) => ({
        id: `theme ${one}`,
        label: `Theme: ${one}`,
        hint: 't',
        run: () => change({ theme: one }),
      })),
    {
      id: 'coordinates',
      label: `Coordinates: ${coordinates === 'degrees' ? 'sexagesimal' : 'degrees'}`,
      hint: 'show positions so',
      run: () => change({ coordinates: coordinates === 'degrees' ? 'sexagesimal' : 'degrees' }),
    },
    { id: 'keys', label: 'Keys', hint: '?', run: showKeys },
  ]
}

/** A text that reads as a direction can be looked at elsewhere, or on the map of the event one is at. */
/** What is wrong with two numbers that were meant as a place. */
function whyNoPlace(text: string): string | undefined {
  if (!/^[\d\s.,:+\-−hmsd°'"]+$/i.test(text) || !/\d\S*[\s,]+\S*\d/.test(text)) return undefined
  try {
    parseDirection(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : undefined
  }
}

function usePlaces(text: string): Choice[] {
  const write = useCoordinateText()
  const navigate = useNavigate()
  const match = useParams({ from: '/framed/events/$id', shouldThrow: false })
  if (!/\d/.test(text) || text.trim().length < 3 || /^[0-9a-f]{8}-/i.test(text)) return []
  try {
    const { ra, dec } = parseDirection(text)
    const name = write(ra, dec)
    return [
      ...(match
        ? [
            {
              id: 'centre',
              label: `How likely is ${name}`,
              hint: 'on the map of this event',
              run: () =>
                void navigate({
                  to: '/events/$id',
                  params: { id: match.id },
                  search: (old) => ({ ...old, ra, dec, at: `${ra.toFixed(5)},${dec.toFixed(5)}` }),
                }),
            },
          ]
        : []),
      ...servicesAt(ra, dec).map((service) => ({
        id: service.name,
        label: `${service.name} at ${name}`,
        hint: 'opens outside',
        run: () => void window.open(service.url, '_blank', 'noreferrer'),
      })),
    ]
  } catch {
    return []
  }
}
