import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import { PlanRuleInput } from '#observatory/plans/plan-rule.ts'
import { putPlanRule } from '#observatory/plans/rule-service.ts'

/** Two groups of telescopes, north and south, as a collaboration would name them. */
const groups = [
  ['tch', 'tre'],
  ['tca', 'abastumani-t70'],
]

/** What a collaboration would have set up before the night. What happened before `since` is not planned any more. */
export async function makeRules(platform: Platform, since: Date): Promise<void> {
  const tonight = `event_time > '${since.toISOString()}'`
  await putPlanRule(
    platform,
    system,
    PlanRuleInput.parse({
      name: 'night-plans',
      title: 'Plan what the rules find worth it',
      condition: `${tonight} and kind = 'gw' and role = 'simulated' and status = 'active' and decision = 'GO'`,
      groups: groups.map((telescopes) => ({
        plan: { telescopes: telescopes.map((telescope) => ({ telescope, maxFields: 20 })), seconds: 10 },
      })),
    }),
  )
}
