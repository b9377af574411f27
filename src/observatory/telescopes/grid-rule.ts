import { countRowFields, rowFields } from '#science/planning/field-rows.ts'
import type { Field, Footprint } from '#science/planning/model.ts'
import { Problem } from '#problem.ts'
import type { Keys } from './keys.ts'
import { laidKinds, type GridRule } from './telescope.ts'

/** Most fields that a grid may have. */
export const maxGridFields = 500_000

/** `{ kind = "rows", rows = 99 }` or `{ kind = "hexagonal", overlap = 0.05 }`. */
export function gridRuleOf(keys: Keys): GridRule | undefined {
  const kind = keys.oneOf('kind', ['rows', ...laidKinds])
  if (!keys.has('kind')) keys.wrong('kind', `is missing: rows, ${laidKinds.join(', ')}`)
  let rule: GridRule | undefined
  if (kind === 'rows') {
    const rows = keys.needNumber('rows', { min: 2, max: 600, whole: true })
    if (rows !== undefined) rule = { kind, rows }
  } else if (kind !== undefined)
    rule = { kind, overlap: keys.number('overlap', { min: 0, max: 0.9 }) ?? 0.05 }
  keys.refuseOthers({
    overlap: 'belongs to kind hexagonal, spiral or ring',
    rows: 'belongs to kind rows',
  })
  return rule
}

/** How many fields a rule makes. */
export function ruleFields(rule: GridRule, footprint: Footprint): number {
  return rule.kind === 'rows' ? countRowFields(rule.rows) : fieldsByRule(rule, footprint).length
}

/** The fields of a rule. */
export function fieldsByRule(rule: GridRule, _footprint: Footprint): Field[] {
  if (rule.kind === 'rows') return rowFields(rule.rows)
  throw new Problem('telescope.invalid', `Grids of kind ${rule.kind} cannot be laid yet.`)
}
