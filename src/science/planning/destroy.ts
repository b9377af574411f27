/** Ways of taking fields out of timelines, so that a repair may do better. */
import type { Random } from '#science/simulate/random.ts'
import type { Instance } from './instance.ts'
import { removeField, type Routes } from './routes.ts'

/** Takes about `count` fields out; answers with fields that should be tried first. */
export type Destroy = (routes: Routes, count: number, random: Random, neighbours: Neighbours) => number[]

/** What is near what. */
export interface Neighbours {
  /** Candidates of any telescope by distance on the sky, nearest first, the candidate itself left out. */
  readonly near: (c: number) => Int32Array
  /** Candidates that see some of the same sky. */
  readonly sharing: (c: number) => readonly number[]
  /** Candidates that can be in a plan at all. */
  readonly usable: Int32Array
}

/** Most neighbours kept. */
const NEAREST = 60

/** Neighbours are found when they are first asked for. */
export function findNeighbours(instance: Instance): Neighbours {
  const { candidates, coverage } = instance.problem
  const usable = Int32Array.from(candidates.keys()).filter(
    (c) => instance.needed[c] > 0 && instance.starts[c].length > 0 && coverage.fieldWeight[c] > 0,
  )
  const vectors = candidates.map(({ field }) => {
    const ra = (field.ra * Math.PI) / 180
    const dec = (field.dec * Math.PI) / 180
    return [Math.cos(dec) * Math.cos(ra), Math.cos(dec) * Math.sin(ra), Math.sin(dec)] as const
  })
  const near = new Map<number, Int32Array>()
  const sharing = new Map<number, number[]>()
  const { offsets, regions } = instance.regions
  return {
    usable,
    near(c) {
      const known = near.get(c)
      if (known) return known
      const [x, y, z] = vectors[c]
      const closeness = (o: number) => x * vectors[o][0] + y * vectors[o][1] + z * vectors[o][2]
      const found = usable
        .filter((o) => o !== c)
        .sort((a, b) => closeness(b) - closeness(a))
        .slice(0, NEAREST)
      near.set(c, found)
      return found
    },
    sharing(c) {
      const known = sharing.get(c)
      if (known) return known
      const found = new Set<number>()
      for (let e = offsets[c]; e < offsets[c + 1]; e++) {
        const region = regions[e]
        for (let m = coverage.offsets[region]; m < coverage.offsets[region + 1]; m++)
          found.add(coverage.members[m])
      }
      found.delete(c)
      const list = [...found]
      sharing.set(c, list)
      return list
    },
  }
}

/** Fields whose visits can be taken out. */
function removable({ instance, inside }: Routes, { usable }: Neighbours): number[] {
  const list: number[] = []
  for (const c of usable) if (inside[c] && instance.needed[c] > 0) list.push(c)
  return list
}

function atRandom(routes: Routes, count: number, random: Random, neighbours: Neighbours): number[] {
  const list = removable(routes, neighbours)
  for (let k = 0; k < count && list.length; k++) {
    const e = random.integer(list.length)
    removeField(routes, list[e])
    list[e] = list[list.length - 1]
    list.pop()
  }
  return []
}

/** Those whose loss is smallest for the time they take. */
function worst(routes: Routes, count: number, random: Random, neighbours: Neighbours): number[] {
  const { instance, union } = routes
  const loss = (c: number) =>
    union.loss(c) / instance.needed[c] / instance.durationS[instance.problem.candidates[c].telescope]
  const list = removable(routes, neighbours)
    .map((c) => ({ c, loss: loss(c) }))
    .sort((a, b) => a.loss - b.loss)
  for (let k = 0; k < count && list.length; k++) {
    const [{ c }] = list.splice(Math.floor(random.uniform() ** 4 * list.length), 1)
    removeField(routes, c)
  }
  return []
}

/** Those of one telescope that follow one another in time. */
function stretch(routes: Routes, count: number, random: Random): number[] {
  const { instance, order } = routes
  const { candidate, visit } = instance.node
  const t = random.integer(order.length)
  const list = order[t]
  if (list.length === 0) return []
  const from = random.integer(list.length)
  const found = new Set<number>()
  for (let p = from; p < list.length && found.size < count; p++)
    if (visit[list[p]] >= 0) found.add(candidate[list[p]])
  for (const c of found) removeField(routes, c)
  return []
}

/** Those around a point of the sky, of all telescopes. */
function region(routes: Routes, count: number, random: Random, neighbours: Neighbours): number[] {
  const { usable } = neighbours
  if (usable.length === 0) return []
  const centre = usable[random.integer(usable.length)]
  removeField(routes, centre)
  let left = count
  for (const c of neighbours.near(centre)) {
    if (left <= 0) break
    if (!routes.inside[c]) continue
    removeField(routes, c)
    left--
  }
  return []
}

/** Room for a field that is not in: those that see its sky and those at the hours when it can be seen go. */
function forOne(routes: Routes, count: number, random: Random, neighbours: Neighbours): number[] {
  const { instance, inside, union, order, earliest } = routes
  let wanted = -1
  let best = 0
  for (let k = 0; k < 12 && neighbours.usable.length; k++) {
    const c = neighbours.usable[random.integer(neighbours.usable.length)]
    if (inside[c]) continue
    const gain =
      union.gain(c) * (0.5 + random.uniform()) +
      instance.problem.coverage.fieldWeight[c] * 0.1 * random.uniform()
    if (gain > best) {
      best = gain
      wanted = c
    }
  }
  if (wanted < 0) return []
  let left = count
  for (const c of neighbours.sharing(wanted)) {
    if (left <= 0) break
    if (!inside[c] || random.uniform() < 0.4) continue
    removeField(routes, c)
    left--
  }
  const t = instance.problem.candidates[wanted].telescope
  const span = instance.starts[wanted]
  const moment = span[0] + random.uniform() * (span[span.length - 1] - span[0])
  const { candidate, visit } = instance.node
  const byTime = order[t]
    .filter((n) => visit[n] >= 0)
    .sort((a, b) => Math.abs(earliest[a] - moment) - Math.abs(earliest[b] - moment))
  for (const n of byTime) {
    if (left <= 0) break
    if (!inside[candidate[n]]) continue
    removeField(routes, candidate[n])
    left--
  }
  return [wanted]
}

/** Everything of one telescope. */
function wholeTelescope(routes: Routes, _count: number, random: Random, neighbours: Neighbours): number[] {
  const t = random.integer(routes.order.length)
  for (const c of removable(routes, neighbours)) {
    if (routes.instance.problem.candidates[c].telescope === t) removeField(routes, c)
  }
  return []
}

export const destroys: readonly Destroy[] = [atRandom, worst, stretch, region, forOne, wholeTelescope]
