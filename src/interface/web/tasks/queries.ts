/** What the pages of tasks ask; keys begin with `tasks`, which events of that room make stale. Tables are known by the hash of their file. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get } from '#interface/web/api/client.ts'
import type { Page, Query } from '#interface/web/api/client.ts'
import { listOptions } from '#interface/web/api/queries.ts'
import type { KeyDescription } from '#observatory/tasks/config.ts'
import type { Preset, StepName, Task, TaskProduct } from '#observatory/tasks/task.ts'

const every = (busy: boolean, ms: number): number | false => (busy ? ms : false)
const isBusy = (task: Pick<Task, 'state'>): boolean => task.state === 'queued' || task.state === 'running'

export const tasksQuery = ({ q, own, ...filter }: Query): Query => ({
  ...filter,
  query: q,
  own: own ? 'true' : undefined,
})

/** Tasks as filtered; asked again every other second while one of them runs, for its progress. */
export const tasksOptions = (filter: Query) =>
  infiniteQueryOptions({
    ...listOptions<Task>('tasks', '/tasks', tasksQuery(filter), 50),
    refetchInterval: (query) =>
      every(query.state.data?.pages.some((page) => page.items.some(isBusy)) ?? false, 2_000),
  })

export const taskOptions = (id: string) =>
  queryOptions({
    queryKey: ['tasks', 'one', id],
    queryFn: ({ signal }) => get<Task>(`/tasks/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: (query) => every(query.state.data !== undefined && isBusy(query.state.data), 1_000),
  })

export const productsOptions = (id: string) =>
  queryOptions({
    queryKey: ['tasks', 'one', id, 'products'],
    queryFn: ({ signal }) => get<Page<TaskProduct>>(`/tasks/${id}/products`, {}, signal),
  })

export interface TaskLogLine {
  line: number
  step: StepName | null
  at: string | null
  text: string
}

export const taskLogOptions = (id: string, step: StepName) =>
  queryOptions({
    queryKey: ['tasks', 'one', id, 'log', step],
    queryFn: ({ signal }) =>
      get<{ items: TaskLogLine[]; live: boolean }>(`/tasks/${id}/log`, { step }, signal),
    refetchInterval: (query) => every(query.state.data?.live ?? false, 1_000),
  })

/** JSON Schema of one key, as far as the form needs it. */
export interface KeySchema {
  type?: string | string[]
  enum?: unknown[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  anyOf?: KeySchema[]
  properties?: Record<string, KeySchema>
  $ref?: string
  $defs?: Record<string, KeySchema>
}

export const configOptions = queryOptions({
  queryKey: ['task-config'],
  queryFn: ({ signal }) => get<{ keys: KeyDescription[]; schema: KeySchema }>('/tasks/config', {}, signal),
  staleTime: Infinity,
})

export const presetsOptions = queryOptions({
  queryKey: ['tasks', 'presets'],
  queryFn: ({ signal }) => get<Page<Preset>>('/presets', {}, signal),
})

export type Cell = string | number | boolean | null
export interface Rows {
  columns: { name: string; unit: string | null; description: string | null }[]
  items: Record<string, Cell>[]
  total: number
  next: string | null
  meta: Record<string, unknown>
}

export type TableName =
  'objects' | 'stars' | 'calibrators' | 'targets' | 'difference-targets' | 'candidates' | 'simple-candidates'

/** Rows of a table of a task, page by page as one scrolls. */
export const tableOptions = (id: string, table: TableName, sha256: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['task-table', id, table, sha256],
    queryFn: ({ pageParam, signal }) =>
      get<Rows>(`/tasks/${id}/${table}`, { cursor: pageParam, limit: 500 }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: sha256 !== undefined,
    staleTime: Infinity,
  })

/** At most so many rows are drawn in a plot; the page says when there are more. */
export const mostPlotted = 20_000

/** A table as a whole, up to what a plot takes. */
export const wholeTableOptions = (id: string, table: TableName, sha256: string | undefined) =>
  queryOptions({
    queryKey: ['task-table', id, table, sha256, 'whole'],
    queryFn: async ({ signal }): Promise<Rows> => {
      const whole = await get<Rows>(`/tasks/${id}/${table}`, { limit: 5_000 }, signal)
      let next = whole.next
      while (next !== null && whole.items.length < mostPlotted) {
        const page: Rows = await get<Rows>(`/tasks/${id}/${table}`, { cursor: next, limit: 5_000 }, signal)
        whole.items.push(...page.items)
        next = page.next
      }
      return whole
    },
    enabled: sha256 !== undefined,
    staleTime: Infinity,
    gcTime: 60_000,
  })

export interface CurveQuery {
  ra?: number
  dec?: number
  position?: string
  radius?: number
  what?: string
  query?: string
}

export const curveOptions = (query: CurveQuery) =>
  queryOptions({
    queryKey: ['tasks', 'light-curve', query],
    queryFn: ({ signal }) => get<Rows>('/light-curve', { ...query }, signal),
    enabled: query.position !== undefined || (query.ra !== undefined && query.dec !== undefined),
    placeholderData: keepPreviousData,
    retry: false,
  })
