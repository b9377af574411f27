import { readFileSync } from 'node:fs'
import { base64, simulateAlerts } from '#science/simulate/alerts.ts'
import { seededRandom, type Random } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'

/** A notice to post: topic and bytes. */
export interface SampleNotice {
  topic: string
  bytes: Uint8Array<ArrayBuffer>
  /** Name by which the event can be asked for once it is there. */
  event: string
}

const igwn = [
  'grandma-gcn/notices/S241102br-initial.json',
  'grandma-gcn/notices/S241102br-preliminary.json',
  'grandma-gcn/notices/S250207bg-preliminary.json',
]

/** Each with what must differ for the notice to be about an event of its own, and how the event is then called. */
const voevents: readonly [file: string, id: RegExp, name: (id: string) => string][] = [
  ['grandma-gcn/notices/swift_bat_type61.xml', /name="TrigID"\s+value="(\d+)"/, (id) => `Swift ${id}`],
  ['grandma-gcn/notices/swift_xrt_type67.xml', /name="TrigID"\s+value="(\d+)"/, (id) => `Swift ${id}`],
  ['grandma-gcn/notices/svom_eclairs.xml', /(sb\d{8})/, (id) => id],
  ['grandma-gcn/notices/svom_mxt.xml', /(sb\d{8})/, (id) => id],
  ['gwcelery/swift_grb_gcn.xml', /name="TrigID"\s+value="(\d+)"/, (id) => `Swift ${id}`],
  ['gwcelery/fermi_grb_gcn.xml', /name="TrigID"\s+value="(\d+)"/, (id) => `Fermi ${id}`],
  ['skyportal/SWIFT_1125809-092.xml', /name="TrigID"\s+value="(\d+)"/, (id) => `Swift ${id}`],
]

const unified: readonly [file: string, topic: string, name: (id: string) => string][] = [
  ['fermi/gbm/trigger.final', 'gcn.notices.fermi.gbm', (id) => `Fermi ${id}`],
  ['maxi/gsc.unknown.circle', 'gcn.notices.maxi.gsc.unknown', (id) => `MAXI ${id}`],
  ['maxi/gsc.unknown.ellipse', 'gcn.notices.maxi.gsc.unknown', (id) => `MAXI ${id}`],
  ['maxi/gsc.unknown.rectangle', 'gcn.notices.maxi.gsc.unknown', (id) => `MAXI ${id}`],
  ['chime/frb.detection', 'gcn.notices.chime.frb', (id) => `CHIME ${id}`],
  ['dsa110/frb.detection', 'gcn.notices.dsa110.frb', (id) => `DSA-110 ${id}`],
  ['einstein_probe/wxt/alert', 'gcn.notices.einstein_probe.wxt.alert', (id) => `EP ${id}`],
  ['icecube/single_neutrino_alerts.gold_bronze_track_alerts', 'gcn.notices.icecube.gold_bronze_track_alerts', (id) => `IceCube ${id}`],
] // prettier-ignore

export interface Mixture {
  igwn: number
  voevent: number
  unified: number
}

/** The mixture that the figures are quoted for. */
export const fullMixture: Mixture = { igwn: 200, voevent: 900, unified: 900 }

/**
 * Notices made by varying the shared ones: each is about an event of its own, at its own place and time, and each map has
 * bytes of its own. Shuffled, the same for the same seed. Undefined without the shared test data.
 */
export function sharedNotices(mixture: Mixture = fullMixture, seed = 1): SampleNotice[] | undefined {
  const random = seededRandom(seed)
  const read = (file: string) => {
    const path = dataFile('gw', ...file.split('/'))
    return path && readFileSync(path, 'utf8')
  }
  const gw = igwn.map(read)
  const xml = voevents.map(([file]) => read(file))
  const json = unified.map(([file]) => read(`gcn-schema/notices/${file}.example.json`))
  if ([...gw, ...xml, ...json].includes(undefined)) return undefined
  const notices = [
    ...times(mixture.igwn, (i) => superevent(gw[i % gw.length]!, i, random)),
    ...times(mixture.voevent, (i) => {
      const [, id, name] = voevents[i % voevents.length]
      return voevent(xml[i % xml.length]!, id, name, i, random)
    }),
    ...times(mixture.unified, (i) => {
      const [, topic, name] = unified[i % unified.length]
      return unifiedNotice(json[i % json.length]!, topic, name, i, random)
    }),
  ]
  return shuffled(notices, random)
}

/**
 * Notices that need no shared data: bursts of the unified schema, every tenth an LVK alert with a simulated map. They are
 * observations, as far as the program can see.
 */
export function syntheticNotices(count: number, seed = 1): SampleNotice[] {
  const random = seededRandom(seed)
  const map = simulateAlerts(seed, new Date('2026-01-01T00:00:00Z')).find((n) => n.label.includes('INITIAL'))!
  const alert = new TextDecoder().decode(map.bytes)
  return times(count, (i) => {
    if (i % 10 === 9) return superevent(alert, i, random)
    const id = String(700_000_000 + i)
    const content = {
      $schema: 'https://gcn.nasa.gov/schema/v7.2.1/gcn/notices/fermi/gbm/trigger.schema.json',
      mission: 'Fermi',
      instrument: 'GBM',
      messenger: 'EM',
      id: [id],
      alert_datetime: dayOf(i),
      alert_tense: 'current',
      alert_type: 'initial',
      trigger_time: dayOf(i),
      ra: 360 * random.uniform(),
      dec: 170 * random.uniform() - 85,
      ra_dec_error: 1 + 5 * random.uniform(),
      containment_probability: 0.68,
    }
    return { topic: 'gcn.notices.fermi.gbm', bytes: encode(JSON.stringify(content)), event: `Fermi ${id}` }
  })
}

function superevent(text: string, i: number, random: Random): SampleNotice {
  const alert = JSON.parse(text) as {
    superevent_id: string
    time_created: string
    event: { time: string; skymap: string; classification: Record<string, number> }
  }
  const id = `S${dayOf(i).slice(2, 10).replaceAll('-', '')}${letters(i)}`
  const map = Uint8Array.from(Buffer.from(alert.event.skymap, 'base64'))
  rewriteCard(map, 'OBJECT', id)
  alert.superevent_id = id
  alert.time_created = dayOf(i)
  alert.event.time = dayOf(i, random)
  alert.event.skymap = base64(map)
  return { topic: 'igwn.gwalert', bytes: encode(JSON.stringify(alert)), event: id }
}

function voevent(
  text: string,
  pattern: RegExp,
  name: (id: string) => string,
  i: number,
  random: Random,
): SampleNotice {
  const old = pattern.exec(text)![1]
  // Digits as many as the mission uses.
  const id = old.startsWith('sb')
    ? `sb${26_000_000 + i}`
    : String(10 ** (old.length - 1) + i * 7 + random.integer(7))
  const ra = (360 * random.uniform()).toFixed(4)
  const varied = text
    .replaceAll(old, id)
    .replace(/ivorn="([^"]*)"/, `ivorn="$1-${i}"`)
    .replace(/<C1>[^<]*<\/C1>/, `<C1>${ra}</C1>`)
    .replace(/<ISOTime>[^<]*<\/ISOTime>/, `<ISOTime>${dayOf(i).slice(0, -1)}</ISOTime>`)
    .replace(/<Name>[^<]*<\/Name>/g, '<Name>unnamed</Name>')
  return { topic: 'post', bytes: encode(varied), event: name(id) }
}

function unifiedNotice(
  text: string,
  topic: string,
  name: (id: string) => string,
  i: number,
  random: Random,
): SampleNotice {
  const content = JSON.parse(text) as Record<string, unknown>
  const id = String(300_000_000 + i)
  content['id'] = Array.isArray(content['id']) ? [id] : id
  delete content['event_name']
  delete content['healpix_url']
  content['trigger_time'] = dayOf(i)
  if ('alert_datetime' in content) content['alert_datetime'] = dayOf(i)
  // Corners of a rectangle belong to its centre.
  if (!('rectangular_error_corners' in content)) content['ra'] = 360 * random.uniform()
  return { topic, bytes: encode(JSON.stringify(content)), event: name(id) }
}

/** Puts other text into a string card of the file's headers; same length, so nothing moves. */
function rewriteCard(file: Uint8Array, keyword: string, value: string): void {
  const header = new TextDecoder('latin1').decode(file.subarray(0, 40 * 2880))
  const at = header.indexOf(`${keyword.padEnd(8)}= '`)
  if (at < 0) return
  file.set(encode(`${keyword.padEnd(8)}= '${value.padEnd(8)}'`.padEnd(80)), at)
}

/** A time of the year 2025 that differs for each i. */
function dayOf(i: number, random?: Random): string {
  const ms = Date.UTC(2025, 0, 1) + i * 10_007_000 + (random ? random.integer(1000) : 0)
  return new Date(ms).toISOString()
}

function letters(i: number): string {
  return i < 26
    ? String.fromCharCode(97 + i)
    : letters(Math.floor(i / 26) - 1) + String.fromCharCode(97 + (i % 26))
}

function shuffled<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    ;[list[i], list[j]] = [list[j], list[i]]
  }
  return list
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
