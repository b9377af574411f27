/** What the pages of catalogues ask; every key begins with `references`, which events of that room make stale. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { address, get } from '#interface/web/api/client.ts'
import type { Page, Query } from '#interface/web/api/client.ts'
import type { Catalogue, CatalogueColumn } from '#observatory/references/catalogue.ts'

export const cataloguesOptions = queryOptions({
  queryKey: ['references', 'list'],
  queryFn: ({ signal }) => get<Page<Catalogue>>('/catalogues', {}, signal),
})

export const catalogueOptions = (name: string) =>
  queryOptions({
    queryKey: ['references', 'one', name],
    queryFn: ({ signal }) => get<Catalogue>(`/catalogues/${encodeURIComponent(name)}`, {}, signal),
  })

/** Its coverage as the bytes of a MOC; a version never changes. */
export const coverageOptions = (name: string, version: number) =>
  queryOptions({
    queryKey: ['catalogue-coverage', name, version],
    queryFn: async ({ signal }) => {
      const response = await fetch(address(`/catalogues/${encodeURIComponent(name)}/coverage.fits`), {
        signal,
      })
      if (!response.ok) throw new Error(`The coverage of ${name} did not come (${response.status}).`)
      return new Uint8Array(await response.arrayBuffer())
    },
    staleTime: Infinity,
  })

export type Cell = null | boolean | number | string

export interface CatalogueRows {
  catalogue: string
  version: number
  columns: CatalogueColumn[]
  items: Record<string, Cell>[]
  truncated: boolean
  filesRead: number
  files: number
}

export const rowsOptions = (name: string, question: Query | null) =>
  queryOptions({
    queryKey: ['references', 'rows', name, question],
    queryFn: ({ signal }) =>
      get<CatalogueRows>(`/catalogues/${encodeURIComponent(name)}/query`, question ?? {}, signal),
    enabled: question !== null,
    placeholderData: keepPreviousData,
    retry: false,
  })
