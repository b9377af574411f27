import { expect, it } from 'vitest'
import { csvField, toCsv } from './table-export.ts'

it('quotes what needs quotes, disarms formulas, leaves numbers and nulls alone', () => {
  expect(csvField('a "b", c')).toBe('"a ""b"", c"')
  expect(csvField('=1+1')).toBe("'=1+1")
  expect(csvField('-12.5')).toBe('-12.5')
  expect(csvField(-3)).toBe('-3')
  expect(csvField(null)).toBe('')
  expect(
    toCsv([{ id: 'x', header: 'RA (deg)', plain: (row: { ra: number }) => row.ra }], [{ ra: 12.5 }]),
  ).toBe('RA (deg)\r\n12.5\r\n')
})
