import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Server as TcpServer } from 'node:net'

/**
 * How a server on loopback misbehaves: `down` cuts the connection before anything happens, `slow` never answers,
 * `drop` does what was asked and then cuts the connection, a number is a status.
 */
export type Fault = 'down' | 'slow' | 'drop' | { status: number; afterSeconds?: number }

export interface Faults {
  /** The next so many requests (of which `where` is true) meet this. */
  add(fault: Fault, options?: { times?: number; where?: (what: string) => boolean }): void
  clear(): void
  /** The fault of this request, used up. */
  take(what: string): Fault | null
}

export function createFaults(): Faults {
  let planned: { fault: Fault; times: number; where: (what: string) => boolean }[] = []
  return {
    add(fault, { times = 1, where = () => true } = {}) {
      planned.push({ fault, times, where })
    },
    clear() {
      planned = []
    },
    take(what) {
      const next = planned.find((each) => each.times > 0 && each.where(what))
      if (!next) return null
      next.times--
      return next.fault
    },
  }
}

/** Meets a fault before the work; true when nothing more is to be done. */
export function failBefore(fault: Fault | null, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault === 'down') request.socket.destroy()
  else if (typeof fault === 'object' && fault !== null)
    response
      .writeHead(
        fault.status,
        fault.afterSeconds === undefined ? {} : { 'retry-after': String(fault.afterSeconds) },
      )
      .end()
  else return fault === 'slow'
  return true
}

export async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
