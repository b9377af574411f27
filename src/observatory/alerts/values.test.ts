import { expect, it } from 'vitest'
import { readCondition } from '#science/adql/condition.ts'
import { alertSchema } from './values.ts'

it('every column can be named in a condition without quotes', () => {
  for (const { name, type } of alertSchema.columns) {
    const value = { string: "'x'", boolean: "'true'", timestamp: "'2026-01-01T00:00:00Z'" }[type as string]
    const condition = type === 'boolean' ? `${name} = true` : `${name} = ${value ?? '1'}`
    expect(() => readCondition(condition, alertSchema), name).not.toThrow()
  }
})

it('a condition as people write it is understood, a wrong name is refused with its column', () => {
  const text = "kind = 'gw' and role = 'observation' and (decision = 'GO' or p_bns > 0.5) and area_90 < 500"
  expect(() => readCondition(text, alertSchema)).not.toThrow()
  expect(() => readCondition("decision = 'GO' and aera_90 < 500", alertSchema)).toThrow(/area_90/)
})
