/**
 * Overlapping sources taken apart (Bertin & Arnouts 1996, §3.2): a tree of the pixels above ever higher thresholds, whose
 * branches are sources of their own where at least two hold enough light. One sweep from the top with union-find gives all
 * levels at once; the pixels between the branches go to the likeliest one.
 */
import { ownerLookup } from './share.ts'
import { emptyShape, measureShape, type Shape } from './shape.ts'

export interface DeblendRule {
  /** DEBLEND_NTHRESH. */
  readonly levels: number
  /** DEBLEND_MINCONT; 1 and more never splits. */
  readonly contrast: number
  readonly minArea: number
}

/** A branch needs as many pixels at each level, or the least area where that is smaller. */
const leastBranch = 3

/** The pixels of one component, and what is worked out about them. Grows to the largest component. */
export interface PixelList {
  count: number
  /** Places in the frame. */
  pixels: Int32Array
  values: Float32Array
  /** Pixels of an object are a chain. */
  next: Int32Array
  parent: Int32Array
  /** Of a root: first and last of its chain, pixels, light. */
  first: Int32Array
  last: Int32Array
  area: Int32Array
  light: Float64Array
  order: Int32Array
  /** Of a root: 1 + place of its branch in the level at hand. */
  mark: Int32Array
  level: Uint8Array
}

export function pixelList(room = 4096): PixelList {
  return {
    count: 0,
    pixels: new Int32Array(room),
    values: new Float32Array(room),
    next: new Int32Array(room),
    parent: new Int32Array(room),
    first: new Int32Array(room),
    last: new Int32Array(room),
    area: new Int32Array(room),
    light: new Float64Array(room),
    order: new Int32Array(room),
    mark: new Int32Array(room),
    level: new Uint8Array(room),
  }
}

/** A set of pixels of the list, from the first to the last of its chain. */
export interface Branch {
  first: number
  last: number
  /**
   * Barycentre of what stands above the level where it was parted from the others, which is where SExtractor says that an
   * object is: the pixels between objects have light of several.
   */
  core?: { readonly x: number; readonly y: number }
}

/** A branch at some level of the tree. */
interface Node {
  root: number
  first: number
  last: number
  area: number
  light: number
  /** Place of the branch that it becomes part of in the level below. */
  into: number
  /** How many of the branches that it is made of hold enough light. */
  sons: number
  /** Already taken apart above. */
  split: boolean
}

/**
 * The objects of a component, each a chain in `list`. `index` maps places of the frame to 1 + number in the list for the
 * component's pixels and holds 0 or less around them.
 */
export function deblend(
  list: PixelList,
  index: Int32Array,
  width: number,
  threshold: number,
  rule: DeblendRule,
): Branch[] {
  const { count, next } = list
  if (rule.levels > 1 && rule.contrast < 1 && hasTwoPeaks(list, index, width)) {
    const branches = branchesOf(list, index, width, threshold, rule)
    if (branches.length > 1) return shareOut(list, branches, width)
  }
  for (let i = 0; i < count; i++) next[i] = i + 1
  return [{ first: 0, last: count - 1 }]
}

/** True where more than one pixel has no larger neighbour (of equal ones the earlier counts as larger). */
function hasTwoPeaks({ count, pixels, values }: PixelList, index: Int32Array, width: number): boolean {
  let peaks = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]
    const pixel = pixels[i]
    const x = pixel % width
    const from = x > 0 ? -1 : 0
    const to = x < width - 1 ? 1 : 0
    let highest = true
    for (let dy = -width; dy <= width && highest; dy += width) {
      for (let dx = from; dx <= to; dx++) {
        const other = index[pixel + dy + dx] - 1
        if (!(other >= 0) || other === i) continue
        if (values[other] > value || (values[other] === value && other < i)) {
          highest = false
          break
        }
      }
    }
    if (highest && ++peaks > 1) return true
  }
  return false
}

interface FoundBranch extends Branch {
  threshold: number
}

function branchesOf(
  list: PixelList,
  index: Int32Array,
  width: number,
  threshold: number,
  { levels, contrast, minArea }: DeblendRule,
): FoundBranch[] {
  const { count, pixels, values, next, parent, first, last, area, light, order, mark } = list
  const thresholds = sortByLevel(list, threshold, levels)
  let total = 0
  for (let i = 0; i < count; i++) total += values[i]
  const enough = contrast * total
  const least = Math.min(minArea, leastBranch)
  const found: FoundBranch[] = []
  let above: Node[] = []
  parent.fill(-1, 0, count)
  mark.fill(0, 0, count)
  let at = 0
  for (let level = levels - 1; level >= 0; level--) {
    const begin = at
    for (; at < count && list.level[order[at]] === level; at++) {
      const i = order[at]
      parent[i] = first[i] = last[i] = i
      area[i] = 1
      light[i] = values[i]
      const pixel = pixels[i]
      const x = pixel % width
      const from = x > 0 ? -1 : 0
      const to = x < width - 1 ? 1 : 0
      let root = i
      for (let dy = -width; dy <= width; dy += width) {
        for (let dx = from; dx <= to; dx++) {
          const other = index[pixel + dy + dx] - 1
          // Undefined above and below the frame.
          if (!(other >= 0) || parent[other] < 0) continue
          const peer = rootOf(parent, other)
          if (peer !== root) root = join(list, root, peer)
        }
      }
    }
    // Branches of this level: those that branches of the level above have become part of, and new ones.
    const nodes: Node[] = []
    for (const son of above) {
      const root = rootOf(parent, son.root)
      son.into = mark[root] - 1
      if (son.into < 0) {
        son.into = nodes.length
        nodes.push(nodeOf(list, root))
        mark[root] = nodes.length
      }
      if (son.light - thresholds[level + 1] * son.area <= enough) continue
      const node = nodes[son.into]
      node.sons++
      if (son.split) node.split = true
    }
    for (const son of above) {
      const node = nodes[son.into]
      if (node.sons < 2 || son.split) continue
      if (son.light - thresholds[level + 1] * son.area <= enough) continue
      found.push({ first: son.first, last: son.last, threshold: thresholds[level + 1] })
    }
    for (const node of nodes) if (node.sons > 1) node.split = true
    for (let k = begin; k < at; k++) {
      const root = rootOf(parent, order[k])
      if (mark[root] > 0 || area[root] < least) continue
      nodes.push(nodeOf(list, root))
      mark[root] = nodes.length
    }
    for (const node of nodes) mark[node.root] = 0
    above = nodes
  }
  // Chains of branches are pieces of the one chain; each is cut off behind its last.
  for (const branch of found) next[branch.last] = -1
  return found
}

function nodeOf({ first, last, area, light }: PixelList, root: number): Node {
  return {
    root,
    first: first[root],
    last: last[root],
    area: area[root],
    light: light[root],
    into: 0,
    sons: 0,
    split: false,
  }
}

/** Appends the smaller set to the larger one: recorded pieces of both chains stay what they are. */
function join(list: PixelList, a: number, b: number): number {
  const { parent, first, last, area, light, next } = list
  const [root, other] = area[a] >= area[b] ? [a, b] : [b, a]
  parent[other] = root
  next[last[root]] = first[other]
  last[root] = last[other]
  area[root] += area[other]
  light[root] += light[other]
  return root
}

/** Numbers of the pixels in `order`, from the highest level down; thresholds of the levels. */
function sortByLevel(list: PixelList, threshold: number, levels: number): Float64Array {
  const { count, values, level, order } = list
  let peak = threshold
  for (let i = 0; i < count; i++) if (values[i] > peak) peak = values[i]
  const thresholds = Float64Array.from({ length: levels }, (_, k) =>
    threshold > 0
      ? threshold * (peak / threshold) ** (k / levels)
      : threshold + ((peak - threshold) * k) / levels,
  )
  const ends = new Int32Array(levels + 1)
  for (let i = 0; i < count; i++) {
    const value = values[i]
    let low = 0
    let high = levels
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (value > thresholds[middle]) low = middle
      else high = middle
    }
    level[i] = low
    ends[levels - 1 - low + 1]++
  }
  for (let k = 0; k < levels; k++) ends[k + 1] += ends[k]
  for (let i = 0; i < count; i++) order[ends[levels - 1 - level[i]]++] = i
  return thresholds
}

/** Gives each pixel that no branch holds to the branch whose Gaussian is the highest there, or else to the nearest. */
function shareOut(list: PixelList, branches: FoundBranch[], width: number): Branch[] {
  const { count, pixels, values, next, parent } = list
  const shapes: Shape[] = []
  // From here on `parent` says which branch a pixel belongs to.
  parent.fill(-1, 0, count)
  const heights = branches.map(({ first, last, threshold }, k) => {
    const shape = emptyShape()
    measureShape(shape, pixels, values, next, first, last, width, threshold)
    shapes.push(shape)
    for (let i = first; ; i = next[i]) {
      parent[i] = k
      if (i === last) break
    }
    const height = shape.light / (2 * Math.PI * shape.a * shape.b * shape.correction)
    return Math.min(height, 4 * shape.peak)
  })
  const ends = branches.map(({ last }) => last)
  const ownerOf = ownerLookup(shapes, heights)
  for (let i = 0; i < count; i++) {
    if (parent[i] >= 0) continue
    const y = Math.floor(pixels[i] / width)
    const x = pixels[i] - y * width
    const k = ownerOf(x, y)
    next[ends[k]] = i
    ends[k] = i
  }
  return branches.map(({ first }, k) => ({ first, last: ends[k], core: shapes[k] }))
}

function rootOf(parent: Int32Array, i: number): number {
  let root = i
  while (parent[root] !== root) {
    parent[root] = parent[parent[root]]
    root = parent[root]
  }
  return root
}
