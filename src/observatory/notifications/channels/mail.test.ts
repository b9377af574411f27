import { afterAll, expect, it } from 'vitest'
import type { ChannelMessage } from '#observatory/notifications/channel.ts'
import { channelMessage, channelNeeds, stored } from '#test/channel-messages.ts'
import { startSmtpServer, type SmtpServer } from '#test/smtp-server.ts'
import { mailChannel } from './mail.ts'

const needs = await channelNeeds()
const smtp = await startSmtpServer()
afterAll(() => smtp.stop())

function settingsOf(server: SmtpServer, more: Record<string, unknown> = {}) {
  return {
    host: server.host,
    port: server.port,
    authority: server.authority,
    user: server.user,
    password: server.password,
    from: 'urania@observatory.example',
    to: ['ada@observatory.example'],
    ...more,
  }
}

async function deliver(message: ChannelMessage, more: Record<string, unknown> = {}, server = smtp) {
  const settings = mailChannel.settings.parse(settingsOf(server, more))
  const delivered = await mailChannel.deliver(needs, settings, message, AbortSignal.timeout(20_000))
  return { ...delivered, mail: server.mails.at(-1)! }
}

const header = (mail: SmtpServer['mails'][number], name: string) => mail.headers.get(name)?.join(' | ')

it('has text and HTML that say the same, and links', async () => {
  const { mail, receipt } = await deliver(
    channelMessage({
      key: 'm1',
      text: 'p(BNS) > 90 % & <b>near</b>',
      facts: [{ label: 'Größe', value: 'ü 重' }],
    }),
  )
  expect(mail.subject).toBe('S250207bg: Alert 2 – INITIAL')
  expect(mail.text.replaceAll('\r\n', '\n')).toBe(
    'Alert 2 – INITIAL\n\np(BNS) > 90 % & <b>near</b>\n\nGröße: ü 重\n\nGraceDB: https://gracedb.example.org/superevents/S250207bg/view/\n',
  )
  expect(mail.html).toContain('p(BNS) &gt; 90 % &amp; &lt;b&gt;near&lt;/b&gt;')
  expect(mail.html).toContain('<a href="https://gracedb.example.org/superevents/S250207bg/view/">GraceDB</a>')
  expect([mail.encrypted, mail.signedIn]).toEqual([true, true])
  expect(header(mail, 'auto-submitted')).toBe('auto-generated')
  expect(header(mail, 'list-id')).toBe('<urania.observatory.example>')
  expect(receipt).toMatch(
    /^127\.0\.0\.1 took it for 1 of 1: 250 2\.0\.0 queued as 1; Message-ID <[0-9a-f]{40}@/,
  )
})

it('a thread holds together, for those who did not get its first mail too', async () => {
  const first = await deliver(channelMessage({ key: 't1', role: 'start' }))
  const second = await deliver(channelMessage({ key: 't2', threadState: first.threadState }))
  const lone = await deliver(channelMessage({ key: 't3' }))
  const root = header(first.mail, 'message-id')
  expect(header(second.mail, 'in-reply-to')).toBe(root)
  expect(header(second.mail, 'references')).toBe(`${header(first.mail, 'references')} ${root}`)
  expect(header(lone.mail, 'references')).toBe(header(first.mail, 'references'))
  expect(second.threadState).toEqual(first.threadState)
  const other = await deliver(
    channelMessage({ key: 't4', thread: { ...channelMessage().thread, id: 'ev-2' } }),
  )
  expect(header(other.mail, 'references')).not.toBe(header(first.mail, 'references'))
})

it('a repeat is the same message to mail systems: Message-ID and date', async () => {
  const message = channelMessage({ key: 'r1', at: new Date('2026-02-07T12:00:00Z') })
  const [once, again] = [await deliver(message), await deliver({ ...message, uncertain: true })]
  expect(header(again.mail, 'message-id')).toBe(header(once.mail, 'message-id'))
  expect(header(again.mail, 'date')).toBe('Sat, 07 Feb 2026 12:00:00 +0000')
})

it('pictures are inside the HTML, byte for byte', async () => {
  const bytes = new Uint8Array(10_000).map((_, i) => (i * 31) % 256)
  const picture = await stored(needs, 'Karte & Felder.png', bytes, 'image/png')
  const { mail } = await deliver(channelMessage({ key: 'p1', pictures: [picture] }))
  const [attachment] = mail.attachments
  expect(attachment).toMatchObject({
    name: 'Karte & Felder.png',
    mediaType: 'image/png',
    disposition: 'inline',
  })
  expect(new Uint8Array(attachment.bytes)).toEqual(bytes)
  expect(mail.html).toContain(`<img src="cid:${attachment.cid}"`)
})

it('what is too large for a mail is left out, and said', async () => {
  const big = await stored(needs, 'big.png', new Uint8Array(13 * 1024 * 1024), 'image/png')
  const { mail, receipt } = await deliver(channelMessage({ key: 'p2', pictures: [big] }))
  expect(mail.attachments).toEqual([])
  expect(receipt).toContain('without the picture big.png')
})

it('several people do not learn of each other', async () => {
  const to = ['ben@observatory.example', 'cleo@elsewhere.example']
  const { mail } = await deliver(channelMessage({ key: 'b1', to }))
  expect(mail.to).toEqual(to)
  expect(mail.raw).not.toMatch(/ben@|cleo@/)
  expect(header(mail, 'to')).toBe('Urania <urania@observatory.example>')
  const single = await deliver(channelMessage({ key: 'b2', to: [to[0]] }))
  expect(header(single.mail, 'to')).toBe(to[0])
})

it('no header can be put in from outside', async () => {
  const evil = 'x\r\nBcc: evil@example.org\r\n\r\nbody'
  const picture = await stored(needs, evil, 'png', 'image/png')
  const { mail } = await deliver(
    channelMessage({
      key: 'h1',
      headline: evil,
      thread: { ...channelMessage().thread, name: evil },
      pictures: [{ ...picture, mediaType: 'image/png\r\nX-Evil: 1' }],
    }),
    { fromName: evil.slice(0, 60) },
  )
  expect(mail.headers.has('bcc')).toBe(false)
  expect(mail.raw).not.toMatch(/^(Bcc|X-Evil):/im)
  for (const address of [
    'a@b.example\r\nBcc: c@d.example',
    'a@b.example, c@d.example',
    'nobody',
    '<a@b.example>',
  ])
    await expect(deliver(channelMessage({ key: 'h2', to: [address] }))).rejects.toMatchObject({
      code: 'channel.refused',
    })
})

it('an address that does not exist is refused; one of several is noted', async () => {
  smtp.unknown.add('gone@observatory.example')
  await expect(
    deliver(channelMessage({ key: 'u1', to: ['gone@observatory.example'] })),
  ).rejects.toMatchObject({
    code: 'channel.refused',
    message: expect.stringContaining('550 5.1.1') as string,
  })
  const to = ['gone@observatory.example', 'ada@observatory.example']
  const { mail, receipt } = await deliver(channelMessage({ key: 'u2', to }))
  expect(mail.to).toEqual(['ada@observatory.example'])
  expect(receipt).toMatch(/took it for 1 of 2.*not taken: .*gone@observatory\.example/)
  await expect(deliver(channelMessage({ key: 'u3' }), { to: [] })).rejects.toMatchObject({
    code: 'channel.refused',
  })
})

it('a certificate that does not hold is refused with the remedy', async () => {
  await expect(deliver(channelMessage({ key: 'c1' }), { authority: undefined })).rejects.toMatchObject({
    code: 'channel.refused',
    message: expect.stringContaining('enter the authority that signed it') as string,
  })
})

it('never sends in the open when it should not: a server without STARTTLS is refused', async () => {
  const open = await startSmtpServer({ security: 'none', login: false })
  await expect(deliver(channelMessage({ key: 's1' }), { user: undefined }, open)).rejects.toMatchObject({
    code: 'channel.refused',
    message: expect.stringContaining('STARTTLS') as string,
  })
  expect(open.mails).toHaveLength(0)
  await deliver(channelMessage({ key: 's2' }), { user: undefined, security: 'none' }, open)
  expect(open.mails).toHaveLength(1)
  await open.stop()
})

it('speaks TLS from the first byte where asked', async () => {
  const server = await startSmtpServer({ security: 'tls' })
  const { mail } = await deliver(channelMessage({ key: 's3' }), { security: 'tls' }, server)
  expect([mail.encrypted, mail.signedIn]).toEqual([true, true])
  await server.stop()
})

it('greylisting is tried again', async () => {
  smtp.faults.add({ status: 451 }, { where: (what) => what === 'RCPT' })
  await expect(deliver(channelMessage({ key: 'g1' }))).rejects.toMatchObject({ code: 'net.unreachable' })
})
