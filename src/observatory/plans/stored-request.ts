import { jsonText } from '#platform/db/json.ts'
import type { Platform } from '#platform/platform.ts'
import { Problem } from '#problem.ts'
import type { PlanRequest } from './plan.ts'
import type { PlanRow } from './plan-store.ts'

/** A request as the row of its plan keeps it. */
export interface StoredRequest {
  /** Whole, or without what can be long. */
  readonly request: PlanRequest
  /** Of the whole request in the storage; null where the row has all of it. */
  readonly sha256: string | null
  /** What the audit log says of it: a small one itself, of a large one its hash and how many of what it names. */
  readonly told: PlanRequest | Readonly<Record<string, string | number>>
}

/** Bytes of JSON up to which a request stands in its row. */
const mostInRow = 30_000

/**
 * Makes a request fit its row: a large one is put into the storage whole, by its hash. Before the transaction that
 * writes the row.
 */
export async function storeRequest(
  platform: Pick<Platform, 'storage'>,
  request: PlanRequest,
): Promise<StoredRequest> {
  const encode = (value: unknown): Uint8Array => new TextEncoder().encode(jsonText(value))
  if (encode(request).byteLength <= mostInRow) return { request, sha256: null, told: request }
  const { sha256 } = await platform.storage.put(
    encode({ format: 'urania-plan-request', version: 1, request }),
  )
  const { edits, ...rest } = request
  return {
    request: {
      ...rest,
      observed: [],
      telescopes: request.telescopes.map(({ steps: _, ...telescope }) => telescope),
    },
    sha256,
    told: {
      sha256,
      telescopes: request.telescopes.length,
      observed: request.observed.length,
      drop: edits?.drop.length ?? 0,
      pin: edits?.pin.length ?? 0,
      lock: edits?.lock.length ?? 0,
      add: edits?.add.length ?? 0,
    },
  }
}

/** The row with its whole request. @throws Problem `storage.missing`, `storage.corrupt` */
export async function withRequest(platform: Pick<Platform, 'storage'>, row: PlanRow): Promise<PlanRow> {
  if (row.request_sha256 === null) return row
  const read = JSON.parse(new TextDecoder().decode(await platform.storage.get(row.request_sha256))) as {
    format: string
    version: number
    request: PlanRequest
  }
  if (read.format !== 'urania-plan-request' || read.version !== 1)
    throw new Problem(
      'storage.corrupt',
      `These bytes are ${read.format} ${read.version}, not a plan request of version 1.`,
    )
  return { ...row, request: read.request }
}
