import { expect, it } from 'vitest'
import { readPredicate, writePredicate } from './predicate.ts'

it('reads what it writes', () => {
  for (const line of [
    '',
    'S2411',
    'kind:gw decision:GO since:2024-11-01 S2411',
    'kind:grb state:retracted test:all GRB 2512',
  ])
    expect(writePredicate(readPredicate(line))).toBe(line)
})

it('takes unknown keys and nonsense as part of a name, or leaves them out', () => {
  expect(readPredicate('colour:red').q).toBe('colour:red')
  expect(readPredicate('since:yesterday').since).toBeUndefined()
  expect(readPredicate('KIND:GW').kind).toBe('gw')
  expect(readPredicate('').q).toBeUndefined()
})
