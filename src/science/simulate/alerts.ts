import { mapFile, type Vector } from './cells.ts'
import { localize, type Skill } from './network.ts'
import { seededRandom, type Random } from './random.ts'

/** A notice as it would come off the stream, and when. */
export interface SimulatedNotice {
  /** Seconds after the start of the sequence at which it arrives. */
  afterSeconds: number
  topic: string
  /** For a log line: `MS261121a INITIAL, 180 deg²`. */
  label: string
  bytes: Uint8Array<ArrayBuffer>
}

/** How long a sequence takes, s: until the last update of the merger. */
export const sequenceSeconds = 75

/**
 * One night's alerts: a neutron-star merger told four times (early warning, preliminary, initial, update), a black-hole
 * merger that is retracted, and a gamma-ray burst told twice. Every notice says of itself that it is a test: the
 * superevents are mock events (`MS…`), the burst has `alert_tense: "test"`. Their topics begin with `urania.simulated`, by
 * which the alerts room knows its own demonstration: shown, always marked.
 *
 * @param seed same seed and start, same bytes
 * @param start when the first merger reaches the Earth
 * @param letters end of the first superevent's name, so that two sequences of one day differ; the second has the next
 */
export function simulateAlerts(seed: number, start: Date, letters = 'a'): SimulatedNotice[] {
  const random = seededRandom(seed)
  return [
    ...neutronStarMerger(random, start, letters),
    ...retractedMerger(random, start, nextLetters(letters)),
    ...gammaRayBurst(random, start),
  ].sort((a, b) => a.afterSeconds - b.afterSeconds)
}

/** A network gets better while people look: longer signals, then parameter estimation. */
const skills: Record<string, Skill> = {
  EARLYWARNING: { instruments: ['H1', 'L1', 'V1'], timing: 1.8e-3, amplitude: 0.3 },
  PRELIMINARY: { instruments: ['H1', 'L1', 'V1'], timing: 9e-4, amplitude: 0.25 },
  INITIAL: { instruments: ['H1', 'L1', 'V1'], timing: 5e-4, amplitude: 0.16 },
  UPDATE: { instruments: ['H1', 'L1', 'V1'], timing: 2.5e-4, amplitude: 0.1 },
}

interface Merger {
  id: string
  time: Date
  direction: Vector
  distance: number
  classification: Record<string, number>
  properties: Record<string, number>
}

function neutronStarMerger(random: Random, start: Date, letters: string): SimulatedNotice[] {
  const merger: Merger = {
    id: superevent(start, letters),
    time: start,
    direction: nightDirection(random, start),
    distance: 90 + 60 * random.uniform(),
    classification: { BNS: 0.94, NSBH: 0.03, BBH: 0, Terrestrial: 0.03 },
    properties: { HasNS: 1, HasRemnant: 0.98, HasMassGap: 0.02, HasSSM: 0 },
  }
  const far = { EARLYWARNING: 6e-8, PRELIMINARY: 3e-10, INITIAL: 3e-10, UPDATE: 1e-12 }
  const arrival = { EARLYWARNING: 3, PRELIMINARY: 14, INITIAL: 40, UPDATE: sequenceSeconds }
  return (Object.keys(far) as (keyof typeof far)[]).map((type) =>
    gravitationalWave(merger, type, far[type], arrival[type], start),
  )
}

function retractedMerger(random: Random, start: Date, letters: string): SimulatedNotice[] {
  const merger: Merger = {
    id: superevent(start, letters),
    time: new Date(start.getTime() + 20_000),
    direction: anyDirection(random),
    distance: 900 + 900 * random.uniform(),
    classification: { BNS: 0, NSBH: 0.02, BBH: 0.87, Terrestrial: 0.11 },
    properties: { HasNS: 0.02, HasRemnant: 0, HasMassGap: 0.05, HasSSM: 0 },
  }
  return [
    gravitationalWave(merger, 'PRELIMINARY', 9e-9, 27, start),
    notice(58, 'urania.simulated.gwalert', `${merger.id} RETRACTION`, {
      alert_type: 'RETRACTION',
      time_created: seconds(new Date(start.getTime() + 58_000)),
      superevent_id: merger.id,
      urls: { gracedb: `https://example.invalid/superevents/${merger.id}/view/` },
      event: null,
      external_coinc: null,
    }),
  ]
}

function gravitationalWave(
  merger: Merger,
  type: string,
  far: number,
  after: number,
  start: Date,
): SimulatedNotice {
  const skill = skills[type]
  const map = localize(
    {
      direction: merger.direction,
      distance: merger.distance,
      julianDate: 2440587.5 + merger.time.getTime() / 86_400_000,
    },
    skill,
  )
  const file = mapFile(map.rows, {
    object: merger.id,
    instruments: skill.instruments,
    dateObs: merger.time.toISOString().slice(0, -1),
    distMean: map.distMean,
    distStd: map.distStd,
  })
  return notice(after, 'urania.simulated.gwalert', `${merger.id} ${type}, ${Math.round(map.area90)} deg²`, {
    alert_type: type,
    time_created: seconds(new Date(start.getTime() + after * 1000)),
    superevent_id: merger.id,
    urls: { gracedb: `https://example.invalid/superevents/${merger.id}/view/` },
    event: {
      significant: true,
      time: merger.time.toISOString(),
      far,
      instruments: skill.instruments,
      group: 'CBC',
      pipeline: 'simulation',
      search: type === 'EARLYWARNING' ? 'EarlyWarning' : 'AllSky',
      properties: merger.properties,
      classification: merger.classification,
      duration: null,
      central_frequency: null,
      skymap: base64(file),
    },
    external_coinc: null,
  })
}

function gammaRayBurst(random: Random, start: Date): SimulatedNotice[] {
  const direction = anyDirection(random)
  const time = new Date(start.getTime() + 8_000)
  const id = String(800_000_000 + random.integer(1_000_000))
  const told = (after: number, type: string, record: number, errorDeg: number): SimulatedNotice => {
    const [ra, dec] = near(direction, errorDeg / 2, random)
    return notice(after, 'urania.simulated.burst', `burst ${id} ${type}, ±${errorDeg}°`, {
      $schema: 'https://gcn.nasa.gov/schema/v7.2.1/gcn/notices/core/Alert.schema.json',
      mission: 'SimBurst',
      instrument: 'monitor',
      messenger: 'EM',
      record_number: record,
      id: [id],
      alert_datetime: new Date(start.getTime() + after * 1000).toISOString(),
      alert_tense: 'test',
      alert_type: type,
      trigger_time: time.toISOString(),
      ra,
      dec,
      ra_dec_error: errorDeg,
      containment_probability: 0.68,
      systematic_included: true,
      classification: { GRB: 0.98, SGR: 0.02 },
      rate_snr: 14.2,
      rate_duration: 1.024,
    })
  }
  return [told(20, 'initial', 1, 5.2), told(50, 'update', 2, 1.7)]
}

function notice(afterSeconds: number, topic: string, label: string, content: object): SimulatedNotice {
  return { afterSeconds, topic, label, bytes: new TextEncoder().encode(JSON.stringify(content)) }
}

function superevent(day: Date, letters: string): string {
  return `MS${day.toISOString().slice(2, 10).replaceAll('-', '')}${letters}`
}

/** As superevents are counted through a day: a … z, aa, ab … */
export function supereventLetters(n: number): string {
  const last = String.fromCharCode(97 + (n % 26))
  return n < 26 ? last : supereventLetters(Math.floor(n / 26) - 1) + last
}

function nextLetters(letters: string): string {
  let n = 0
  for (const letter of letters) n = 26 * n + letter.charCodeAt(0) - 96
  return supereventLetters(n)
}

/** ISO time to the second, as `time_created` has it. */
function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

function anyDirection(random: Random): Vector {
  const z = 2 * random.uniform() - 1
  const a = 2 * Math.PI * random.uniform()
  const s = Math.sqrt(1 - z * z)
  return [s * Math.cos(a), s * Math.sin(a), z]
}

/** A direction that telescopes of both hemispheres can look at by night: far from the Sun and from the poles. */
function nightDirection(random: Random, date: Date): Vector {
  // Mean longitude of the Sun, a full turn in a tropical year; a degree or two is near enough.
  const turn = 365.2422 * 86_400_000
  const longitude = (2 * Math.PI * (date.getTime() - Date.UTC(2000, 2, 20, 7, 35))) / turn
  const tilt = (23.44 * Math.PI) / 180
  const [x, y] = [Math.cos(longitude), Math.sin(longitude)]
  const sun: Vector = [x, y * Math.cos(tilt), y * Math.sin(tilt)]
  for (;;) {
    const direction = anyDirection(random)
    const towards = direction[0] * sun[0] + direction[1] * sun[1] + direction[2] * sun[2]
    if (towards < -0.5 && Math.abs(direction[2]) < 0.5) return direction
  }
}

/** A direction scattered by about `sigma` degrees, as RA and Dec in degrees. */
function near([x, y, z]: Vector, sigma: number, random: Random): [number, number] {
  const s = (sigma * Math.PI) / 180
  const v = [x + s * random.normal(), y + s * random.normal(), z + s * random.normal()]
  const ra = (Math.atan2(v[1], v[0]) * 180) / Math.PI
  return [(ra + 360) % 360, (Math.atan2(v[2], Math.hypot(v[0], v[1])) * 180) / Math.PI]
}

/** Standard base64; `btoa` is not in every host of `science`. */
export function base64(bytes: Uint8Array): string {
  const alphabet = new TextEncoder().encode(
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  )
  const text = new Uint8Array(4 * Math.ceil(bytes.length / 3)).fill('='.charCodeAt(0))
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const n = (bytes[from] << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    const letters = Math.min(4, bytes.length - from + 1)
    for (let i = 0; i < letters; i++) text[to + i] = alphabet[(n >> (18 - 6 * i)) & 63]
  }
  return new TextDecoder().decode(text)
}
