import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { duration } from '#interface/web/pieces/format.ts'
import { State } from '#interface/web/pieces/state.tsx'
import type { Darkness } from './dark-hours.ts'

/** Tells of any telescope whether it is night there; undefined until the astronomy is loaded. */
export function useDarkness(now: number) {
  const code = useQuery({
    queryKey: ['code', 'dark-hours'],
    queryFn: () => import('./dark-hours.ts'),
    staleTime: Infinity,
  }).data
  const ten = Math.floor(now / 600_000) * 600_000
  return useMemo(() => code?.darknessAt(ten), [code, ten])
}

/** `dark, 4 h left`, `in 2 h`, by the Sun's altitude that the telescope asks for. */
export function DarkWord({ dark }: { dark: Darkness | undefined }) {
  if (!dark) return <span className="dim">…</span>
  if (dark.state === 'space') return <span className="dim">in space</span>
  if (dark.state === 'never') return <span className="doubt">no night</span>
  if (dark.state === 'now') return <State tone="done">dark, {duration(dark.for)} left</State>
  return <span className="dim">dark in {duration(dark.in)}</span>
}
