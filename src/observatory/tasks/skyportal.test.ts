import { expect, it } from 'vitest'
import type { Measured } from './findings.ts'
import { skyportalPoints } from './skyportal.ts'
import type { TaskRow } from './task-store.ts'

const target: Measured = {
  name: 'T',
  ra: 10,
  dec: 20,
  x: 1,
  y: 1,
  flux: 100,
  fluxErr: 5,
  sn: 20,
  mag: 18,
  magErr: 0.05,
  limit: 20.5,
  flags: 0,
}
const row = (filter: string, measured: Partial<Measured>, difference?: Partial<Measured>): TaskRow =>
  ({
    config: {},
    findings: {
      inspect: { mjd: 60_000.5, instrument: 'CAM' },
      photometry: { filter, targets: [{ ...target, ...measured }] },
      ...(difference ? { subtraction: { targets: [{ ...target, ...difference }] } } : {}),
    },
  }) as unknown as TaskRow

it('detections below 1/3 mag of error, else limits; names and systems of filters as SkyPortal has them', () => {
  const one = (r: TaskRow, which: 'best' | 'direct' | 'subtracted' = 'best', limitOnly = false) =>
    skyportalPoints(r, { which, limitOnly })[0]!
  expect(one(row('r', {}))).toMatchObject({
    filter: 'sdssr',
    magsys: 'ab',
    mag: 18,
    magerr: 0.05,
    limiting_mag: 20.5,
    instrument: 'CAM',
    subtracted: false,
  })
  expect(one(row('U', {}))).toMatchObject({ filter: 'bessellu', magsys: 'vega' })
  expect(one(row('J', {}))).toMatchObject({ filter: '2massj', magsys: 'vega' })
  expect(one(row('BP', {})).filter).toBe('gaia::gbp')
  expect(one(row('RP', {})).filter).toBe('gaia::grp')
  expect(one(row('r', { magErr: 0.4 }))).toMatchObject({ mag: null, magerr: null })
  expect(one(row('r', {}), 'best', true).mag).toBeNull()
  expect(one(row('r', {}, { mag: 19 }))).toMatchObject({ mag: 19, subtracted: true })
  expect(one(row('r', {}, { mag: 19 }), 'direct').mag).toBe(18)
  expect(() => one(row('r', {}), 'subtracted')).toThrow('on the difference')
})
