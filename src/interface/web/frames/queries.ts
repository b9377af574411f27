/** What the pages of frames ask; every key begins with `frames`, which events of that room make stale. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get } from '#interface/web/api/client.ts'
import type { Page, Query } from '#interface/web/api/client.ts'
import { listOptions } from '#interface/web/api/queries.ts'
import type { Frame, FrameFailure } from '#observatory/frames/frame.ts'
import type { FrameFolder } from '#observatory/frames/folder.ts'
import type { HeaderView } from '#observatory/frames/header-view.ts'
import type { Upload } from '#observatory/frames/upload.ts'
import type { Task } from '#observatory/tasks/task.ts'

export const framesOptions = (filter: Query) => listOptions<Frame>('frames', '/frames', filter, 60)
export const failuresOptions = () => listOptions<FrameFailure>('frames', '/frames/failures', { of: null }, 50)

export const frameOptions = (sha256: string) =>
  queryOptions({
    queryKey: ['frames', 'one', sha256],
    queryFn: ({ signal }) => get<Frame>(`/frames/${sha256}`, {}, signal),
  })

export const headerOptions = (sha256: string, hdu: number | undefined, filter: string) =>
  queryOptions({
    queryKey: ['frame-header', sha256, hdu, filter],
    queryFn: ({ signal }) =>
      get<{ items: HeaderView[] }>(`/frames/${sha256}/header`, { hdu, filter }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  })

export const foldersOptions = queryOptions({
  queryKey: ['frames', 'folders'],
  queryFn: ({ signal }) => get<Page<FrameFolder>>('/frames/folders', {}, signal),
})

export const uploadsOptions = queryOptions({
  queryKey: ['frames', 'uploads'],
  queryFn: ({ signal }) => get<Page<Upload>>('/uploads', {}, signal),
})

/** Tasks that were made of a frame. */
export const tasksOfOptions = (sha256: string) =>
  queryOptions({
    queryKey: ['tasks', 'of-frame', sha256],
    queryFn: ({ signal }) => get<Page<Task>>('/tasks', { frame: sha256, limit: 20 }, signal),
    retry: false,
  })
