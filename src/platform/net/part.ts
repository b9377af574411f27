import { Problem } from '#problem.ts'
import type { NetResponse } from './net.ts'

/** The bytes from `start` to `end` that were asked for with Range, also of a server that answered with the whole. */
export function partOf(answer: NetResponse, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = answer.status === 206 ? answer.bytes : answer.bytes.slice(start, end)
  if (bytes.length === end - start) return bytes
  throw new Problem(
    'net.status',
    `${new URL(answer.url).host} answered with ${bytes.length} bytes where ${end - start} were asked for.`,
    { status: answer.status },
  )
}
