import { lookup } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { Problem } from '#problem.ts'

/** Addresses that are not of the public internet (IANA special-purpose registries, RFC 6890 and its updates). */
function createPrivateAddresses(): BlockList {
  const list = new BlockList()
  for (const range of [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ]) {
    const [address, bits] = range.split('/')
    list.addSubnet(address, Number(bits), 'ipv4')
  }
  // Within the global unicast block those that are local, or carry an IPv4 address inside.
  for (const range of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']) {
    const [address, bits] = range.split('/')
    list.addSubnet(address, Number(bits), 'ipv6')
  }
  return list
}

const privateAddresses = createPrivateAddresses()

/** True for an address of the public internet; IPv4 mapped into IPv6 is judged as IPv4. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !privateAddresses.check(address, 'ipv4')
  if (family !== 6) return false
  const global = new BlockList()
  global.addSubnet('2000::', 3, 'ipv6')
  return global.check(address, 'ipv6') && !privateAddresses.check(address, 'ipv6')
}

/** `host` is one of the patterns: a name, or `*.domain` for the domain and everything below. */
export function hostAllowed(host: string, patterns: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase()
    if (!wanted.startsWith('*.')) return name === wanted
    return name === wanted.slice(2) || name.endsWith(wanted.slice(1))
  })
}

/** The URL checked for a request; throws `net.host_refused` or `request.invalid`. */
export function checkedUrl(
  text: string,
  { untrusted = false, allowedHosts }: { untrusted?: boolean; allowedHosts?: readonly string[] },
  base?: URL,
): URL {
  const url = URL.parse(text, base?.href)
  if (!url)
    throw new Problem(
      'request.invalid',
      `${JSON.stringify(text.slice(0, 200))} is not a URL; write it with https:// in front.`,
    )
  const shown = shownUrl(url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Problem('net.host_refused', `${shown} is refused: only http and https are fetched.`, {
      url: shown,
    })
  if (base?.protocol === 'https:' && url.protocol === 'http:')
    throw new Problem('net.host_refused', `${shown} is refused: it redirects from https to http.`, {
      url: shown,
    })
  if (untrusted && (url.username || url.password))
    throw new Problem(
      'net.host_refused',
      `${shown} is refused: an address from outside may not carry a password.`,
      {
        url: shown,
      },
    )
  if (allowedHosts && !hostAllowed(url.hostname, allowedHosts))
    throw new Problem(
      'net.host_refused',
      `${url.hostname} is not among the hosts allowed here; add it in the configuration.`,
      {
        url: shown,
        allowedHosts,
      },
    )
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (untrusted && isIP(literal) && !isPublicAddress(literal)) throw privateHost(url.hostname)
  return url
}

/** Resolves names for untrusted requests; the address it hands out is the one connected to. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '')
    if (!addresses.every(({ address }) => isPublicAddress(address)))
      return callback(privateHost(hostname), '')
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0].address, addresses[0].family)
  })
}

function privateHost(host: string): Problem {
  return new Problem('net.host_refused', `${host} is refused: it is an address of a private network.`, {
    host,
  })
}

/** A URL for messages: without password, query and fragment, which may hold secrets. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 300)
}

/** An address as it may be kept and shown: without a name and password in it. What is no address stays as it is. */
export function withoutUserinfo(text: string): string {
  const url = URL.parse(text)
  if (!url || (url.username === '' && url.password === '')) return text
  url.username = ''
  url.password = ''
  return url.href
}
