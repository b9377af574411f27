/** Orders of typed arrays by radix sort: linear in the length, stable, the same on every host. */

/**
 * Positions of `keys` in ascending order; equal keys keep their order. Keys are finite and not negative, so that their
 * bit patterns sort as they do.
 */
export function ascending(keys: Float64Array): Uint32Array {
  const n = keys.length
  const digits = new Uint16Array(keys.buffer, keys.byteOffset, 4 * n)
  let order = new Uint32Array(n)
  let next = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  const counts = new Uint32Array(65536)
  for (let digit = 0; digit < 4; digit++) {
    counts.fill(0)
    for (let i = 0; i < n; i++) counts[digits[4 * i + digit]]++
    if (n > 0 && counts[digits[digit]] === n) continue
    let sum = 0
    for (let value = 0; value < 65536; value++) {
      const count = counts[value]
      counts[value] = sum
      sum += count
    }
    for (let i = 0; i < n; i++) {
      const each = order[i]
      next[counts[digits[4 * each + digit]]++] = each
    }
    ;[order, next] = [next, order]
  }
  return order
}

/** Positions of `keys` from the highest down; equal keys keep their order. */
export function descending(keys: Float64Array): Uint32Array {
  const order = ascending(keys)
  const n = order.length
  const out = new Uint32Array(n)
  // Runs of equal keys are turned back, so that ties stay in the order of the sky.
  for (let end = n, to = 0; end > 0;) {
    let start = end - 1
    while (start > 0 && keys[order[start - 1]] === keys[order[end - 1]]) start--
    for (let i = start; i < end; i++) out[to++] = order[i]
    end = start
  }
  return out
}
