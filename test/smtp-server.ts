import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { selfSigned } from './certificate.ts'
import { createFaults, listen, type Faults } from './faults.ts'
import { parseMail, type ReceivedMail } from './mail.ts'

/** A mail server on loopback that takes messages apart and refuses what the standards forbid. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The certificate to trust. */
  readonly authority: string
  readonly mails: (ReceivedMail & {
    from: string
    to: string[]
    encrypted: boolean
    signedIn: boolean
    raw: string
  })[]
  readonly refusals: string[]
  /** `connect`, `MAIL`, `RCPT`, `DATA` may be met by a fault; a status is the SMTP code. */
  readonly faults: Faults
  /** Addresses that do not exist here. */
  readonly unknown: Set<string>
  stop(): Promise<void>
}

/**
 * @param options.security `starttls` and `tls` refuse everything on an open line.
 * @param options.login whether sending needs it, default true.
 */
export async function startSmtpServer(
  options: { security?: 'starttls' | 'tls' | 'none'; login?: boolean } = {},
): Promise<SmtpServer> {
  const { security = 'starttls', login = true } = options
  const certificate = selfSigned()
  const context = createSecureContext(certificate)
  const user = 'urania'
  const password = 'pässword'
  const mails: SmtpServer['mails'] = []
  const refusals: string[] = []
  const unknown = new Set<string>()
  const faults = createFaults()
  const sockets = new Set<Socket>()

  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    const fault = faults.take('connect')
    if (fault === 'down') socket.destroy()
    else if (fault === null) talk(socket)
  })

  function talk(plain: Socket): void {
    let encrypted = security === 'tls'
    let socket = encrypted ? secured(plain) : plain
    let pending = ''
    let data: string | null = null
    let signedIn = false
    let loginStep: string | null = null
    let from = ''
    let to: string[] = []

    const say = (line: string) => void socket.write(`${line}\r\n`)
    const refuse = (line: string) => {
      refusals.push(line)
      say(line)
    }

    function read(chunk: Buffer): void {
      pending += chunk.toString('latin1')
      for (;;) {
        if (data !== null) {
          const end = pending.startsWith('.\r\n') ? 0 : pending.indexOf('\r\n.\r\n')
          if (end < 0) return
          const raw = end === 0 ? '' : pending.slice(0, end + 2)
          pending = pending.slice(end === 0 ? 3 : end + 5)
          data = null
          take(raw.replace(/^\.\./gm, '.'))
          continue
        }
        const at = pending.indexOf('\r\n')
        if (at < 0) return
        const line = pending.slice(0, at)
        pending = pending.slice(at + 2)
        obey(line)
      }
    }

    function meets(what: string): boolean {
      const fault = faults.take(what)
      if (fault === 'down') socket.destroy()
      else if (typeof fault === 'object' && fault !== null) say(`${fault.status} no`)
      return fault !== null
    }

    function obey(line: string): void {
      if (loginStep !== null) return signIn(line)
      const verb = line.split(' ')[0].toUpperCase()
      switch (verb) {
        case 'EHLO':
          say('250-loopback')
          if (security === 'starttls' && !encrypted) say('250-STARTTLS')
          else if (login) say('250-AUTH PLAIN LOGIN')
          return say('250 8BITMIME')
        case 'STARTTLS':
          if (security !== 'starttls' || encrypted) return refuse('502 5.5.1 no STARTTLS here')
          say('220 go ahead')
          plain.removeListener('data', read)
          pending = ''
          socket = secured(plain)
          encrypted = true
          socket.on('data', read)
          return
        case 'AUTH': {
          if (!encrypted && security !== 'none') return refuse('530 5.7.0 encrypt first')
          const [, how, first] = line.split(' ')
          loginStep = how.toUpperCase()
          if (first) return signIn(first)
          return say(loginStep === 'LOGIN' ? '334 VXNlcm5hbWU6' : '334 ')
        }
        case 'MAIL':
          if (meets('MAIL')) return
          if (security !== 'none' && !encrypted) return refuse('530 5.7.0 encrypt first')
          if (login && !signedIn) return refuse('530 5.7.0 sign in first')
          from = /<([^>]*)>/.exec(line)?.[1] ?? ''
          to = []
          return say('250 ok')
        case 'RCPT': {
          if (meets('RCPT')) return
          const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
          if (unknown.has(address)) return refuse(`550 5.1.1 ${address} does not live here`)
          to.push(address)
          return say('250 ok')
        }
        case 'DATA':
          if (to.length === 0) return refuse('503 nobody to send to')
          data = ''
          return say('354 go on')
        case 'RSET':
        case 'NOOP':
          return say('250 ok')
        case 'QUIT':
          say('221 bye')
          socket.end()
          return
        default:
          return refuse(`500 ${verb}?`)
      }
    }

    function signIn(answer: string): void {
      const text = Buffer.from(answer, 'base64').toString('utf8')
      const done = (ok: boolean) => {
        loginStep = null
        signedIn = ok
        if (ok) say('235 welcome')
        else refuse('535 5.7.8 wrong user or password')
      }
      if (loginStep === 'PLAIN') return done(text === `\0${user}\0${password}`)
      if (loginStep === 'LOGIN') {
        loginStep = `LOGIN ${text}`
        return say('334 UGFzc3dvcmQ6')
      }
      done(loginStep === `LOGIN ${user}` && text === password)
    }

    function take(raw: string): void {
      const fault = faults.take('DATA')
      if (fault === 'slow') return
      if (fault === 'down') return void socket.destroy()
      if (typeof fault === 'object' && fault !== null) return say(`${fault.status} no`)
      const wrong = mailFault(raw)
      if (wrong) return refuse(`554 ${wrong}`)
      mails.push({ ...parseMail(raw), from, to, encrypted, signedIn, raw })
      if (fault === 'drop') return void socket.destroy()
      say('250 2.0.0 queued as 1')
    }

    socket.on('data', read)
    say('220 loopback ESMTP')
  }

  function secured(socket: Socket): TLSSocket {
    const wrapped = new TLSSocket(socket, { isServer: true, secureContext: context })
    wrapped.on('error', () => {})
    return wrapped
  }

  const port = await listen(server)
  return {
    host: '127.0.0.1',
    port,
    user,
    password,
    authority: certificate.cert,
    mails,
    refusals,
    faults,
    unknown,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What RFC 5321 and 5322 forbid, in words. */
function mailFault(raw: string): string | null {
  if (/(?<!\r)\n|\r(?!\n)/.test(raw)) return 'a bare CR or LF'
  if (raw.split('\r\n').some((line) => line.length > 998)) return 'a line of more than 998 characters'
  const head = raw.slice(0, raw.indexOf('\r\n\r\n'))
  if (/[^\x20-\x7e\r\n\t]/.test(head)) return 'a header that is not ASCII'
  const { headers } = parseMail(raw)
  for (const name of ['from', 'date', 'message-id', 'to', 'subject'])
    if (headers.get(name)?.length !== 1) return `${headers.get(name)?.length ?? 0} headers ${name}`
  if (headers.has('bcc')) return 'a header Bcc'
  for (const name of ['message-id', 'references', 'in-reply-to'])
    for (const id of (headers.get(name)?.[0] ?? '').split(' '))
      if (id !== '' && !/^<[^<>@\s]+@[^<>@\s]+>$/.test(id)) return `${name}: ${id}`
  return null
}
