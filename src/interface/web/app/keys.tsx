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
