import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the issuer says about whoever signs in next, and how it misbehaves. */
export interface NextSignIn {
  claims: Record<string, unknown>
  /** Replaces claims of the ID token alone. */
  idToken?: Record<string, unknown>
}

/** A small OpenID Connect provider on loopback that refuses whatever is not exactly right. */
export interface FakeIssuer {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  next: NextSignIn
  /** Redirect addresses that are registered. */
  readonly redirects: Set<string>
  /** What it refused, in words. */
  readonly refusals: string[]
  /** Plays the person at the issuer: consents, and returns the address the browser is sent back to. */
  consent(authorizationUrl: string): string
  stop(): Promise<void>
}

interface Grant {
  challenge: string
  redirectUri: string
  next: NextSignIn
}

export async function fakeIssuer(): Promise<FakeIssuer> {
  const clientId = 'urania-test'
  const clientSecret = randomBytes(16).toString('hex')
  const codes = new Map<string, Grant>()
  const tokens = new Map<string, NextSignIn>()
  const refusals: string[] = []
  const redirects = new Set<string>()
  const state = { next: { claims: { sub: 'nobody' } } as NextSignIn }

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      refusals.push(String(error))
      json(response, 500, { error: 'server_error' })
    })
  })
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function refuse(response: ServerResponse, why: string): void {
    refusals.push(why)
    json(response, 400, { error: 'invalid_request', error_description: why })
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', url).pathname
    if (path === '/.well-known/openid-configuration') {
      return json(response, 200, {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        userinfo_endpoint: `${url}/userinfo`,
      })
    }
    // The last four are GitHub's.
    if (path === '/token' || path === '/login/oauth/access_token') return redeem(request, response)
    if (['/userinfo', '/user', '/user/emails', '/user/teams'].includes(path)) {
      const next = tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')
      if (!next) return refuse(response, 'unknown access token')
      return json(response, 200, path.startsWith('/user/') ? next.claims[path.slice(6)] : next.claims)
    }
    json(response, 404, { error: 'not_found' })
  }

  async function redeem(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
    const code = form.get('code') ?? ''
    const grant = codes.get(code)
    codes.delete(code)
    if (request.method !== 'POST') return refuse(response, 'token endpoint wants POST')
    if (form.get('grant_type') !== 'authorization_code') return refuse(response, 'wrong grant type')
    if (form.get('client_id') !== clientId) return refuse(response, 'wrong client')
    if (form.get('client_secret') !== clientSecret) return refuse(response, 'wrong client secret')
    if (!grant) return refuse(response, 'unknown or used code')
    if (form.get('redirect_uri') !== grant.redirectUri) return refuse(response, 'another redirect address')
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (proof !== grant.challenge) return refuse(response, 'PKCE verifier does not fit')
    const accessToken = randomBytes(16).toString('hex')
    tokens.set(accessToken, grant.next)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: url,
      aud: clientId,
      iat: now,
      exp: now + 300,
      sub: grant.next.claims['sub'],
      ...grant.next.idToken,
    }
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    json(response, 200, {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 300,
      id_token: `${part({ alg: 'none' })}.${part(claims)}.`,
    })
  }

  return {
    url,
    clientId,
    clientSecret,
    redirects,
    refusals,
    get next() {
      return state.next
    },
    set next(next) {
      state.next = next
    },
    consent(authorizationUrl) {
      const query = new URL(authorizationUrl).searchParams
      const need = (name: string) => {
        const value = query.get(name)
        if (!value) throw new Error(`the authorization request has no ${name}`)
        return value
      }
      if (need('client_id') !== clientId) throw new Error('wrong client')
      if (need('response_type') !== 'code') throw new Error('wrong response type')
      if (need('code_challenge_method') !== 'S256') throw new Error('PKCE has to be S256')
      const scopes = need('scope').split(' ')
      const wanted = authorizationUrl.includes('/login/oauth/')
        ? ['read:user', 'user:email', 'read:org']
        : ['openid']
      for (const scope of wanted) if (!scopes.includes(scope)) throw new Error(`scope ${scope} is missing`)
      const redirectUri = need('redirect_uri')
      if (!redirects.has(redirectUri)) throw new Error(`${redirectUri} is not registered`)
      const code = randomBytes(12).toString('hex')
      codes.set(code, { challenge: need('code_challenge'), redirectUri, next: state.next })
      const back = new URL(redirectUri)
      back.searchParams.set('code', code)
      back.searchParams.set('state', need('state'))
      return back.toString()
    },
    stop: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
