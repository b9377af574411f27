/** The fields over the piece of sky at hand, pushed and popped while the sky is cut. */
export interface FieldSet {
  /** `fields[0 … count]`, in no order. */
  fields: Int32Array
  count: number
  /** 64-bit hash of the set, whatever the order. */
  low: number
  high: number
  push(this: void, field: number): void
  popTo(this: void, count: number): void
}

/** An empty set over the fields 0 … `fields`. */
export function createFieldSet(fields: number): FieldSet {
  const hashes = zobrist(fields)
  const set: FieldSet = {
    fields: new Int32Array(256),
    count: 0,
    low: 0,
    high: 0,
    push(field) {
      if (set.count === set.fields.length) {
        const wider = new Int32Array(2 * set.count)
        wider.set(set.fields)
        set.fields = wider
      }
      set.fields[set.count++] = field
      set.low ^= hashes[2 * field]
      set.high ^= hashes[2 * field + 1]
    },
    popTo(count) {
      while (set.count > count) {
        const field = set.fields[--set.count]
        set.low ^= hashes[2 * field]
        set.high ^= hashes[2 * field + 1]
      }
    },
  }
  return set
}

/** Two 32-bit random numbers for each field; the hash of a set is the exclusive or of its members'. */
function zobrist(count: number): Int32Array {
  const out = new Int32Array(2 * count)
  let state = 0x9e3779b9
  for (let i = 0; i < out.length; i++) {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    out[i] = t ^ (t >>> 14)
  }
  return out
}
