import type { Config } from '#platform/config/config.ts'
import { BlockList, isIP } from 'node:net'
import { httpSection } from './section.ts'

/** Who is at the other end of a connection, and under which origin they see this server. */

export interface ProxyTrust {
  trusts(address: string): boolean
}

/** Addresses and networks (`10.0.0.0/8`, `::1`) whose forwarding headers are believed. */
export function proxyTrust(networks: readonly string[]): ProxyTrust {
  const list = new BlockList()
  for (const network of networks) {
    const [base, bits] = network.split('/')
    const type = isIP(base) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(base, type)
    else list.addSubnet(base, Number(bits), type)
  }
  return {
    trusts(address) {
      const plain = plainAddress(address)
      return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
    },
  }
}

/** `::ffff:192.0.2.1` → `192.0.2.1`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

/** True for this machine's own addresses: 127.0.0.0/8 and ::1. */
export function isLoopback(address: string | null): boolean {
  if (address === null) return false
  const plain = plainAddress(address)
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** True for a Host header that names this machine: what a rebound name of a stranger never is. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host)
}

/**
 * The client's address: that of the socket, or the last one in X-Forwarded-For that is not a trusted proxy when the
 * socket is one. What stands further left in the header anybody could have written.
 */
export function clientAddress(
  socket: string | undefined,
  forwardedFor: string | undefined,
  trust: ProxyTrust,
): string | null {
  if (socket === undefined) return null
  let address = plainAddress(socket)
  const hops = (forwardedFor ?? '').split(',').map((hop) => plainAddress(hop.trim()))
  while (trust.trusts(address)) {
    const before = hops.pop()
    if (before === undefined || isIP(before) === 0) break
    address = before
  }
  return address
}

/** Where a browser on this machine finds a server that listens on a host and port: `http://localhost:4848`. */
export function originOf({ host, port }: { host: string; port: number }): string {
  const anywhere = host === '0.0.0.0' || host === '::'
  const name = anywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** Address under which people reach this server, without a trailing slash. */
export function publicOrigin(config: Config): string {
  return config.section(httpSection).publicUrl?.replace(/\/+$/, '') ?? originOf(config)
}

/** A client's address as a key of limits: a whole /64 of IPv6 counts as one. */
export function limitKey(address: string | null): string {
  if (address === null || isIP(address) !== 6) return address ?? 'none'
  const [head, tail = ''] = address.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const gap: string[] = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  const groups = address.includes('::') ? [...left, ...gap, ...right] : left
  return `${groups.slice(0, 4).join(':')}::/64`
}
