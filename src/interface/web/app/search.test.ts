import { describe, expect, it } from 'vitest'
import { choice, flag, number, text, without } from './search.ts'

describe('what an address says', () => {
  it('is read leniently', () => {
    expect(text(2024)).toBe('2024')
    expect(text('')).toBeUndefined()
    expect(number('12.5')).toBe(12.5)
    expect(number('x')).toBeUndefined()
    expect(flag('true')).toBe(true)
    expect(flag('no')).toBeUndefined()
    expect(choice('gw', ['gw', 'grb'])).toBe('gw')
    expect(choice('drop table', ['gw', 'grb'])).toBeUndefined()
    expect(without({ a: 1, b: undefined })).toEqual({ a: 1 })
  })
})
