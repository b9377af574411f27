import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dataFile, testData } from '#test/data.ts'
import { countRowFields, rowFields } from './field-rows.ts'

it('starts at the south pole, rows evenly apart, first field of each at RA 0, to the north pole', () => {
  const fields = rowFields(4.074)
  expect(fields[0]).toEqual({ id: '0', ra: 0, dec: -90 })
  expect(fields[1]).toEqual({ id: '1', ra: 0, dec: -90 + 180 / 44 })
  expect(fields).toHaveLength(countRowFields(4.074))
  expect(fields.at(-1)).toEqual({ id: String(fields.length - 1), ra: 0, dec: 90 })
  expect(new Set(fields.map((field) => field.id)).size).toBe(fields.length)
})

it('a row that is exactly full keeps its last field: cos 60° = ½', () => {
  const row = rowFields(1).filter((field) => field.dec === 60)
  expect(row).toHaveLength(180)
})

describe.skipIf(!testData)('grids that GRANDMA’s telescopes use (needs shared test data)', () => {
  it.each([
    ['TCA', 1.843],
    ['TCH', 1.8000005],
    ['TRE', 4.074],
    ['OAJ', 1.358],
    ['FZU-Auger', 0.97],
    ['GOTO-4', 4.1031],
    ['ATLAS', 5.2962],
    ['DDOTI', 6.79],
  ])('%s: a spacing of %f° gives its fields by number, to 0.00001°', (name, spacing) => {
    const made = new Map(rowFields(spacing).map((field) => [field.id, field]))
    const text = readFileSync(dataFile('gw', 'gwemopt', 'tesselations', `${name}.tess`)!, 'utf8')
    const stored = text
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    const off = stored.map(([id, ra, dec]) => {
      const field = made.get(id!)!
      return Math.max(Math.abs(field.dec - Number(dec)), Math.abs(field.ra - Number(ra)))
    })
    expect(Math.max(...off)).toBeLessThan(1e-5)
    // Some lists leave the fields at the poles out.
    expect(made.size - stored.length).toBeLessThanOrEqual(2)
  })
  it.each([
    ['TCH', 1.8000005],
    ['TRE', 4.074],
    ['TCA', 1.843],
    ['FZU-CTA-N', 0.4365],
    ['FZU-Auger', 0.97],
  ])('%s: the fields of a plan that was made are those of a spacing of %f°, to 0.001°', (name, spacing) => {
    const plans = JSON.parse(
      readFileSync(dataFile('gw', 'grandma-gcn', 'tiles_fixture.json')!, 'utf8'),
    ) as Record<string, { tile_id: number; RA: number; DEC: number }[]>
    const made = rowFields(spacing)
    for (const { tile_id: id, RA: ra, DEC: dec } of plans[name]!) {
      const field = made[id]!
      expect(Math.abs(field.dec - (dec * 180) / Math.PI)).toBeLessThan(1e-3)
      expect(Math.abs(field.ra - (ra * 180) / Math.PI)).toBeLessThan(1e-3)
    }
  })
})
