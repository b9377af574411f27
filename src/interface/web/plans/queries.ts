/** What the pages of plans ask; every key begins with `plans`, which events about plans make stale. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { get } from '#interface/web/api/client.ts'
import type { Page, Query } from '#interface/web/api/client.ts'
import { listOptions } from '#interface/web/api/queries.ts'
import type { PlanDocument } from '#observatory/plans/document.ts'
import type { PlanComparison, PlanDetail, PlanSummary } from '#observatory/plans/plan.ts'
import type { PlanRule } from '#observatory/plans/plan-rule.ts'

export const plansQuery = ({ test, ...filter }: Query): Query => ({
  ...filter,
  test: test ? 'all' : undefined,
})

export const plansOptions = (filter: Query) => listOptions<PlanSummary>('plans', '/plans', plansQuery(filter))

export const planOptions = (id: string) =>
  queryOptions({
    queryKey: ['plans', 'one', id],
    queryFn: ({ signal }) => get<PlanDetail>(`/plans/${encodeURIComponent(id)}`, {}, signal),
    placeholderData: keepPreviousData,
  })

/** Telescopes as planned with, and exposures. A version is solved once and never changes. */
export const documentOptions = (id: string) =>
  queryOptions({
    queryKey: ['plan-document', id],
    queryFn: ({ signal }) => get<PlanDocument>(`/plans/${id}/export/json`, {}, signal),
    staleTime: Infinity,
  })

export const comparisonOptions = (id: string, other: string) =>
  queryOptions({
    queryKey: ['plan-comparison', id, other],
    queryFn: ({ signal }) => get<PlanComparison>(`/plans/${id}/compare/${other}`, {}, signal),
    staleTime: Infinity,
  })

export const planRulesOptions = queryOptions({
  queryKey: ['plans', 'rules'],
  queryFn: ({ signal }) => get<Page<PlanRule>>('/plan-rules', {}, signal),
})
