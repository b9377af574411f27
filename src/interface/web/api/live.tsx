import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import type { ReactNode } from 'react'
import { listen } from './stream.ts'
import type { StreamEvent, StreamState } from './stream.ts'

const Context = createContext<StreamState>('waiting')

/** Which questions have a new answer after an event. */
function staleKeys(event: StreamEvent): string[][] {
  const { kind, id } = event.subject
  const room = event.kind.split('.')[0]
  if (room === 'jobs') return [['jobs'], ['job', id]]
  if (room === 'people') return [['people'], ['groups'], ['audit'], ['me'], ['tokens'], ['sessions']]
  if (room === 'alerts') {
    const eventId = kind === 'event' ? id : event.data['eventId']
    const keys = [['events'], ['notices'], ['streams'], ['search']]
    // An event may be open under one of its names; so all open events look again.
    return eventId === undefined ? keys : [...keys, ['event'], ['localization']]
  }
  return [[room]]
}

/** Keeps every open list and thing fresh: one stream of events for all tabs, answers asked again in small batches. */
export function LiveProvider({ children, enabled }: { children: ReactNode; enabled: boolean }) {
  const client = useQueryClient()
  const [state, setState] = useState<StreamState>('waiting')
  useEffect(() => {
    if (!enabled) return
    const pending = new Map<string, string[]>()
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = () => {
      timer = undefined
      for (const key of pending.values()) void client.invalidateQueries({ queryKey: key })
      pending.clear()
    }
    let wasOpen = false
    const stop = listen(
      (event) => {
        for (const key of staleKeys(event)) pending.set(key.join('/'), key)
        timer ??= setTimeout(flush, 120)
      },
      (next) => {
        setState(next)
        // What happened while there was no connection to start from is asked for anew.
        if (next === 'open' && wasOpen) void client.invalidateQueries()
        wasOpen ||= next === 'open'
      },
    )
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client, enabled])
  return <Context value={state}>{children}</Context>
}

/** Whether the page is told about changes as they happen. */
export function useLive(): StreamState {
  return useContext(Context)
}
