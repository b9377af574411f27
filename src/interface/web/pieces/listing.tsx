import { useMemo } from 'react'
import type { ReactNode } from 'react'
import { DataTable } from './data-table.tsx'
import { NoneFits } from './filters.tsx'
import { Problem } from './problem.tsx'

interface Pages<T> {
  readonly data: { readonly pages: readonly { readonly items: readonly T[] }[] } | undefined
  readonly error: Error | null
  readonly isError: boolean
  readonly isPending: boolean
  readonly isSuccess: boolean
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  readonly fetchNextPage: () => unknown
  readonly refetch: () => unknown
}

/** Rows of all pages that are here. */
export function useRows<T>(list: Pick<Pages<T>, 'data'>): readonly T[] {
  const { data } = list
  return useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
}

type Table<T> = Parameters<typeof DataTable<T>>[0]

/** A list that comes page by page: what went wrong, why it is empty, else the table of it. */
export function Listing<T>(
  props: Pick<Table<T>, 'name' | 'columns' | 'keyOf' | 'hrefOf' | 'compact' | 'fetchAll'> & {
    list: Pages<T>
    rows: readonly T[]
    /** One of them and many, as `plan`, `plans`. */
    words: readonly [one: string, many: string]
    /** Whether filters hold something back, and how they are taken away. */
    filtered: boolean
    clear: () => void
    /** What is said while there is none at all. */
    none: ReactNode
    /** Above the table, where there is one. */
    children?: ReactNode
  },
) {
  const { list, rows, words, filtered, clear, none, children, ...table } = props
  const [one, many] = words
  const empty = rows.length === 0
  return (
    <>
      {list.isError && (
        <Problem error={list.error} retry={() => void list.refetch()} what={`the list of ${many}`} />
      )}
      {list.isSuccess && empty ? (
        filtered ? (
          <NoneFits one={one} many={many} clear={clear} />
        ) : (
          none
        )
      ) : (
        !(list.isError && empty) && (
          <>
            {children}
            <DataTable
              {...table}
              label={many.charAt(0).toUpperCase() + many.slice(1)}
              rows={rows}
              loading={list.isPending}
              hasMore={list.hasNextPage}
              fetchMore={() => {
                if (!list.isFetchingNextPage) list.fetchNextPage()
              }}
            />
          </>
        )
      )}
    </>
  )
}
