import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { separation } from '#science/sky/vectors.ts'
import { atEnd } from './platform.ts'

export interface FakeSkyPortal {
  url: string
  token: string
  sources: { id: string; ra: number; dec: number; groups: number[] }[]
  /** Points by the digest that tells duplicates. */
  photometry: Map<string, Record<string, unknown>>
  asked: string[]
  /** Bodies of PUT photometry in order, duplicates too. */
  put: Record<string, unknown>[]
  faults: string[]
  /** Answers instead, for as long as it gives one. */
  instead:
    | ((
        method: string,
        path: string,
      ) => { status: number; body: string; headers?: Record<string, string> } | null)
    | null
}

const instruments = [
  { id: 7, name: 'ZTF', filters: ['ztfg', 'ztfr'] },
  { id: 12, name: 'TAROT', filters: ['sdssg', 'sdssr', 'sdssi', 'bessellb', 'gaia::gbp'] },
]
const groups = [
  { id: 3, name: 'GRANDMA' },
  { id: 5, name: 'Test' },
]

/** SkyPortal's API on loopback as its handlers answer: token, cone of sources, instruments, groups, photometry that drops duplicates. */
export async function startSkyPortal(): Promise<FakeSkyPortal> {
  const state: FakeSkyPortal = {
    url: '',
    token: 'b1946ac9-secret-token',
    sources: [],
    photometry: new Map(),
    asked: [],
    put: [],
    faults: [],
    instead: null,
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const method = request.method ?? ''
      const path = pathname.replace(/^\/portal\/api\//, '')
      state.asked.push(`${method} ${path}`)
      const send = (status: number, answer: unknown): void =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      const success = (data: unknown): void => send(200, { status: 'success', data, version: '1.3.0' })
      const error = (message: string, status = 400): void =>
        send(status, { status: 'error', message, data: {} })
      const other = state.instead?.(method, path)
      if (other) return void response.writeHead(other.status, other.headers ?? {}).end(other.body)
      if (request.headers.authorization !== `token ${state.token}`)
        return error(`Unauthorized: ${request.headers.authorization}`, 401)
      const sent = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>)
      if (method === 'GET' && path === 'instrument')
        return success(instruments.filter(({ name }) => name === searchParams.get('name')))
      if (method === 'GET' && path === 'groups')
        return success({ user_groups: groups, user_accessible_groups: groups })
      if (method === 'GET' && path === 'sources') {
        const [ra, dec, radius] = ['ra', 'dec', 'radius'].map((key) => Number(searchParams.get(key)))
        if (!Number.isFinite(ra! + dec! + radius!)) state.faults.push('cone')
        return success({
          sources: state.sources.filter((source) => separation(ra!, dec!, source.ra, source.dec) <= radius!),
          totalMatches: 0,
        })
      }
      if (method === 'POST' && path === 'sources') {
        const {
          id,
          ra,
          dec,
          group_ids: wanted,
        } = sent as { id: string; ra: number; dec: number; group_ids: number[] }
        if (!/^[A-Za-z0-9._+-]+$/.test(id)) return error('Characters disallowed in the id')
        state.sources.push({ id, ra, dec, groups: wanted })
        return success({ id, saved_to_groups: wanted })
      }
      if (method === 'PUT' && path === 'photometry') return photometry(sent, error, success)
      state.faults.push(`${method} ${path}`)
      error('Not found', 404)
    })
  })

  function photometry(
    sent: Record<string, unknown>,
    error: (message: string) => void,
    success: (data: unknown) => void,
  ): void {
    state.put.push(sent)
    const wanted = sent['group_ids'] as number[] | undefined
    if (!wanted || wanted.length === 0)
      return error('Invalid group_ids field. Specify at least one valid group ID.')
    if (wanted.some((id) => !groups.some((group) => group.id === id)))
      return error(`Invalid group_ids field. User does not have access to group IDs: ${wanted.join(',')}.`)
    if ((sent['mag'] === null) !== (sent['magerr'] === null))
      return error('mag and magerr must both be null, or both be not null.')
    for (const key of ['mjd', 'filter', 'magsys', 'limiting_mag', 'obj_id', 'instrument_id'])
      if (sent[key] === undefined || sent[key] === null) return error(`missing required field ${key}.`)
    if (!state.sources.some(({ id }) => id === sent['obj_id']))
      return error(`Invalid object ID: ${String(sent['obj_id'])}`)
    const instrument = instruments.find(({ id }) => id === sent['instrument_id'])
    if (!instrument) return error('Invalid instrument ID')
    if (!instrument.filters.includes(String(sent['filter'])))
      return error(`Instrument ${instrument.name} has no filter`)
    const key = createHash('sha1')
      .update(
        JSON.stringify(
          ['obj_id', 'instrument_id', 'filter', 'mjd', 'mag', 'magerr', 'limiting_mag', 'origin'].map(
            (name) => sent[name],
          ),
        ),
      )
      .digest('hex')
    state.photometry.set(key, sent)
    success({ ids: [[...state.photometry.keys()].indexOf(key) + 1], upload_id: 'u' })
  }

  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/portal/`
  atEnd(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return state
}
