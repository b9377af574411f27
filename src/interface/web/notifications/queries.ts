/** What the pages of notifications ask; every key begins with `notifications`, which events of that room make stale. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get } from '#interface/web/api/client.ts'
import type { Page, Query } from '#interface/web/api/client.ts'
import type { Acknowledgement } from '#observatory/notifications/acknowledgement.ts'
import type { Delivery } from '#observatory/notifications/delivery.ts'
import type { InboxEntry, NotificationPreferences } from '#observatory/notifications/inbox.ts'
import type { NotificationRule } from '#observatory/notifications/rule.ts'
import type { Shift, Turn } from '#observatory/notifications/shift.ts'
import type { ChannelKindInfo, StoredChannel } from '#observatory/notifications/stored-channel.ts'

function pages<T>(path: string, filter: Query, limit: number) {
  return infiniteQueryOptions({
    queryKey: ['notifications', path, filter],
    queryFn: ({ pageParam, signal }) => get<Page<T>>(path, { ...filter, cursor: pageParam, limit }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

function whole<T>(path: string, query: Query = {}) {
  return queryOptions({
    queryKey: ['notifications', path, query],
    queryFn: ({ signal }) => get<Page<T>>(path, query, signal),
  })
}

export const inboxOptions = (filter: Query) => pages<InboxEntry>('/inbox', filter, 100)

/** Everything that reached me of one thread, newest first; `subject` is kind:id. */
export const threadOptions = (subject: string) =>
  // What another thread said must never be shown as this one's.
  ({ ...pages<InboxEntry>('/inbox', { subject }, 100), placeholderData: undefined })

export const unreadOptions = queryOptions({
  queryKey: ['notifications', 'unread'],
  queryFn: ({ signal }) => get<{ unread: number }>('/inbox/unread', {}, signal),
  retry: false,
})

export const acknowledgementOptions = (subject: string) =>
  whole<Acknowledgement>('/acknowledgements', { subject, limit: 1 })

export const rulesOptions = whole<NotificationRule>('/notification-rules')

export interface SourceColumn {
  name: string
  type: string
  unit: string | null
  description: string | null
}

/** What one room tells: kinds with a sentence each, and what conditions on them may name. */
export interface Source {
  kinds: Record<string, string>
  columns: SourceColumn[]
}

export const sourcesOptions = { ...whole<Source>('/notification-sources'), staleTime: 600_000 }
export const channelsOptions = whole<StoredChannel>('/channels')
export const channelKindsOptions = { ...whole<ChannelKindInfo>('/channel-kinds'), staleTime: 600_000 }
export const shiftsOptions = whole<Shift>('/shifts')
export const turnsOptions = (since?: string, until?: string) => whole<Turn>('/shifts/turns', { since, until })
export const deliveriesOptions = (filter: Query, limit = 100) => pages<Delivery>('/deliveries', filter, limit)

export interface PersonalChannel {
  name: string
  title: string
  addresses: 'mail' | 'given' | 'person'
}

export const preferencesOptions = queryOptions({
  queryKey: ['notifications', 'preferences'],
  queryFn: ({ signal }) =>
    get<{ preferences: NotificationPreferences; channels: PersonalChannel[] }>(
      '/notification-preferences',
      {},
      signal,
    ),
})
