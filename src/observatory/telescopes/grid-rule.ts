import { isProblem } from '#problem.ts'
import { countRowFields, rowFields } from '#science/planning/field-rows.ts'
import type { Field, Footprint } from '#science/planning/model.ts'
import { layFields } from '#science/planning/tessellation.ts'
import type { Keys } from './keys.ts'
import { laidKinds, type GridRule } from './telescope.ts'

/** Most fields that a grid may have. */
export const maxGridFields = 500_000
/** Of those, most that are laid for a footprint whenever the telescope is read. */
export const maxLaidFields = 50_000
const wholeSkyDeg2 = 41_253

/** `{ kind = "rows", spacing_deg = 1.8 }` or `{ kind = "hexagonal", overlap = 0.05 }`. */
export function gridRuleOf(keys: Keys): GridRule | undefined {
  const kind = keys.oneOf('kind', ['rows', ...laidKinds])
  if (!keys.has('kind')) keys.wrong('kind', `is missing: rows, ${laidKinds.join(', ')}`)
  let rule: GridRule | undefined
  if (kind === 'rows') {
    const spacingDeg = keys.needNumber('spacing_deg', { min: 0.3, max: 90, unit: 'deg' })
    if (spacingDeg !== undefined) rule = { kind, spacingDeg }
  } else if (kind !== undefined)
    rule = { kind, overlap: keys.number('overlap', { min: 0, max: 0.9 }) ?? 0.05 }
  keys.refuseOthers({
    overlap: 'belongs to kind hexagonal, spiral or ring',
    spacing_deg: 'belongs to kind rows',
  })
  return rule
}

/** How many fields a rule makes; undefined where they are far too many to lay. */
export function ruleFields(rule: GridRule, footprint: Footprint, fieldAreaDeg2: number): number | undefined {
  if (rule.kind === 'rows') return countRowFields(rule.spacingDeg)
  const least =
    'widthDeg' in footprint ? Math.min(footprint.widthDeg, footprint.heightDeg) ** 2 : fieldAreaDeg2
  if (wholeSkyDeg2 / (least * (1 - rule.overlap) ** 2) > maxLaidFields) return undefined
  try {
    const fields = fieldsByRule(rule, footprint).length
    return fields > maxLaidFields ? undefined : fields
  } catch (error) {
    if (isProblem(error)) return undefined
    throw error
  }
}

/** The fields of a rule. */
export function fieldsByRule(rule: GridRule, footprint: Footprint): Field[] {
  return rule.kind === 'rows'
    ? rowFields(rule.spacingDeg)
    : layFields(rule.kind, footprint, { overlap: rule.overlap })
}
