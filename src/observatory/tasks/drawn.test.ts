import { expect, it } from 'vitest'
import { readDrawn } from './drawn.ts'

it('a drawing that is none is refused by its name and fault, whatever JSON it is', () => {
  for (const text of [
    '',
    'x',
    '{}',
    '[]',
    'null',
    '1',
    '{"shapes":"x"}',
    '{"shapes":[{"kind":"polygon","points":[]}]}',
  ])
    expect(() => readDrawn(text, 'custom_mask.json'), text).toThrow(/^custom_mask\.json is no drawn mask/)
  expect(readDrawn('{"shapes":[]}', 'custom_mask.json')).toEqual({ mode: 'masked', shapes: [] })
})
