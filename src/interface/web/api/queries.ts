/** Every question the page asks, with its key; live events make keys stale by their first part. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { FeatureCollection } from 'geojson'
import type { EventDetail, EventHistoryEntry, EventSummary } from '#observatory/alerts/event.ts'
import type { LevelAnswer, LocalizationSummary } from '#observatory/alerts/localization.ts'
import type { NoticeSummary } from '#observatory/alerts/notice.ts'
import type { AuditEntry } from '#observatory/people/audit-entry.ts'
import type { Group, Me, Person, Session } from '#observatory/people/person.ts'
import type { Token } from '#observatory/people/token.ts'
import { ApiProblem, get } from './client.ts'
import type { Page, Query } from './client.ts'

export interface Job {
  id: string
  kind: string
  title: string
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'retrying'
  subject: { kind: string; id: string } | null
  requestedBy: string | null
  attempt: number
  progress: {
    done: number
    total: number
    unit: string
    perSecond: number | null
    etaSeconds: number | null
  } | null
  problem: { code: string; message: string } | null
  result: unknown
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

/** A stream of alerts; `updatedAt` is when the listening process last wrote. */
export interface StreamRow {
  name: string
  state: string
  /** Messages not yet read. */
  lag: number | null
  lastMessageAt: string | null
  updatedAt: string
  problem: { code: string; message: string } | null
}

/** Cursor pages of any list, as one growing array. */
export function listOptions<T>(key: string, path: string, filter: Query, limit = 100) {
  return infiniteQueryOptions({
    queryKey: [key, 'list', filter],
    queryFn: ({ pageParam, signal }) => get<Page<T>>(path, { ...filter, cursor: pageParam, limit }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  })
}

export const meOptions = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => get<Me>('/me', {}, signal),
  staleTime: 60_000,
  retry: (count, error) =>
    !(error instanceof ApiProblem && error.status >= 400 && error.status < 500) && count < 2,
})

/** `test` asks for tests and mocks beside the rest. */
export const eventsQuery = ({ test, ...filter }: Query): Query => ({
  ...filter,
  test: test ? 'all' : undefined,
})
export const eventsOptions = (filter: Query) =>
  listOptions<EventSummary>('events', '/events', eventsQuery(filter))
export const jobsOptions = (filter: Query) => listOptions<Job>('jobs', '/jobs', filter, 50)
export const noticesOptions = (filter: Query) => listOptions<NoticeSummary>('notices', '/notices', filter, 50)
export const peopleOptions = () => listOptions<Person>('people', '/people', {}, 200)
export const groupsOptions = () => listOptions<Group>('groups', '/groups', {}, 200)
export const auditOptions = (filter: Query) => listOptions<AuditEntry>('audit', '/audit', filter, 100)
export const tokensOptions = () => listOptions<Token>('tokens', '/tokens', {}, 100)
export const sessionsOptions = () => listOptions<Session>('sessions', '/sessions', {}, 100)

export const eventOptions = (id: string) =>
  queryOptions({
    queryKey: ['event', id],
    queryFn: ({ signal }) => get<EventDetail>(`/events/${encodeURIComponent(id)}`, {}, signal),
    placeholderData: keepPreviousData,
  })

export const eventHistoryOptions = (id: string) =>
  queryOptions({
    queryKey: ['event', id, 'history'],
    queryFn: ({ signal }) =>
      get<Page<EventHistoryEntry>>(`/events/${encodeURIComponent(id)}/history`, {}, signal),
  })

/** Credible level of a place on a map. */
export const levelOptions = (id: string, at: { ra: number; dec: number } | null) =>
  queryOptions({
    queryKey: ['level', id, at?.ra, at?.dec],
    queryFn: ({ signal }) =>
      get<LevelAnswer>(`/localizations/${id}/level`, { ra: at!.ra, dec: at!.dec }, signal),
    enabled: at !== null,
    staleTime: Infinity,
  })

/** A map is its hash: what was drawn from it never changes. */
export const contoursOptions = (id: string) =>
  queryOptions({
    queryKey: ['contours', id],
    queryFn: ({ signal }) =>
      get<FeatureCollection>(`/localizations/${id}/contours`, { levels: '0.1,0.3,0.5,0.7,0.9' }, signal),
    staleTime: Infinity,
  })

export const jobOptions = (id: string) =>
  queryOptions({ queryKey: ['job', id], queryFn: ({ signal }) => get<Job>(`/jobs/${id}`, {}, signal) })

/** The event that a job is about, through its notice or localization where it names one of these. */
export const subjectOptions = (subject: { kind: string; id: string } | null) =>
  queryOptions({
    queryKey: ['subject', subject?.kind, subject?.id],
    queryFn: async ({ signal }): Promise<{ label: string; eventId: string | null }> => {
      const { kind, id } = subject!
      if (kind === 'notice') {
        const notice = await get<NoticeSummary>(`/notices/${id}`, {}, signal)
        return {
          label: notice.eventName ? `${notice.title}, ${notice.eventName}` : notice.title || notice.topic,
          eventId: notice.eventId,
        }
      }
      const localization = await get<LocalizationSummary>(`/localizations/${id}`, {}, signal)
      return { label: `${localization.kind} localization`, eventId: localization.eventId }
    },
    enabled: subject?.kind === 'notice' || subject?.kind === 'localization',
    retry: false,
    staleTime: 60_000,
  })

export const jobLogOptions = (id: string) =>
  queryOptions({
    queryKey: ['job', id, 'log'],
    queryFn: ({ signal }) =>
      get<Page<{ line: number; at: string; text: string }>>(`/jobs/${id}/log`, {}, signal),
  })

export const streamsOptions = queryOptions({
  queryKey: ['streams'],
  queryFn: ({ signal }) => get<Page<StreamRow> & { configured: boolean }>('/streams', {}, signal),
  refetchInterval: 10_000,
})
