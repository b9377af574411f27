import { readFileSync } from 'node:fs'
import { deflateRawSync } from 'node:zlib'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { dataFile, testData } from '#test/data.ts'
import { igwnSchema } from './igwn-avro.ts'
import { parseNotice } from './registry.ts'

interface Expected {
  kind: string
  makes: string
  id: string | null
  time: string | null
  ra: number | null
  dec: number | null
  error: number | null
  containment: number | null
  role: string
}

const fixture = JSON.parse(
  readFileSync(new URL('../../../../fixtures/alerts/notices.json', import.meta.url), 'utf8'),
) as { notices: Record<string, Expected> }

const bytesOf = (text: string) => new TextEncoder().encode(text)
const file = (path: string) => readFileSync(dataFile('gw', ...path.split('/'))!)
const sentenceOf = (bytes: Uint8Array, topic?: string): string => {
  try {
    parseNotice(bytes, topic)
  } catch (error) {
    if (isProblem(error)) return error.message
    throw error
  }
  throw new Error('it parsed')
}
const trimTime = (time: string | null) => time?.replace(/(\.\d*?)0+Z$/, '$1Z').replace('.Z', 'Z') ?? null

describe('every shared notice as an independent Python reader sees it (needs shared test data)', () => {
  for (const [path, expected] of Object.entries(fixture.notices)) {
    it.skipIf(!dataFile('gw', ...path.split('/')))(path, () => {
      const notice = parseNotice(file(path))
      const name = notice.names.find((n) => n.key) ?? notice.names[0]
      expect({
        kind: notice.kind,
        makes: notice.makes,
        id: name?.name ?? null,
        time: trimTime(notice.eventTime),
        ra: notice.position?.ra ?? null,
        dec: notice.position?.dec ?? null,
        error: notice.position?.errorDeg ?? null,
        containment: notice.position?.containment ?? null,
        role: notice.role,
      }).toEqual(expected)
    })
  }
})

describe.skipIf(!testData)('values printed with the data (needs shared test data)', () => {
  it('S241102br and S250720j', () => {
    const initial = parseNotice(file('grandma-gcn/notices/S241102br-initial.json'))
    expect(initial.farHz).toBe(1.14177774199959e-41)
    expect(initial.properties['HasNS']).toBe(0.00013001687588556378)
    const preliminary = parseNotice(file('grandma-gcn/notices/S241102br-preliminary.json'))
    expect(preliminary.farHz).toBe(1.79286773809082e-11)
    expect(preliminary.properties['HasNS']).toBe(0.0877092915626526)
    expect(preliminary.eventTime).toBe('2024-11-02T12:40:58.799Z')
    const ssm = parseNotice(file('grandma-gcn/notices/S250720j-preliminary.json'))
    expect(ssm.search).toBe('SSM')
    expect(ssm.classification).toEqual({})
    expect(ssm.properties).toMatchObject({ HasSSM: 1, HasNS: 0.88 })
    expect(ssm.externalCoincidence).toMatchObject({
      observatory: 'Fermi',
      triggerId: '774670514',
      timeDifferenceSeconds: 1.27,
      timeCoincidenceFarHz: 1.8923836187214613e-9,
      timeSkyCoincidenceFarHz: 1.3980119311210162e-9,
      hasCombinedMap: true,
    })
  })
  it('Swift 1423875 in its three notices', () => {
    const bat = parseNotice(file('grandma-gcn/notices/swift_bat_type61.xml'))
    expect(bat.names.map((n) => n.name)).toEqual(['GRB 251214', 'Swift 1423875'])
    expect(bat.eventTime).toBe('2025-12-14T09:02:17.54Z')
    expect(bat.details).toContainEqual({ name: 'Image significance', value: 8.62, unit: 'sigma' })
    const uvot = parseNotice(file('grandma-gcn/notices/swift_uvot_type81.xml'))
    expect(uvot.details).toContainEqual({ name: 'Magnitude', value: 17.46, unit: 'mag' })
    expect(parseNotice(file('grandma-gcn/notices/swift_xrt_type67.xml')).position).toMatchObject({
      ra: 74.751,
      errorDeg: 0.0014,
    })
  })
  it('SVOM SNR and time scale', () => {
    const eclairs = parseNotice(file('grandma-gcn/notices/svom_eclairs.xml'))
    expect(eclairs.snr).toBe(6.64)
    expect(eclairs.details).toContainEqual({ name: 'Time scale', value: 81.92, unit: 's' })
    expect(parseNotice(file('grandma-gcn/notices/svom_mxt.xml')).snr).toBe(255)
  })
  it('keeps fields it does not know', () => {
    const chime = parseNotice(file('gcn-schema/notices/chime/frb.detection.example.json'))
    expect(chime.unknownFields).toMatchObject({ npol: 2, tsys: 50 })
    const bat = parseNotice(file('grandma-gcn/notices/swift_bat_type61.xml'))
    expect(bat.unknownFields['Merit_Values.Merit_Val8']).toBe('-39')
  })
  it('Avro says what JSON says', () => {
    const json = parseNotice(file('lvk-userguide/MS181101ab-preliminary.json'))
    const packed = parseNotice(file('lvk-userguide/MS181101ab-preliminary.avro'))
    expect({ ...packed, format: '', maps: [] }).toEqual({ ...json, format: '', maps: [] })
    const [a, b] = [json.maps[0]!, packed.maps[0]!]
    expect(
      a.at === 'base64' && b.at === 'bytes' && Buffer.from(b.bytes).equals(Buffer.from(a.text, 'base64')),
    ).toBe(true)
  })
})

const retraction = {
  alert_type: 'RETRACTION',
  time_created: '2024-11-26T23:06:05Z',
  superevent_id: 'S241126dm',
  event: null,
  external_coinc: null,
  urls: {},
}

describe('Avro messages', () => {
  const type = avro.Type.forSchema(igwnSchema as avro.Schema)
  const bare = type.toBuffer(retraction)
  it.each([
    ['bare', bare],
    ['with the registry header', Buffer.concat([Buffer.from([0, 0, 0, 0, 7]), bare])],
    ['with the single-object marker', Buffer.concat([Buffer.from([0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8]), bare])],
  ])('%s', (_how, bytes) => {
    const notice = parseNotice(bytes)
    expect(notice.type).toBe('retraction')
    expect(notice.names[0]!.name).toBe('S241126dm')
  })
  it('container compressed with deflate', () => {
    const long = (n: number) => avro.Type.forSchema('long').toBuffer(n)
    const bytesField = (b: Buffer) => Buffer.concat([long(b.length), b])
    const sync = Buffer.alloc(16, 9)
    const block = deflateRawSync(bare)
    const container = Buffer.concat([
      Buffer.from('Obj\u0001'),
      long(2),
      bytesField(Buffer.from('avro.codec')), bytesField(Buffer.from('deflate')),
      bytesField(Buffer.from('avro.schema')), bytesField(Buffer.from(JSON.stringify(igwnSchema))),
      long(0), sync, long(1), long(block.length), block, sync,
    ]) // prettier-ignore
    expect(parseNotice(container).names[0]!.name).toBe('S241126dm')
    expect(sentenceOf(container.subarray(0, container.length - 20))).toMatch(/cut short/)
    expect(sentenceOf(container.subarray(0, 40))).toMatch(/cannot be read/)
  })
})

const core = {
  mission: 'Lobster Eye 7',
  alert_datetime: '2026-01-01T00:00:10Z',
  trigger_time: '2026-01-01T00:00:00Z',
  id: ['77'],
  ra: 10,
  dec: -20,
  ra_dec_error: [0.1, 0.3, 20],
  wobble: { deep: [1, 2] },
}

describe('unified schema', () => {
  it.each([
    ['Test', 'test', 'event'],
    ['INJECTION', 'mock', 'event'],
    ['planned', 'observation', 'nothing'],
    ['archival', 'observation', 'event'],
  ])('alert_tense %s', (alert_tense, role, makes) => {
    const json = { alert_datetime: '2026-01-01T00:00:00Z', alert_tense, mission: 'Swift', id: '1' }
    expect(parseNotice(bytesOf(JSON.stringify(json)), 'gcn.notices.swift.x')).toMatchObject({ role, makes })
  })
  it('reads a mission nobody has heard of by its core fields', () => {
    const notice = parseNotice(bytesOf(JSON.stringify(core)), 'gcn.notices.lobster.alert')
    expect(notice.names).toEqual([{ name: 'Lobster Eye 7 77', source: 'Lobster Eye 7', key: true }])
    expect(notice.unknownFields).toEqual({ wobble: { deep: [1, 2] } })
    // The longer axis is the major one: its angle is 90° further.
    expect(notice.region).toEqual({
      shape: 'ellipse',
      ra: 10,
      dec: -20,
      majorDeg: 0.3,
      minorDeg: 0.1,
      angleDeg: 110,
    })
    expect(notice.position).toMatchObject({ errorDeg: 0.3, containment: 0.9 })
    expect(notice.containmentStated).toBe(false)
  })
  it.each([
    [{ ...core, dec: 95 }, /not on the sky/],
    [{ ...core, ra_dec_error: -1 }, /ra_dec_error/],
    [{ ...core, containment_probability: 90 }, /containment_probability is 90/],
    [{ ...core, alert_type: 'shout' }, /unknown alert_type "shout"/],
    [{ ...core, trigger_time: 'yesterday' }, /trigger_time is no ISO 8601 time/],
    [{ ...core, trigger_time: '2026-02-30T00:00:00Z' }, /trigger_time is no ISO 8601 time/],
  ])('says what is wrong (%#)', (notice, sentence) => {
    expect(sentenceOf(bytesOf(JSON.stringify(notice)), 'gcn.notices.x')).toMatch(sentence)
  })
})

const swift = (inside: string, head = '') =>
  bytesOf(
    `<?xml version="1.0"?>${head}<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" role="observation" version="2.0" ivorn="ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_1-1"><What><Param name="TrigID" value="1234567"/></What>${inside}</voe:VOEvent>`,
  )
const where = (position: string, system = 'UTC-FK5-GEO') =>
  `<WhereWhen><ObsDataLocation><ObservationLocation><AstroCoords coord_system_id="${system}"><Time unit="s"><TimeInstant><ISOTime>2026-01-01T00:00:00</ISOTime></TimeInstant></Time>${position}</AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen>`

describe('VOEvent', () => {
  it('takes units and order of the coordinates from the message', () => {
    const notice = parseNotice(
      swift(
        where(
          '<Position2D unit="rad"><Name1>Dec</Name1><Name2>RA</Name2><Value2><C1>-0.5</C1><C2>1</C2></Value2><Error2Radius>0.01</Error2Radius></Position2D>',
        ),
      ),
    )
    expect(notice.position!.ra).toBeCloseTo(57.29578, 4)
    expect(notice.position!.dec).toBeCloseTo(-28.64789, 4)
    expect(notice.position!.errorDeg).toBeCloseTo(0.57296, 4)
  })
  it('knows a retraction by citation and by flag, and a test by flag', () => {
    const cite = '<Citations><EventIVORN cite="retraction">ivo://x#y</EventIVORN></Citations>'
    expect(parseNotice(swift(cite)).type).toBe('retraction')
    const flags = '<What><Group name="Trigger_ID"><Param name="Retraction" value="true"/></Group></What>'
    expect(
      parseNotice(
        bytesOf(`<VOEvent ivorn="ivo://nasa.gsfc.gcn/AMON#E" role="observation">${flags}</VOEvent>`),
      ).type,
    ).toBe('retraction')
    const test = '<What><Param name="Test_Submission" value="true"/></What>'
    expect(
      parseNotice(
        bytesOf(`<VOEvent ivorn="ivo://nasa.gsfc.gcn/SWIFT#B" role="observation">${test}</VOEvent>`),
      ).role,
    ).toBe('test')
  })
  it('keeps a position that comes with nonsense for a time, and says so', () => {
    const at = where(
      '<Position2D unit="deg"><Value2><C1>41.9</C1><C2>-3</C2></Value2><Error2Radius>0.2</Error2Radius></Position2D>',
    ).replace('2026-01-01T00:00:00', '2026-01--9130T00:00:00.00')
    const notice = parseNotice(swift(at))
    expect(notice.eventTime).toBeNull()
    expect(notice.position).toMatchObject({ ra: 41.9, errorDeg: 0.2 })
    expect(notice.details[0]).toMatchObject({ value: '2026-01--9130T00:00:00.00' })
  })
  it('takes times in other scales for what they are', () => {
    // 2026-01-01: TT is ahead of UTC by 37 + 32.184 s.
    expect(parseNotice(swift(where('', 'TT-ICRS-TOPO'))).eventTime).toBe('2025-12-31T23:58:50.816Z')
    expect(parseNotice(swift(where('', 'GPS-ICRS-TOPO'))).eventTime).toBe('2025-12-31T23:59:42.000Z')
  })
  it('takes the stated 90 % error where the radius is only filled in', () => {
    const what =
      '<What><Param name="Trigger_Number" value="1"/><Param name="Src_Error90" value="118.0"/></What>'
    const at = where(
      '<Position2D unit="deg"><Value2><C1>213.2599</C1><C2>15.24</C2></Value2><Error2Radius>0</Error2Radius></Position2D>',
    )
    const notice = parseNotice(
      bytesOf(
        `<VOEvent ivorn="ivo://nasa.gsfc.gcn/SK_SN#Event_2021" role="observation">${what}${at}</VOEvent>`,
      ),
    )
    expect(notice).toMatchObject({ kind: 'neutrino', mission: 'Super-Kamiokande', containmentStated: true })
    expect(notice.position).toMatchObject({ errorDeg: 118, containment: 0.9 })
    expect(notice.names[0]!.name).toBe('Super-Kamiokande 1')
  })
  it('turns Galactic and ecliptic coordinates, and refuses frames that need an equinox', () => {
    const at = (system: string, axis = 'RA') =>
      swift(
        where(
          `<Position2D unit="deg"><Name1>${axis}</Name1><Value2><C1>120</C1><C2>30</C2></Value2><Error2Radius>0.1</Error2Radius></Position2D>`,
          system,
        ),
      )
    // astropy 5.2.1: SkyCoord(120, 30, unit='deg', frame='galactic').icrs
    for (const bytes of [at('UTC-GALACTIC-GEO'), at('UTC-FK5-GEO', 'GLON')]) {
      expect(parseNotice(bytes).position!.ra).toBeCloseTo(234.04956363, 6)
      expect(parseNotice(bytes).position!.dec).toBeCloseTo(86.1431998, 6)
    }
    expect(parseNotice(at('UTC-ECLIPTIC-GEO')).position!.ra).toBeCloseTo(131.512129, 4)
    expect(sentenceOf(at('UTC-FK4-GEO'), '')).toMatch(/FK4/)
  })
  it('makes nothing of predictions, and reads errors in their unit', () => {
    const bytes = (role: string) =>
      bytesOf(
        `<VOEvent ivorn="ivo://nasa.gsfc.gcn/AMON#HAWC_Burst_1" role="${role}"><What><Param name="run_id" value="5"/><Param name="event_id" value="7"/><Param name="src_error_90" value="36" unit="arcmin"/></What>${where('<Position2D unit="deg"><Value2><C1>1</C1><C2>2</C2></Value2><Error2Radius>0.1</Error2Radius></Position2D>')}</VOEvent>`,
      )
    expect(parseNotice(bytes('prediction')).makes).toBe('nothing')
    const notice = parseNotice(bytes('observation'))
    expect(notice).toMatchObject({ makes: 'event', mission: 'HAWC', kind: 'grb' })
    expect(notice.names[0]!.name).toBe('HAWC 5_7')
    expect(notice.position!.errorDeg).toBeCloseTo(0.6, 12)
  })
  it('knows events without a number by identifiers and citations, and calls them by mission and time', () => {
    const bytes = (id: string, cite = '') =>
      bytesOf(
        `<VOEvent ivorn="ivo://nasa.gsfc.gcn/AGILE#${id}" role="observation"><What/>${where('')}${cite}</VOEvent>`,
      )
    const names = (b: Uint8Array) => parseNotice(b).names.map((n) => [n.name, n.key])
    expect(names(bytes('A_1'))).toEqual([
      ['AGILE 2026-01-01T00:00:00', false],
      ['nasa.gsfc.gcn/AGILE#A_1', true],
    ])
    const cite =
      '<Citations><EventIVORN cite="retraction">ivo://nasa.gsfc.gcn/AGILE#A_1</EventIVORN></Citations>'
    expect(names(bytes('A_2', cite))).toContainEqual(['nasa.gsfc.gcn/AGILE#A_1', true])
    expect(parseNotice(bytes('Pointing_Dir_3')).makes).toBe('nothing')
  })
  it('leaves out where a spacecraft points', () => {
    const bytes = bytesOf(
      `<VOEvent ivorn="ivo://nasa.gsfc.gcn/SWIFT#SC_Slew_1-2" role="observation"><What><Param name="TrigID" value="9"/></What>${where('<Position2D unit="deg"><Value2><C1>1</C1><C2>2</C2></Value2><Error2Radius>0</Error2Radius></Position2D>')}</VOEvent>`,
    )
    expect(parseNotice(bytes).position).toBeNull()
  })
})

describe('hostile and broken messages get one clear sentence', () => {
  const laughs = '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'
  it.each([
    ['entity expansion', swift('<x>&lol2;</x>', laughs), /DOCTYPE/],
    ['deep JSON', bytesOf('{"a":' + '['.repeat(100_000) + ']'.repeat(100_000) + '}'), /deeper than 64/],
    ['deep XML', swift('<a>'.repeat(5000) + '</a>'.repeat(5000)), /deeper than 64/],
    ['truncated JSON', bytesOf('{"superevent_id": "S2411'), /broken/],
    ['truncated XML', swift('').subarray(0, 200), /broken/],
    ['nothing', new Uint8Array(0), /empty/],
    ['noise', Uint8Array.from({ length: 4000 }, (_, i) => (i * 73 + 200) & 255), /neither/],
    [
      'an alert without event',
      bytesOf(JSON.stringify({ ...retraction, alert_type: 'UPDATE' })),
      /no "event"/,
    ],
    ['an unknown JSON object', bytesOf('{"hello":"world"}'), /"hello"/],
    ['an unknown XML document', bytesOf('<html><body>VOEvent</body></html>'), /not <VOEvent>/],
  ])('%s', (_what, bytes, sentence) => {
    const text = sentenceOf(bytes)
    expect(text).toMatch(sentence)
    expect(text.length).toBeLessThan(400)
    expect(text).not.toContain('\n')
  })
  it('100 MB', () => {
    expect(sentenceOf(new Uint8Array(100 * 1024 * 1024).fill(0x20))).toMatch(
      /100 MiB; a notice is at most 32 MiB/,
    )
  })
  it('does not trust a name for a prototype', () => {
    const notice = parseNotice(
      bytesOf('{"mission":"X","id":"1","trigger_time":"2026-01-01T00:00:00Z","__proto__":{"kind":"gw"}}'),
    )
    expect(notice.kind).toBe('unknown')
  })
})
