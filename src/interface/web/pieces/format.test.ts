import { describe, expect, it } from 'vitest'
import {
  ago,
  bytes,
  duration,
  mjd,
  percent,
  radius,
  significant,
  thousands,
  utc,
  waitingTime,
  withError,
} from './format.ts'

describe('numbers for people', () => {
  it('has as many digits as asked for, and no float noise', () => {
    expect(significant(44.8772)).toBe('44.9')
    expect(significant(2176.13, 4)).toBe('2176')
    expect(significant(0.1 + 0.2, 2)).toBe('0.30')
    expect(significant(-3.14159)).toBe('−3.14')
    expect(significant(1.2345e-12, 2)).toBe('1.2 × 10⁻¹²')
    expect(significant(9.999, 3)).toBe('10.0')
    expect(significant(NaN)).toBe('–')
  })
  it('follows the error with two digits', () => {
    expect(withError(354.307, 63.042)).toEqual({ value: '354', error: '63' })
    expect(withError(17.8421, 0.0309)).toEqual({ value: '17.842', error: '0.031' })
    expect(withError(70.4, 9.96)).toEqual({ value: '70', error: '10' })
    expect(withError(5, 0)).toEqual({ value: '5.000', error: '' })
  })
  it('never rounds a probability to a certainty', () => {
    expect(percent(0.99996)).toBe('> 99.9 %')
    expect(percent(0.00001)).toBe('< 0.1 %')
    expect(percent(0)).toBe('0 %')
    expect(percent(1)).toBe('100 %')
    expect(percent(0.932)).toBe('93 %')
    expect(percent(0.054)).toBe('5.4 %')
  })
  it('turns a false-alarm rate into a waiting time', () => {
    expect(waitingTime(2.08e-11)).toBe(`1 per ${thousands(1520)} yr`)
    expect(waitingTime(1 / 86400)).toBe('1 per 1.0 d')
    expect(waitingTime(0)).toBe('–')
  })
  it('writes sizes, spans, moments and radii', () => {
    expect(bytes(812)).toBe('812 B')
    expect(bytes(1_420_000)).toBe('1.4 MB')
    expect(bytes(999_999)).toBe('1 MB')
    expect(duration(8_040_000)).toBe('2 h 14 min')
    expect(ago(0, 8_040_000)).toBe('2 h 14 min ago')
    expect(ago(41_000, 0)).toBe('in 41 s')
    expect(utc(Date.UTC(2024, 10, 2, 14, 41, 12))).toBe('2024-11-02 14:41:12')
    expect(mjd(Date.UTC(2000, 0, 1, 12))).toBe('51544.50000')
    expect(radius(0.05)).toBe('3.0′')
    expect(radius(0.0003)).toBe('1.1″')
    expect(radius(12.34)).toBe('12.3°')
  })
})
