import { createHash } from 'node:crypto'
import type { SendMailOptions, SentMessageInfo } from 'nodemailer'
import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { ChannelKind, ChannelMessage, ChannelNeeds } from '#observatory/notifications/channel.ts'
import { mailHtml } from './mail-html.ts'
import { refused } from './refusal.ts'
import { cut, headlineOf, oneLine, plainText } from './wording.ts'

const hostName = /^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/i

const settings = z.strictObject({
  host: z.string().max(253).regex(hostName, 'must be a host name or address').describe('SMTP server.'),
  port: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(587)
    .describe('587 for STARTTLS, 465 for TLS, 25 within a network.'),
  security: z
    .enum(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe('How the connection is encrypted; "none" only within a network of one\'s own.'),
  authority: z
    .string()
    .max(20_000)
    .optional()
    .describe("PEM certificate of an authority of one's own that signed the server's."),
  user: z.string().max(200).optional().describe('User, where the server asks for one.'),
  password: z.string().max(500).optional().describe('Password of the user.'),
  from: z.email().describe('Sender address.'),
  fromName: z.string().max(100).default('Urania').describe('Sender name.'),
  replyTo: z.email().optional().describe('Where answers go, if not to the sender.'),
  to: z
    .array(z.email())
    .max(200)
    .default([])
    .describe(
      'Who gets everything of this channel; empty where rules name the people. More than one do not see each other.',
    ),
  timeoutSeconds: z.number().min(0.1).max(300).default(30).describe('For one mail, seconds.'),
})

type MailSettings = z.output<typeof settings>

const threadState = z.object({ messageId: z.string() })

/** Mail servers take 20 MB as a rule, and base64 makes a third more of it. */
const mostPictureBytes = 12 * 1024 * 1024

/**
 * E-mail over SMTP: text and HTML, pictures inside. A thread is held together by References; a repeat has the same
 * Message-ID, by which mail systems know it for the same message.
 */
export const mailChannel: ChannelKind<typeof settings> = {
  key: 'mail',
  title: 'E-mail',
  settings,
  secret: ['password'],
  reaches: 'people',
  addresses: 'mail',
  async deliver(needs, access, message, signal) {
    const recipients = message.to.length > 0 ? message.to : access.to
    for (const address of recipients)
      if (!z.email().safeParse(address).success)
        throw refused(
          `${JSON.stringify(cut(oneLine(address), 100))} is no mail address; correct it with the person or the channel.`,
        )
    if (recipients.length === 0)
      throw refused('This mail channel has nobody to write to; enter addresses, or name people in the rule.')
    const known = threadState.safeParse(message.threadState)
    const messageId = idOf(`message ${message.key}`, access)
    const root = known.success ? known.data.messageId : null
    const { mail, notes } = await compose(needs, access, message, { messageId, root, recipients })
    const info = await send(access, mail, signal)
    const failed = info.rejectedErrors ?? []
    for (const error of failed) notes.push(`not taken: ${oneLine(error.message)}`)
    const taken = recipients.length - failed.length
    return {
      threadState: { messageId: root ?? messageId },
      receipt: [
        `${access.host} took it for ${taken} of ${recipients.length}: ${cut(oneLine(info.response), 150)}; Message-ID ${messageId}`,
        ...notes,
      ].join('; '),
    }
  },
}

interface Envelope {
  messageId: string
  root: string | null
  recipients: readonly string[]
}

async function compose(
  needs: ChannelNeeds,
  access: MailSettings,
  message: ChannelMessage,
  { messageId, root, recipients }: Envelope,
): Promise<{ mail: SendMailOptions; notes: string[] }> {
  const notes: string[] = []
  const inline: { cid: string; name: string; content: Buffer; contentType: string }[] = []
  let room = mostPictureBytes
  for (const [i, { name, sha256, mediaType, byteLength }] of message.pictures.entries()) {
    room -= byteLength
    if (room < 0) {
      notes.push(`without the picture ${oneLine(name)}, which is too large for a mail`)
      continue
    }
    const cid = `${createHash('sha256').update(`${message.key}\n${i}`).digest('hex').slice(0, 16)}@${domainOf(access)}`
    inline.push({
      cid,
      name: oneLine(name),
      content: Buffer.from(await needs.storage.get(sha256)),
      contentType: oneLine(mediaType),
    })
  }
  const sender = { name: oneLine(access.fromName), address: access.from }
  // A thread is known by an id of its own too, so that it holds for those who did not get its first message.
  const thread = idOf(`thread ${message.thread.kind} ${message.thread.id}`, access)
  return {
    notes,
    mail: {
      from: sender,
      // With several, nobody learns who else was told.
      to: recipients.length === 1 ? recipients[0] : sender,
      envelope: { from: access.from, to: [...recipients] },
      ...(access.replyTo ? { replyTo: access.replyTo } : {}),
      subject: subjectOf(message),
      date: message.at,
      messageId,
      references: root ? [thread, root] : [thread],
      ...(root ? { inReplyTo: root } : {}),
      text: `${headlineOf(message)}\n\n${plainText(message)}\n`,
      html: mailHtml(message, inline),
      attachments: inline.map(({ cid, name, content, contentType }) => ({
        cid,
        filename: name,
        content,
        contentType,
        contentDisposition: 'inline' as const,
      })),
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
        'List-Id': `<urania.${domainOf(access)}>`,
      },
      disableFileAccess: true,
      disableUrlAccess: true,
    },
  }
}

function subjectOf(message: ChannelMessage): string {
  const headline = headlineOf(message)
  const name = oneLine(message.thread.name)
  return cut(headline.includes(name) ? headline : `${name}: ${headline}`, 200)
}

function domainOf(access: MailSettings): string {
  return access.from.slice(access.from.lastIndexOf('@') + 1).toLowerCase()
}

function idOf(what: string, access: MailSettings): string {
  return `<${createHash('sha256').update(what).digest('hex').slice(0, 40)}@${domainOf(access)}>`
}

interface Sent {
  response: string
  rejectedErrors?: Error[]
}

async function send(access: MailSettings, mail: SendMailOptions, signal: AbortSignal): Promise<Sent> {
  // Loaded when it is first needed: other commands start without it.
  const { createTransport } = await import('nodemailer')
  const timeoutMs = access.timeoutSeconds * 1_000
  const transport = createTransport({
    host: access.host,
    port: access.port,
    secure: access.security === 'tls',
    requireTLS: access.security === 'starttls',
    ignoreTLS: access.security === 'none',
    ...(access.user ? { auth: { user: access.user, pass: access.password ?? '' } } : {}),
    tls: { minVersion: 'TLSv1.2', ...(access.authority ? { ca: access.authority } : {}) },
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  })
  const timeout = AbortSignal.timeout(timeoutMs)
  const stoppable: SendMailOptions & { signal: AbortSignal } = {
    ...mail,
    signal: AbortSignal.any([signal, timeout]),
  }
  try {
    return (await transport.sendMail(stoppable)) as SentMessageInfo as Sent
  } catch (error) {
    if (signal.aborted) throw new Problem('net.aborted', `Sending to ${access.host} was stopped.`, {}, error)
    if (timeout.aborted)
      throw new Problem(
        'net.timeout',
        `${access.host} did not take the mail within ${access.timeoutSeconds} s.`,
        {},
        error,
      )
    throw told(error, access)
  } finally {
    transport.close()
  }
}

const badCertificates = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** A 5yz answer (RFC 5321) stays until a person acts, a 4yz one and a lost connection pass. */
function told(error: unknown, access: MailSettings): unknown {
  if (!(error instanceof Error)) return error
  const { code, responseCode, response, cause } = error as Error & {
    code?: string
    responseCode?: number
    response?: string
  }
  const server = `${access.host}:${access.port}`
  const said = cut(oneLine(response ?? error.message), 200)
  const certificate = [code, (cause as { code?: string } | undefined)?.code].find((each) =>
    badCertificates.has(each ?? ''),
  )
  if (certificate !== undefined || (code === 'ESOCKET' && /certificate|self-signed/i.test(error.message)))
    return refused(
      `The certificate of ${server} does not hold (${said}); renew it there, or enter the authority that signed it.`,
      { code: certificate ?? code },
      error,
    )
  if (code === 'ETLS' && responseCode === undefined && /STARTTLS/i.test(error.message))
    return refused(
      `${server} offers no STARTTLS; choose TLS with port 465, or the port that has it.`,
      { code },
      error,
    )
  if (responseCode !== undefined && responseCode >= 500) {
    const remedy =
      code === 'EAUTH'
        ? 'enter user and password again'
        : code === 'EENVELOPE'
          ? 'check the addresses of sender and recipients'
          : 'see what the server says'
    return refused(`${server} refused: ${said}; ${remedy}.`, { code, responseCode }, error)
  }
  return new Problem(
    'net.unreachable',
    `${server} did not take the mail: ${said}.`,
    { code, responseCode },
    error,
  )
}
