import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bulletin } from '#platform/bulletin.ts'
import { localOperator } from '#observatory/people/actor.ts'
import { sendImport } from '#observatory/references/import-service.ts'
import { importKind } from '#observatory/references/job-kinds.ts'
import { room as references } from '#observatory/references/module.ts'
import { base64 } from '#science/simulate/alerts.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { centreOf, pixelOf } from '#science/sky/healpix.ts'
import { containsTest } from '#science/planning/footprint.ts'
import { offsetBy, separation, unitVector } from '#science/sky/vectors.ts'
import { circleMap } from '#science/skymap/make.ts'
import { scaledBy, totalOf, type SkyMap } from '#science/skymap/map.ts'
import { parametersOf } from '#science/skymap/moments.ts'
import { writeSkyMap } from '#science/skymap/write.ts'
import { planBench } from '#test/plans.ts'
import { fieldsOf, type PlanDocument } from './document.ts'
import type { PlanDetail } from './plan.ts'

const { platform, take, request, json, plan } = await planBench({ rooms: [references] })
const work = await mkdtemp(join(tmpdir(), 'urania-galaxies-'))
afterAll(() => rm(work, { recursive: true, force: true }))

const night = { start: '2026-03-17T00:00:00Z', hours: 24, method: 'greedy', seconds: 2 }
const tch = { telescope: 'tch', maxFields: 6 }
const [centreRa, centreDec, radius] = [165, -25, 5]
const parameters = parametersOf({ mean: 100, std: 20 })

/** The finest cells of `farMap`; farther out than this it has larger ones with next to nothing in them. */
const [fine, coarse, edge] = [6, 3, 25]

/** Up to a factor: a Gaussian in the angle that holds 90 % within the radius. */
const fall = (ra: number, dec: number): number =>
  Math.exp(Math.log(0.1) * (separation(ra, dec, centreRa, centreDec) / radius) ** 2)

/** A circular region, everywhere at 100 ± 20 Mpc, with the density at the centre of each cell. */
function farMap(): SkyMap {
  const cells = Array.from({ length: 12 * 4 ** coarse }, (_, i) => i).flatMap((i): [number, number][] => {
    const [ra, dec] = centreOf(coarse, i)
    const times = 4 ** (fine - coarse)
    if (separation(ra, dec, centreRa, centreDec) > edge) return [[coarse, i]]
    return Array.from({ length: times }, (_, n) => [fine, i * times + n])
  })
  const all = (value: number): Float64Array => new Float64Array(cells.length).fill(value)
  const { mu, sigma, norm } = parameters
  const map = {
    order: Uint8Array.from(cells, ([order]) => order),
    ipix: Float64Array.from(cells, ([, pixel]) => pixel),
    density: Float64Array.from(cells, ([order, pixel]) => fall(...centreOf(order, pixel))),
    distance: { mu: all(mu), sigma: all(sigma), norm: all(norm) },
    meta: {},
  }
  return scaledBy(map, 1 / totalOf(map))
}

function wave(id: string, map: SkyMap) {
  return {
    alert_type: 'INITIAL',
    time_created: '2026-03-16T22:00:00Z',
    superevent_id: id,
    urls: { gracedb: `https://gracedb.ligo.org/superevents/${id}/view/` },
    event: {
      significant: true,
      time: '2026-03-16T21:58:00Z',
      far: 1e-12,
      instruments: ['H1', 'L1'],
      group: 'CBC',
      pipeline: 'gstlal',
      search: 'AllSky',
      properties: { HasNS: 1, HasRemnant: 1 },
      classification: { BNS: 0.98, Terrestrial: 0.02 },
      duration: null,
      central_frequency: null,
      skymap: base64(writeSkyMap(map)),
    },
    external_coinc: null,
  }
}

const random = seededRandom(21)
const galaxies = Array.from({ length: 500 }, (_, i) => {
  const [ra, dec] = offsetBy(centreRa, centreDec, 360 * random.uniform(), 10 * Math.sqrt(random.uniform()))
  return {
    name: `G${i}`,
    ra,
    dec,
    distance: i % 10 === 0 ? null : 20 + 230 * random.uniform(),
    mass: 10 ** (9 + 2 * random.uniform()),
  }
})
type Galaxy = (typeof galaxies)[number]

/** Density of a galaxy in the volume, up to a factor. */
function densityOf({ ra, dec, distance }: Galaxy): number {
  const along = (distance! - parameters.mu) / parameters.sigma
  return fall(...centreOf(fine, pixelOf(fine, ra, dec))) * Math.exp(-0.5 * along ** 2)
}

async function imported(name: string, text: string): Promise<void> {
  const file = join(work, `${name}.csv`)
  await writeFile(file, text)
  await sendImport(platform, localOperator, file, { name, kind: 'galaxy' })
  await platform.jobs.idle([importKind.name])
}

async function refusal(asked: object): Promise<string> {
  const body = JSON.stringify({ event: 'S260316g', telescopes: [tch], ...night, ...asked })
  const headers = { 'content-type': 'application/json' }
  const response = await request('/plans', { method: 'POST', headers, body })
  expect(response.status).toBe(422)
  return ((await response.json()) as { errors: { message: string }[] }).errors
    .map((each) => each.message)
    .join('\n')
}

interface Document {
  telescopes: { slug: string; strategy: string }[]
  galaxies: { name: string; weight: number; fields: string[] }[]
}
const documentOf = ({ id }: PlanDetail): Promise<Document> => json(`/plans/${id}/export/json`)

beforeAll(async () => {
  await take(
    wave('S260316g', farMap()),
    wave('S260316h', circleMap(centreRa, centreDec, radius, 0.9)),
    wave('S260316i', circleMap(centreRa, centreDec, 0.3, 0.9)),
  )
  expect(await refusal({ strategy: 'galaxies' })).toMatch(
    /none has been imported: "urania catalogues import FILE --name NAME"/,
  )
  const rows = galaxies.map(
    ({ name, ra, dec, distance, mass }) => `${name},${ra},${dec},${distance ?? ''},${mass}`,
  )
  await imported('near', `name,ra,dec,distance [Mpc],mass [solMass]\n${rows.join('\n')}\n`)
  const bare = galaxies.map(({ name, ra, dec }) => `${name},${ra},${dec}`)
  await imported('bare', `name,ra,dec\n${bare.join('\n')}\n`)
  const away = galaxies.map(({ name, ra, dec }) => `${name},${ra},${-dec},90`)
  await imported('away', `name,ra,dec,distance [Mpc]\n${away.join('\n')}\n`)
}, 60_000)

describe('a plan on galaxies', () => {
  it('aims at those that fit the map in place and distance, each counted once', async () => {
    const made = await plan({
      event: 'S260316g',
      telescopes: [tch, { telescope: 'tre', maxFields: 2 }],
      strategy: 'galaxies',
      catalogue: 'Near',
      weight: 'mass',
      ...night,
    })
    expect(made).toMatchObject({ state: 'ready', problem: null })
    const { probability, fields, notes, aim, galaxies: counted } = made.result!
    expect(made).toMatchObject({ aim: 'galaxies', probability })
    expect(aim).toBe('galaxies')
    expect(notes.join('\n')).toMatch(/\d+ galaxies of near lie in the region/)
    const document = await documentOf(made)
    expect(document.telescopes.map((each) => each.strategy)).toEqual(['galaxies', 'galaxies'])
    const aimed = document.galaxies
    expect(aimed).toHaveLength(counted)
    expect(aimed.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(1, 6)
    const covered = aimed.filter((each) => each.fields.length > 0)
    expect(covered.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(probability, 6)
    expect(probability).toBeGreaterThan(0.5)
    expect(fields).toBeLessThanOrEqual(8)
    expect(covered.length).toBeGreaterThan(fields)
    const exported = await (await request(`/plans/${made.id}/export/galaxies`)).text()
    expect(exported.trim().split('\n')).toHaveLength(aimed.length + 1)
  })

  it('tells the share of the weight from the probability of the map: points in its fields give area and probability within 2 %', async () => {
    const made = await plan({
      event: 'S260316g',
      telescopes: [tch, { telescope: 'tre', maxFields: 2 }],
      strategy: 'galaxies',
      catalogue: 'near',
      ...night,
    })
    const { probability, skyProbability, areaDeg2, galaxies: count, shares } = made.result!
    expect(made.skyProbability).toBe(skyProbability)
    const document = await json<PlanDocument>(`/plans/${made.id}/export/json`)
    const tests = fieldsOf(document).map(({ footprint, field }) => containsTest(footprint, field))
    const map = farMap()
    const deeper = 2
    let [weight, area] = [0, 0]
    map.order.forEach((order, cell) => {
      const finer = order + deeper
      const size = (4 * Math.PI) / (12 * 4 ** finer)
      for (let n = 0; n < 4 ** deeper; n++) {
        const [x, y, z] = unitVector(...centreOf(finer, map.ipix[cell]! * 4 ** deeper + n))
        if (!tests.some((holds) => holds(x, y, z))) continue
        weight += map.density[cell]! * size
        area += size * (180 / Math.PI) ** 2
      }
    })
    expect(areaDeg2 / area).toBeGreaterThan(0.98)
    expect(areaDeg2 / area).toBeLessThan(1.02)
    expect(skyProbability / weight).toBeGreaterThan(0.98)
    expect(skyProbability / weight).toBeLessThan(1.02)
    expect(Math.abs(probability - skyProbability)).toBeGreaterThan(0.01)
    expect(shares.reduce((sum, each) => sum + each.areaDeg2, 0)).toBeGreaterThanOrEqual(areaDeg2 - 1e-9)
    const percent = (p: number): string => `${(100 * p).toFixed(1)} %`
    const text = async (format: string): Promise<string> =>
      (await (await request(`/plans/${made.id}/export/${format}`)).text()).replaceAll(/\s+/g, ' ')
    const circular = await text('circular')
    expect(circular).toContain(
      `hold ${percent(probability)} of the weight of the ${count} catalogued galaxies that fit the localization, ` +
        `and cover ${percent(skyProbability)} of the localization probability`,
    )
    expect(circular).not.toContain('over 0 square degrees')
    expect(circular).toContain("| Galaxies' weight |")
    expect(await text('ecsv')).toContain("Share of the galaxies' weight in the field alone")
    const source = platform.bulletins.find((each) => 'plans.finished' in each.kinds)!
    const all: Bulletin[] = []
    for await (const each of source.past(new Date(0), new Date('2100-01-01'))) all.push(each)
    const told = all.find(
      ({ kind, links }) => kind === 'plans.finished' && links.some(({ url }) => url.endsWith(made.id)),
    )
    expect(told!.headline).toContain(`covers ${percent(probability)} of the galaxies' weight`)
    expect(told!.facts[0]!.value).toContain(`${percent(skyProbability)} of the map's probability in `)
    expect(told!.values).toMatchObject({ plan_aim: 'galaxies', plan_sky_probability: skyProbability })
  })

  it('is what auto makes of a catalogue, unless one field holds the region', async () => {
    const ask = { telescopes: [tch], catalogue: 'near', ...night }
    const wide = await documentOf(await plan({ event: 'S260316g', ...ask }))
    expect(wide.telescopes[0]!.strategy).toBe('galaxies')
    const small = await plan({ event: 'S260316i', ...ask })
    expect((await documentOf(small)).telescopes[0]!.strategy).toBe('single')
    expect((await documentOf(small)).galaxies).toEqual([])
    expect(small.result!.probability).toBeGreaterThan(0.9)
    const { aim, probability, skyProbability, galaxies: none } = small.result!
    expect({ aim, skyProbability, none }).toEqual({ aim: 'sky', skyProbability: probability, none: 0 })
  })

  it('goes by the sky alone where the map has no distances', async () => {
    const made = await plan({
      event: 'S260316h',
      telescopes: [tch],
      strategy: 'galaxies',
      catalogue: 'bare',
      ...night,
    })
    expect(made.result!.notes.join('\n')).toMatch(/weighed by the probability on the sky/)
    expect((await documentOf(made)).galaxies.length).toBeGreaterThan(100)
  })

  it('is by tiling, and says so, where no galaxy fits or auto cannot use the catalogue', async () => {
    const ask = { event: 'S260316g', telescopes: [tch], ...night }
    const none = await plan({ ...ask, strategy: 'galaxies', catalogue: 'away' })
    expect(none.result!.notes.join('\n')).toMatch(/No galaxy of the catalogue fits/)
    for (const [catalogue, why] of [
      ['nera', /no catalogue "nera" here. Did you mean near\?.* by tiling instead/],
      ['bare', /bare has no distances.* by tiling instead/],
    ] as const) {
      const made = await plan({ ...ask, catalogue })
      expect(made.result!.notes.join('\n')).toMatch(why)
      expect((await documentOf(made)).telescopes[0]!.strategy).toBe('tiling')
      expect(made.result!.probability).toBeGreaterThan(0.1)
    }
  })

  it('is refused at once where the catalogue is unknown or lacks what is needed, with what there is', async () => {
    const strategy = 'galaxies'
    expect(await refusal({ strategy })).toMatch(/name one of away, bare, near/)
    const unknown = await refusal({ strategy, catalogue: 'glade' })
    expect(unknown).toMatch(/There are away, bare, near; "urania catalogues import FILE --name NAME"/)
    const without = await refusal({ strategy, catalogue: 'bare', weight: 'luminosity' })
    expect(without).toMatch(/bare has no distances; it has name, ra, dec/)
    expect(without).toMatch(/no B magnitudes .*--map mag_b=COLUMN:UNIT/)
    const rule = await request('/plan-rules', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'go',
        condition: 'p_bns > 0.5',
        groups: [{ plan: { telescopes: [tch], strategy, catalogue: 'glade' } }],
      }),
    })
    expect(rule.status).toBe(422)
    expect(((await rule.json()) as { detail: string }).detail).toMatch(
      /group 1: There is no catalogue "glade"/,
    )
  })
})

describe('galaxies of a localization', () => {
  interface Matched {
    catalogue: string
    version: number
    items: { name: string; weight: number; density: number; level: number; distanceMpc: number | null }[]
    left: Record<string, number>
  }
  const idOf = async (event: string): Promise<string> =>
    (await json<{ place: { localizationId: string } }>(`/events/${event}`)).place.localizationId

  it('are ranked by probability per volume, within 1e-6 of two Gaussians; by mass as that times the mass', async () => {
    const id = await idOf('S260316g')
    const found = await json<Matched>(`/catalogues/near/localization/${id}?limit=1000`)
    expect(found).toMatchObject({ catalogue: 'near', version: 1 })
    expect(found.items.length).toBeGreaterThan(30)
    const byName = new Map(galaxies.map((each) => [each.name, each]))
    const first = found.items[0]!
    for (const each of found.items) {
      const ratio = each.density / first.density
      const expected = densityOf(byName.get(each.name)!) / densityOf(byName.get(first.name)!)
      expect(Math.abs(ratio / expected - 1), each.name).toBeLessThan(1e-6)
      expect(each.level).toBeLessThanOrEqual(0.9)
      expect(each.distanceMpc).toBe(byName.get(each.name)!.distance)
    }
    expect(found.items.map((each) => each.weight)).toEqual(
      found.items.map((each) => each.weight).toSorted((a, b) => b - a),
    )
    expect(found.items.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(1, 9)
    const heavy = await json<Matched>(`/catalogues/near/localization/${id}?limit=1000&weight=mass`)
    const densities = new Map(found.items.map((each) => [each.name, each.density]))
    const [a, b] = [heavy.items[0]!, heavy.items[5]!]
    const product = ({ name }: { name: string }): number => densities.get(name)! * byName.get(name)!.mass
    expect(a.weight / b.weight / (product(a) / product(b))).toBeCloseTo(1, 9)
    const few = await json<Matched>(`/catalogues/near/localization/${id}?limit=10&level=0.5`)
    expect(few.items.map((each) => each.name)).toEqual(found.items.slice(0, 10).map((each) => each.name))
    expect(few.left['beyond']).toBeGreaterThan(0)
  })

  it('are none where none fits, and refused where a name or distances are missing', async () => {
    const id = await idOf('S260316g')
    expect((await json<Matched>(`/catalogues/away/localization/${id}`)).items).toEqual([])
    for (const [path, status, code] of [
      [`nothing/localization/${id}`, 404, 'catalogue.unknown'],
      [`bare/localization/${id}`, 422, 'catalogue.invalid'],
      [`near/localization/${crypto.randomUUID()}`, 404, 'resource.not_found'],
      [`near/localization/${id}?weight=size`, 422, 'request.invalid'],
    ] as const) {
      const response = await request(`/catalogues/${path}`)
      expect([response.status, ((await response.json()) as { code: string }).code], path).toEqual([
        status,
        code,
      ])
    }
    const flat = await json<Matched>(`/catalogues/bare/localization/${await idOf('S260316h')}?limit=5`)
    expect(flat.items.map((each) => each.distanceMpc)).toEqual([null, null, null, null, null])
  })
})
