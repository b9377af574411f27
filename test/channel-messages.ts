import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import type { ChannelMessage, ChannelNeeds, StoredAttachment } from '#observatory/notifications/channel.ts'
import { createNet } from '#platform/net/client.ts'
import { createLocalStorage } from '#platform/storage/local.ts'
import { atEnd } from './platform.ts'

/** What a channel needs, without a database, cleared away at the end of the file or test. */
export async function channelNeeds(): Promise<ChannelNeeds> {
  const folder = await mkdtemp(join(tmpdir(), 'urania-channel-'))
  const net = createNet()
  atEnd(async () => {
    await net.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return { net, storage: await createLocalStorage(folder), log: pino({ level: 'silent' }) }
}

/** Bytes in storage, as a message names them. */
export async function stored(
  needs: ChannelNeeds,
  name: string,
  content: string | Uint8Array,
  mediaType = 'text/plain',
): Promise<StoredAttachment> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return { name, mediaType, ...(await needs.storage.put(bytes)) }
}

/** A message about the event S250207bg; the parts given replace the plain ones. */
export function channelMessage(parts: Partial<ChannelMessage> = {}): ChannelMessage {
  return {
    key: 'message-1',
    uncertain: false,
    form: 'news',
    kind: 'alerts.notice',
    role: 'news',
    thread: { kind: 'event', id: 'ev-1', name: 'S250207bg', group: 'GW' },
    threadState: null,
    headline: 'Alert 2 – INITIAL',
    text: 'A significant binary neutron star merger.',
    facts: [{ label: 'Area (90 %)', value: '412 deg²' }],
    links: [{ label: 'GraceDB', url: 'https://gracedb.example.org/superevents/S250207bg/view/' }],
    pictures: [],
    files: [],
    folders: [],
    actions: [],
    rehearsal: false,
    to: [],
    at: new Date(),
    ...parts,
  }
}
