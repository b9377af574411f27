import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { expect, it } from 'vitest'
import { readCsv } from '#science/table/csv.ts'
import { readEcsv } from '#science/table/ecsv.ts'
import { columnNamed } from '#science/table/table.ts'
import { areaDeg2, contains } from '#science/sky/moc.ts'
import { sampleDocument, samplePlan, sampleResult } from '#test/plan-sample.ts'
import { decodeDocument, encodeDocument } from './document.ts'
import { exposuresCsv, exposuresEcsv, galaxiesCsv } from './export-tables.ts'
import { circularDraft, ds9Regions, planJson, planMoc, tilesText } from './export-text.ts'
import { bandOf, readPointings, treasureMapJson } from './treasure-map.ts'
import { planVoevent } from './voevent.ts'

it('keeps a document bit by bit, the same document as the same bytes', () => {
  const bytes = encodeDocument(sampleDocument)
  expect(decodeDocument(bytes)).toEqual(sampleDocument)
  expect(encodeDocument(decodeDocument(bytes))).toEqual(bytes)
})

it('writes exposures as CSV and ECSV with units, nothing lost', () => {
  const csv = readCsv(exposuresCsv(samplePlan, sampleDocument))
  expect(columnNamed(csv, 'ra').unit).toBe('deg')
  expect(columnNamed(csv, 'exposure').unit).toBe('s')
  const ecsv = readEcsv(exposuresEcsv(samplePlan, sampleDocument))
  expect(ecsv.rows).toBe(4)
  expect([...columnNamed(ecsv, 'start').values]).toEqual(sampleDocument.exposures.map((e) => e.start))
  expect(columnNamed(ecsv, 'airmass').nulls?.[3]).toBe(1)
  expect(ecsv.meta).toMatchObject({ event: 'S260301x', bound: 0.55 })
})

it('writes the tile table: distinct fields in the order of time', () => {
  expect(tilesText(sampleDocument, 'one')).toBe(
    '# ONE\nrank_id tile_id RA DEC Prob Timeobs\n' +
      '1 17 200.0000 -20.0000 0.2000 2026-03-01 02:00:00.000\n' +
      '2 18 198.0000 -20.0000 0.2000 2026-03-01 02:01:30.000\n',
  )
  expect(tilesText({ ...sampleDocument, exposures: [] }, 'two')).toBe('# TWO\n# No tiles to observe\n')
})

it('writes DS9 regions: polygons without the repeated corner, circles with their radius', () => {
  const lines = ds9Regions(sampleDocument).trim().split('\n')
  expect(lines.filter((l) => l.startsWith('polygon('))).toHaveLength(2)
  expect(
    lines
      .find((l) => l.startsWith('polygon('))!
      .split(')')[0]!
      .split(','),
  ).toHaveLength(8)
  expect(lines.find((l) => l.startsWith('circle('))).toContain('202.500000,-21.000000,1.100000d')
})

it('covers the fields, and about their area, as a MOC (5 %)', () => {
  const moc = planMoc(sampleDocument)
  expect(contains(moc, 200, -20)).toBe(true)
  expect(contains(moc, 202.5, -20.2)).toBe(true)
  expect(contains(moc, 210, -20)).toBe(false)
  expect(areaDeg2(moc) / (2 * 3 + Math.PI * 1.1 ** 2)).toBeCloseTo(1, 1)
})

it('writes a well-formed VOEvent for one telescope, whatever is in the names', () => {
  const text = planVoevent(samplePlan, sampleDocument, 'two', null, new Date('2026-03-01T00:01:00Z'))
  expect(XMLValidator.validate(text)).toBe(true)
  const parser = new XMLParser({
    ignoreAttributes: false,
    isArray: (name) => ['Param', 'TR', 'TD', 'Field', 'Group'].includes(name),
  })
  const root = (parser.parse(text) as Record<string, unknown>)['voe:VOEvent'] as {
    '@_version': string
    '@_role': string
    '@_ivorn': string
    Who: { Author: { contactName: string } }
    What: { Table: { Field: { '@_name': string }[]; Data: { TR: { TD: (string | number)[] }[] } } }
  }
  expect(root['@_version']).toBe('2.0')
  expect(root['@_ivorn']).toMatch(/^ivo:\/\/[\w./]+#[\w.-]+$/)
  expect(root.Who.Author.contactName).toBe('Ada "the" <planner> & co')
  const { Field, Data } = root.What.Table
  expect(Data.TR).toHaveLength(1)
  expect(Data.TR[0]!.TD).toHaveLength(Field.length)
  expect(Data.TR[0]!.TD[0]).toBe('a & b')
  expect(() => planVoevent(samplePlan, sampleDocument, 'three', null, new Date())).toThrow(/one, two/)
})

it('writes planned pointings for the Treasure Map, and reads such pointings back as observed', () => {
  const report = JSON.parse(treasureMapJson(samplePlan, sampleDocument)) as {
    graceid: string
    pointings: object[]
  }
  expect(report.graceid).toBe('S260301x')
  expect(report.pointings[0]).toEqual({
    position: 'POINT(200.000000 -20.000000)',
    instrumentid: 'ONE',
    time: '2026-03-01T02:00:00.000',
    status: 'planned',
    band: 'r',
    depth: 18,
    depth_unit: 'ab_mag',
    pos_angle: 0,
  })
  const { observed } = readPointings(JSON.stringify(report), { instruments: { ONE: 'one' }, radiusDeg: 2 })
  expect(observed).toHaveLength(4)
  expect(observed[0]).toEqual({ ra: 200, dec: -20, telescope: 'one', time: '2026-03-01T02:00:00.000Z' })
  expect(observed[1]).toMatchObject({ ra: 202.5, radiusDeg: 2 })
})

it('reads the answers of the Treasure Map in their forms, and names what it cannot use', () => {
  const answer = [
    {
      id: 1,
      instrumentid: 47,
      position: 'POINT (-10.5 30)',
      status: 'completed',
      time: '2026-03-01T01:00:00',
    },
    { id: 2, instrumentid: 47, position: 'POINT (11 30)', status: 'cancelled' },
  ]
  const expected = {
    observed: [{ ra: 349.5, dec: 30, telescope: 'ztf', time: '2026-03-01T01:00:00.000Z' }],
    left: 1,
  }
  const options = { instruments: { '47': 'ztf' } }
  expect(readPointings(JSON.stringify(answer), options)).toEqual(expected)
  expect(readPointings(JSON.stringify(JSON.stringify(answer)), options)).toEqual(expected)
  expect(readPointings(JSON.stringify(answer.map((p) => JSON.stringify(p))), options)).toEqual(expected)
  expect(() => readPointings(JSON.stringify(answer))).toThrow(/Pointing 1 .*instrument 47/)
  expect(() => readPointings('[{"instrumentid": 1}]', { radiusDeg: 1 })).toThrow(/Pointing 1 has no position/)
  expect(() => readPointings('<html>')).toThrow(/not JSON/)
})

it('knows the names of bands', () => {
  const names = ['r', 'sdssr', "r'", 'Rc', 'besselr', 'bessellv', 'ps1i', 'clear', 'F158']
  expect(names.map(bandOf)).toEqual(['r', 'r', 'r', 'R', 'R', 'V', 'i', 'clear', 'other'])
})

it('drafts a circular that says it is a draft, in lines of at most 72 letters', () => {
  const text = circularDraft(samplePlan, sampleResult, sampleDocument)
  expect(text.replaceAll('\n', ' ')).toContain('cover 50.0 % of the localization probability')
  expect(text).toMatch(/draft/)
  const prose = text.split('\n').filter((line) => !/^[|[S]/.test(line))
  expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(72)
})

it('writes galaxies with the fields that hold them, and everything as JSON', () => {
  const table = readCsv(galaxiesCsv(sampleDocument))
  expect([...columnNamed(table, 'name').values]).toEqual(['NGC 4993', 'LEDA, 1'])
  expect(columnNamed(table, 'distance').nulls?.[1]).toBe(1)
  const json = JSON.parse(planJson(samplePlan, sampleResult, sampleDocument, {})) as { exposures: unknown[] }
  expect(json.exposures).toHaveLength(4)
})
