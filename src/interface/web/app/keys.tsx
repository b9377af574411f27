import { Modal } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { neighbour } from './came-from.ts'
import { themes, usePreferences } from './preferences.tsx'
import { rooms } from './rooms.ts'

/** True while someone types: letters are letters then. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}

/** The keys that work everywhere. */
export function useGlobalKeys() {
  const navigate = useNavigate()
  const { theme, change } = usePreferences()
  const [finder, setFinder] = useState(false)
  const [help, setHelp] = useState(false)
  useEffect(() => {
    let goUntil = 0
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        setFinder(true)
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('[role="dialog"]')) return
      const room = Date.now() < goUntil && rooms.find((one) => one.key === event.key)
      goUntil = 0
      if (room) {
        event.preventDefault()
        void navigate({ to: room.to })
      } else if (event.key === '/') {
        event.preventDefault()
        setFinder(true)
      } else if (event.key === '?') setHelp(true)
      else if (event.key === 'g') goUntil = Date.now() + 1200
      else if (event.key === 't') change({ theme: themes[(themes.indexOf(theme) + 1) % themes.length] })
      else if (event.key === 'j' || event.key === 'k') {
        const to = neighbour(location.pathname, event.key === 'j' ? 1 : -1)
        if (to) void navigate({ to })
      }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [navigate, theme, change])
  return { finder, setFinder, help, setHelp }
}

const keys: readonly (readonly [string, string])[] = [
  ['/  or  Ctrl K', 'Search or go to: a name, coordinates, an id, a command'],
  ['j  k', 'Next and previous: in a list, or among the things of the list one came from'],
  ['Enter', 'Open the chosen row'],
  [
    'g  then  t e l s c i n j p',
    'Go to Tonight, Events, Plans, Telescopes, Catalogues, Inbox, Notifications, Jobs, People',
  ],
  ['a  r  R', 'In the inbox: acknowledge, mark the thread read, mark all read'],
  ['t', 'Theme: dark, light, red'],
  ['?', 'These keys'],
]

export function KeysHelp({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Keys"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <dl className="keys">
        {keys.map(([key, what]) => [
          <dt key={key}>
            {key
              .split('  ')
              .map((part) =>
                /^(or|then)$/.test(part)
                  ? ` ${part} `
                  : part.split(' ').map((one) => <kbd key={one}>{one}</kbd>),
              )}
          </dt>,
          <dd key={what}>{what}</dd>,
        ])}
      </dl>
    </Modal>
  )
}
