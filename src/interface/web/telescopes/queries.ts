/** What the pages of telescopes ask; every key begins with `telescopes`. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { ApiProblem, get } from '#interface/web/api/client.ts'
import type { Page } from '#interface/web/api/client.ts'
import type { Telescope, TelescopeVersion } from '#observatory/telescopes/telescope.ts'

export const telescopesOptions = queryOptions({
  queryKey: ['telescopes', 'list'],
  queryFn: ({ signal }) => get<Page<Telescope>>('/telescopes', {}, signal),
  staleTime: 60_000,
})

export const telescopeOptions = (slug: string) =>
  queryOptions({
    queryKey: ['telescopes', 'one', slug],
    queryFn: ({ signal }) => get<Telescope>(`/telescopes/${encodeURIComponent(slug)}`, {}, signal),
    placeholderData: keepPreviousData,
  })

export const versionsOptions = (slug: string) =>
  queryOptions({
    queryKey: ['telescopes', 'versions', slug],
    queryFn: ({ signal }) =>
      get<Page<TelescopeVersion>>(`/telescopes/${encodeURIComponent(slug)}/versions`, {}, signal),
  })

/** The definition as it was given, with the tag that an edit sends back. */
export const definitionOptions = (slug: string, version?: number) =>
  queryOptions({
    queryKey: ['telescopes', 'definition', slug, version],
    queryFn: async ({ signal }) => {
      const response = await fetch(
        `/api/v1/telescopes/${encodeURIComponent(slug)}/definition.toml${version ? `?version=${version}` : ''}`,
        { signal, credentials: 'same-origin' },
      )
      if (!response.ok)
        throw new ApiProblem(
          response.status,
          `http.${response.status}`,
          'The definition could not be read',
          `The server answered ${response.status}.`,
        )
      return response.text()
    },
  })
