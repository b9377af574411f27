/** A stored number that means "no value", for formats that mark missing integers so. */
import { Problem } from '#problem.ts'
import { isInteger } from './table.ts'
import type { Column } from './table.ts'

const candidates: Readonly<Record<string, readonly bigint[]>> = {
  int8: [-128n, 127n],
  uint8: [255n, 254n, 0n],
  int16: [-32_768n, -9999n, 32_767n],
  uint16: [65_535n, 0n],
  int32: [-2_147_483_648n, -999_999_999n, 2_147_483_647n],
  uint32: [4_294_967_295n, 0n],
  int64: [-(2n ** 63n), -999_999_999_999n, 2n ** 63n - 1n],
  uint64: [2n ** 64n - 1n, 0n],
}

/** A value that no element of an integer column has; undefined where the column has no nulls or is no integer. */
export function unusedValue(column: Column): bigint | undefined {
  const { values, nulls, type, name } = column
  if (!nulls || !isInteger(type)) return undefined
  const tried = candidates[type]
  const used = new Set<bigint | number | string>()
  const wanted = new Set<bigint | number | string>(/64/.test(type) ? tried : tried.map(Number))
  for (let i = 0; i < values.length; i++) if (!nulls[i] && wanted.has(values[i])) used.add(values[i])
  const free = tried.find((each) => !used.has(/64/.test(type) ? each : Number(each)))
  if (free !== undefined) return free
  // Small types may use up the usual ones; look for any other.
  const all = new Set<bigint | number | string>()
  for (let i = 0; i < values.length; i++) if (!nulls[i]) all.add(values[i])
  const [least, most] = [tried[0] < 0n ? tried[0] : 0n, tried[0] < 0n ? -tried[0] - 1n : tried[0]]
  for (let value = least; value <= most; value++)
    if (!all.has(/64/.test(type) ? value : Number(value))) return value
  throw new Problem(
    'table.unsupported',
    `Column "${name}" uses every ${type}, so that none is left for its nulls; widen its type.`,
    { column: name },
  )
}
