import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bodyOf, close, createFaults, failBefore, listen, type Faults } from './faults.ts'

/** A receiver of signed messages on loopback that refuses unsigned, old and doubled ones. */
export interface WebhookServer {
  readonly url: string
  readonly secret: string
  /** What was taken, in order, each key once. */
  readonly messages: Record<string, unknown>[]
  readonly refusals: string[]
  readonly faults: Faults
  stop(): Promise<void>
}

export async function startWebhookServer(): Promise<WebhookServer> {
  const secret = 'a secret of both sides'
  const messages: Record<string, unknown>[] = []
  const refusals: string[] = []
  const keys = new Set<string>()
  const faults = createFaults()

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      refusals.push(String(error))
      response.writeHead(500).end()
    })
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = faults.take('post')
    if (failBefore(fault, request, response)) return
    const status = take(request, (await bodyOf(request)).toString('utf8'))
    if (fault === 'drop') request.socket.destroy()
    else if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end()
    else response.writeHead(status).end()
  }

  function take(request: IncomingMessage, body: string): number {
    const refuse = (status: number, why: string) => {
      refusals.push(why)
      return status
    }
    if (request.url === '/elsewhere' || request.url === '/moved') return 204
    if (request.method !== 'POST') return refuse(405, 'not POST')
    if (request.headers['content-type'] !== 'application/json') return refuse(415, 'not JSON')
    const timestamp = String(request.headers['urania-timestamp'])
    if (Math.abs(Number(timestamp) - Date.now() / 1000) > 300) return refuse(401, 'old timestamp')
    const wanted = Buffer.from(
      `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
    )
    const given = Buffer.from(String(request.headers['urania-signature']))
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return refuse(401, 'bad signature')
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string' || key === '') return refuse(400, 'no idempotency key')
    if (keys.has(key)) return 409
    keys.add(key)
    messages.push(JSON.parse(body) as Record<string, unknown>)
    return 202
  }

  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}/hook`,
    secret,
    messages,
    refusals,
    faults,
    stop: () => close(server),
  }
}
