import { createApi } from '#interface/api/app.ts'
import type { ApiOptions } from '#interface/api/app.ts'
import { localOperator, scopesOf } from '#observatory/people/actor.ts'
import type { Role, Scope } from '#observatory/people/actor.ts'
import { room as people } from '#observatory/people/module.ts'
import { createPerson } from '#observatory/people/service.ts'
import { createToken } from '#observatory/people/token-service.ts'
import { createLog } from '#platform/log/log.ts'
import type { Room } from '#platform/room.ts'
import { documentedRequest } from './openapi.ts'
import { testPlatform } from './platform.ts'

export interface TestApiOptions {
  rooms?: readonly Room[]
  /** Settings as environment variables: `{ URANIA_OIDC_ISSUER: … }`. */
  env?: Record<string, string>
  api?: ApiOptions
  /** Runs background work too. */
  work?: boolean
}

/** Somebody with an account, a token, and requests that carry it. */
export interface TestPerson {
  id: string
  name: string
  email: string
  password: string
  token: string
  get(path: string, headers?: Record<string, string>): Promise<Response>
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
}

export const testPassword = 'correct horse battery'

/** The API on a real platform and a database of its own. Call it at the top level of a test file. */
export async function testApi(options: TestApiOptions = {}) {
  const rooms = [people, ...(options.rooms ?? [])]
  const lines: string[] = []
  const log = createLog({ logLevel: 'debug' }, { write: (line: string) => void lines.push(line) })
  const roles = options.work ? (['api', 'worker', 'scheduler'] as const) : (['api'] as const)
  const platform = await testPlatform({ rooms, roles, env: options.env, log })
  const { db } = platform
  const app = createApi(platform, rooms, options.api)
  const request = documentedRequest(app)
  /** Makes a person of a role, with a token for all that the role may do unless said otherwise. */
  async function person(role: Role, name = role as string, scopes?: readonly Scope[]): Promise<TestPerson> {
    const email = `${name.toLowerCase().replace(/\W+/g, '.')}@example.org`
    const input = { name, email, role, groups: [], password: testPassword }
    const { id } = await createPerson(platform, localOperator, input)
    const wanted = [...(scopes ?? scopesOf(role))]
    const { token } = await createToken(
      platform,
      localOperator,
      { name: 'test', scopes: wanted, days: 1 },
      id,
    )
    const send: TestPerson['send'] = async (method, path, body, headers = {}) =>
      request(path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      })
    return {
      id,
      name,
      email,
      password: testPassword,
      token,
      get: (path, headers) => send('GET', path, undefined, headers),
      send,
    }
  }

  /** Signs in by password and returns what the browser would send as Cookie. */
  async function cookieOf(email: string, password = testPassword): Promise<string> {
    const response = await app.request('/api/auth/sign-in/email', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://localhost' },
      body: JSON.stringify({ email, password }),
    })
    if (!response.ok) throw new Error(`sign-in answered ${response.status}: ${await response.text()}`)
    return cookiesIn(response)
  }

  return { app, request, platform, db, home: platform.config.home, person, cookieOf, lines }
}

/** `Set-Cookie` headers as one `Cookie` header. */
export function cookiesIn(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .filter((cookie) => !cookie.endsWith('='))
    .join('; ')
}
