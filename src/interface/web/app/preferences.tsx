import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react'
import type { ReactNode } from 'react'
import type { Site } from '#science/sky/sites.ts'

export const themes = ['dark', 'light', 'red'] as const
export type Theme = (typeof themes)[number]

/** What this browser remembers of how its person likes to look. */
export interface Preferences {
  theme: Theme
  coordinates: 'degrees' | 'sexagesimal'
  /** Slug of the observatory whose night is shown; of a telescope's site `telescope:` and the telescope's. */
  site: string
  /** Where a telescope's site is; null for an observatory, which is known. */
  place: Site | null
  /** Chosen columns by table; absent: the table's own choice. */
  columns: Record<string, string[]>
}

const key = 'urania.preferences'

interface Held extends Preferences {
  readonly change: (part: Partial<Preferences>) => void
}

const Context = createContext<Held | null>(null)

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Preferences>
  } catch {
    return {}
  }
}

/** Holds the preferences and keeps the document's theme, storage and other tabs in step with them. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [preferences, setPreferences] = useState<Preferences>(() => ({
    coordinates: 'degrees',
    site: 'paranal',
    place: null,
    columns: {},
    ...stored(),
    // Set by theme.js before the first paint.
    theme: (document.documentElement.dataset['theme'] as Theme | undefined) ?? 'dark',
  }))

  const change = useCallback((part: Partial<Preferences>) => {
    setPreferences((old) => ({ ...old, ...part }))
    try {
      localStorage.setItem(key, JSON.stringify({ ...stored(), ...part }))
    } catch {
      // A browser that keeps nothing still shows everything.
    }
  }, [])

  useEffect(() => {
    document.documentElement.dataset['theme'] = preferences.theme
    document.documentElement.dataset['mantineColorScheme'] = preferences.theme === 'light' ? 'light' : 'dark'
  }, [preferences.theme])

  useEffect(() => {
    const follow = (event: StorageEvent) => {
      if (event.key === key) setPreferences((old) => ({ ...old, ...stored() }))
    }
    addEventListener('storage', follow)
    return () => removeEventListener('storage', follow)
  }, [])

  const held = useMemo(() => ({ ...preferences, change }), [preferences, change])
  return <Context value={held}>{children}</Context>
}

export function usePreferences(): Held {
  const held = useContext(Context)
  if (!held) throw new Error('usePreferences outside of PreferencesProvider')
  return held
}
