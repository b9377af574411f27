import { randomUUID } from 'node:crypto'
import { json } from '#platform/db/json.ts'
import type { Db } from '#platform/db/database.ts'
import type { Verdict } from './rules.ts'

export type AssessmentRow = Awaited<ReturnType<typeof assessmentsOfEvent>>[number]

/** Writes what rules say of a notice; one row per notice and version of the rules, the last word counts. */
export async function saveAssessments(
  tx: Db,
  at: { eventId: string; noticeId: string; localizationId: string | null },
  verdicts: readonly Verdict[],
): Promise<void> {
  if (verdicts.length === 0) return
  await tx
    .insertInto('alert_assessment')
    .values(
      verdicts.map((v) => ({
        id: randomUUID(),
        event_id: at.eventId,
        notice_id: at.noticeId,
        localization_id: at.localizationId,
        rules: v.rules,
        version: v.version,
        rules_sha256: v.rulesSha256,
        score: v.score,
        decision: v.decision,
        rule: v.rule,
        inputs: json(v.inputs),
        reasons: json(v.reasons),
      })),
    )
    .onConflict((c) =>
      c.columns(['notice_id', 'rules', 'version']).doUpdateSet((eb) => ({
        event_id: eb.ref('excluded.event_id'),
        localization_id: eb.ref('excluded.localization_id'),
        rules_sha256: eb.ref('excluded.rules_sha256'),
        score: eb.ref('excluded.score'),
        decision: eb.ref('excluded.decision'),
        rule: eb.ref('excluded.rule'),
        inputs: eb.ref('excluded.inputs'),
        reasons: eb.ref('excluded.reasons'),
        at: new Date(),
      })),
    )
    .execute()
}

export async function assessmentsOfEvent(db: Db, eventId: string) {
  return db
    .selectFrom('alert_assessment')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('at')
    .orderBy('id')
    .execute()
}
