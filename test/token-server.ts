import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A token endpoint for client credentials on loopback, client `me` with secret `se:cret`. */
export interface TokenServer {
  readonly url: string
  readonly given: number
  /** True while the token holds. */
  accepts(token: string): boolean
  /** While true, it answers 503. */
  fail(on: boolean): void
  stop(): Promise<void>
}

export async function startTokenServer(options: { seconds: number }): Promise<TokenServer> {
  const tokens = new Map<string, number>()
  let failing = false
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const wanted = `Basic ${Buffer.from('me:se%3Acret').toString('base64')}`
      const granted = new URLSearchParams(body).get('grant_type') === 'client_credentials'
      if (failing || request.headers.authorization !== wanted || !granted) {
        response.writeHead(failing ? 503 : 401).end()
        return
      }
      const token = `token-${tokens.size + 1}`
      tokens.set(token, Date.now() + options.seconds * 1_000)
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ access_token: token, expires_in: options.seconds, token_type: 'Bearer' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    get given() {
      return tokens.size
    },
    accepts: (token) => (tokens.get(token) ?? 0) > Date.now(),
    fail(on) {
      failing = on
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
