import { Problem } from '#problem.ts'
import type { Net } from '#platform/net/net.ts'
import { separation } from '#science/sky/vectors.ts'

/** What SkyPortal has: as its API names it. */
export interface PortalInstrument {
  readonly id: number
  readonly name: string
  readonly filters: readonly string[]
}

export interface PortalSource {
  readonly id: string
  readonly ra: number
  readonly dec: number
}

/** A SkyPortal as one of its accounts sees it. */
export interface Portal {
  instruments(name: string): Promise<readonly PortalInstrument[]>
  groups(): Promise<readonly { id: number; name: string }[]>
  /** Sources in a cone, nearest first. */
  sources(ra: number, dec: number, radiusArcsec: number): Promise<(PortalSource & { separation: number })[]>
  /** Saves a source; one that is there already is saved to the groups. */
  createSource(source: PortalSource & { group_ids: readonly number[] }): Promise<void>
  /** Sends a point; one that is there already stays the only one, so it may be sent again. */
  putPhotometry(body: Readonly<Record<string, unknown>>): Promise<void>
}

/** Statuses that come with the reason as JSON. */
const reasoned = [400, 401, 403, 404, 405, 409, 422]

/** @throws Problem `net.*` in every call, with the reason that SkyPortal gives and without the token */
export function portalAt(net: Net, address: string, token: string, signal?: AbortSignal): Portal {
  const base = address.replace(/\/+$/, '')
  const call = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown> => {
    const response = await net.fetch(`${base}/api/${path}`, {
      method,
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      accept: reasoned,
      // Each of these calls may be repeated without doing anything twice.
      retries: 2,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
    const host = new URL(base).host
    if (response.status === 401 || response.status === 403)
      throw new Problem(
        'net.status',
        `${host} refuses the token${reason(response)}; give tasks.skyportal_token one that is valid and may "Upload data".`,
        { status: response.status },
      )
    const answer = response.json() as { status?: unknown; data?: unknown } | null
    if (response.status >= 400 || answer?.status !== 'success')
      throw new Problem('net.status', `${host} did not take it${reason(response)}.`, {
        status: response.status,
      })
    return answer.data
  }
  /** What it says, less the token, should it repeat it. */
  function reason(response: { text(): string }): string {
    let said = ''
    try {
      const { message } = JSON.parse(response.text()) as { message?: unknown }
      if (typeof message === 'string') said = message
    } catch {
      // A page: nothing of it helps.
    }
    said = said.replaceAll(token, '…').replaceAll(/\s+/g, ' ').replace(/\.$/, '').trim().slice(0, 300)
    return said === '' ? '' : ` (${said})`
  }
  return {
    async instruments(name) {
      return (await call('GET', `instrument?name=${encodeURIComponent(name)}`)) as PortalInstrument[]
    },
    async groups() {
      const { user_groups: groups = [] } = (await call('GET', 'groups')) as {
        user_groups?: { id: number; name: string }[]
      }
      return groups
    },
    async sources(ra, dec, radiusArcsec) {
      const query = new URLSearchParams({
        ra: String(ra),
        dec: String(dec),
        radius: String(radiusArcsec / 3_600),
      })
      const { sources = [] } = (await call('GET', `sources?${query.toString()}`)) as {
        sources?: PortalSource[]
      }
      return sources
        .map(({ id, ra: a, dec: d }) => ({
          id,
          ra: a,
          dec: d,
          separation: separation(ra, dec, a, d) * 3_600,
        }))
        .toSorted((a, b) => a.separation - b.separation)
    },
    async createSource(source) {
      await call('POST', 'sources', source)
    },
    async putPhotometry(body) {
      await call('PUT', 'photometry', body)
    },
  }
}
