import type { PlanDetail, PlanSummary } from './plan.ts'
import type { PlanRow } from './plan-store.ts'

/** Rows as REST shows them. */

export function planSummary(row: PlanRow): PlanSummary {
  return {
    id: row.id,
    title: row.title,
    state: row.state,
    series: row.series,
    version: row.version,
    parent: row.parent,
    eventId: row.event_id,
    eventName: row.event_name,
    role: row.role,
    localizationId: row.localization_id,
    strategy: row.request.strategy,
    telescopes: row.telescopes,
    start: row.start_at.toISOString(),
    end: row.end_at.toISOString(),
    aim: row.result?.aim ?? null,
    probability: row.result?.probability ?? null,
    skyProbability: row.result?.skyProbability ?? null,
    bound: row.result?.bound ?? null,
    gap: row.result?.gap ?? null,
    fields: row.result?.fields ?? null,
    requestedBy: row.rule === null ? row.requested_by : `rule ${row.rule}`,
    proposed: row.proposed,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    jobId: row.job_id,
    problem: row.problem,
    closedBecause: row.closed_because,
  }
}

export function planDetail(row: PlanRow, versions: readonly PlanRow[]): PlanDetail {
  return {
    ...planSummary(row),
    request: row.request,
    result: row.result,
    versions: versions.map((v) => ({
      id: v.id,
      version: v.version,
      state: v.state,
      createdAt: v.created_at.toISOString(),
    })),
    revision: row.revision,
  }
}
