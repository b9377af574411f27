import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Faults } from './faults.ts'
import { startS3Server } from './s3-server.ts'
import { startSlackServer } from './slack-server.ts'
import { startSmtpServer } from './smtp-server.ts'
import { startWebdavServer } from './webdav-server.ts'
import { startWebhookServer } from './webhook-server.ts'

/** A kind of channel with a server that checks what it is sent. */
export interface ChannelRig {
  name: string
  /** Key of the kind. */
  kind: string
  settings: Record<string, unknown>
  /** The same with credentials that do not hold. */
  wrong: Record<string, unknown>
  /** The same with nobody there. */
  nowhere: Record<string, unknown>
  /** Secrets that no receipt and no error may tell. */
  secrets: string[]
  /** Null where there is no server. */
  faults: Faults | null
  /** Request that puts the message in place, for faults. */
  puts: (what: string) => boolean
  /** Headlines (or the files that carry them) as people find them, and the thread of each. */
  arrived(): Promise<{ headline: string; thread: string }[]>
  /** What the server refused, in words. */
  refusals: readonly string[]
  stop(): Promise<void>
}

/** Addresses of a port that nothing listens on. */
const nobody = 'http://127.0.0.1:1'

export const channelRigs: readonly (() => Promise<ChannelRig>)[] = [
  slackRig,
  mailRig,
  webhookRig,
  webdavRig,
  s3Rig,
  folderRig,
]

async function slackRig(): Promise<ChannelRig> {
  const slack = await startSlackServer()
  const settings = { token: slack.token, channel: 'C0ALERTS', baseUrl: slack.url, timeoutSeconds: 20 }
  return {
    name: 'Slack',
    kind: 'slack',
    settings,
    wrong: { ...settings, token: 'xoxb-other-token' },
    nowhere: { ...settings, baseUrl: `${nobody}/api/` },
    secrets: [slack.token, 'xoxb-other-token'],
    faults: slack.faults,
    puts: (what) => what === 'chat.postMessage',
    async arrived() {
      return slack.messages
        .filter(({ blocks }) => blocks.length > 0)
        .map(({ ts, thread_ts: thread = ts, blocks }) => ({
          thread,
          headline: (blocks[0]['text'] as { text: string }).text,
        }))
    },
    refusals: slack.refusals,
    stop: () => slack.stop(),
  }
}

async function mailRig(): Promise<ChannelRig> {
  const smtp = await startSmtpServer()
  const settings = {
    host: smtp.host,
    port: smtp.port,
    authority: smtp.authority,
    user: smtp.user,
    password: smtp.password,
    from: 'urania@observatory.example',
    to: ['ada@observatory.example'],
    timeoutSeconds: 20,
  }
  return {
    name: 'e-mail',
    kind: 'mail',
    settings,
    wrong: { ...settings, password: 'other-password' },
    nowhere: { ...settings, port: 1 },
    secrets: [smtp.password, 'other-password'],
    faults: smtp.faults,
    puts: (what) => what === 'DATA',
    async arrived() {
      const once = new Map(smtp.mails.map((mail) => [mail.headers.get('message-id')?.[0], mail]))
      return [...once.values()].map(({ headers, text }) => ({
        headline: text.split('\n')[0].trim(),
        thread: headers.get('references')?.[0].split(' ')[0] ?? '',
      }))
    },
    refusals: smtp.refusals,
    stop: () => smtp.stop(),
  }
}

async function webhookRig(): Promise<ChannelRig> {
  const hook = await startWebhookServer()
  const settings = { url: hook.url, secret: hook.secret, ownNetwork: true, timeoutSeconds: 20 }
  return {
    name: 'webhook',
    kind: 'webhook',
    settings,
    wrong: { ...settings, secret: 'another secret of both' },
    nowhere: { ...settings, url: nobody },
    secrets: [hook.secret, 'another secret of both'],
    faults: hook.faults,
    puts: () => true,
    async arrived() {
      return hook.messages.map(({ headline, thread }) => ({
        headline: String(headline),
        thread: (thread as { id: string }).id,
      }))
    },
    refusals: hook.refusals,
    stop: () => hook.stop(),
  }
}

async function webdavRig(): Promise<ChannelRig> {
  const cloud = await startWebdavServer()
  const settings = {
    place: 'webdav',
    url: cloud.url,
    user: cloud.user,
    password: cloud.password,
    timeoutSeconds: 20,
  }
  return {
    name: 'tree on WebDAV',
    kind: 'tree',
    settings,
    wrong: { ...settings, password: 'other-password' },
    nowhere: { ...settings, url: `${nobody}/dav` },
    secrets: [cloud.password, 'other-password'],
    faults: cloud.faults,
    puts: (what) => what.startsWith('MOVE'),
    async arrived() {
      return [...cloud.files]
        .filter(([path]) => !path.endsWith('/'))
        .map(([path, { bytes }]) => arrival(path, bytes))
    },
    refusals: cloud.refusals,
    stop: () => cloud.stop(),
  }
}

async function s3Rig(): Promise<ChannelRig> {
  const s3 = await startS3Server()
  const settings = {
    place: 's3',
    url: s3.url,
    bucket: s3.bucket,
    region: s3.region,
    user: s3.accessKeyId,
    password: s3.secretAccessKey,
    timeoutSeconds: 20,
  }
  return {
    name: 'tree on S3',
    kind: 'tree',
    settings,
    wrong: { ...settings, password: 'other-password' },
    nowhere: { ...settings, url: nobody },
    secrets: [s3.secretAccessKey, 'other-password'],
    faults: s3.faults,
    puts: (what) => what.startsWith('PUT') && !what.endsWith('/'),
    async arrived() {
      return [...s3.objects]
        .filter(([key]) => !key.endsWith('/'))
        .map(([key, { bytes }]) => arrival(key, bytes))
    },
    refusals: s3.refusals,
    stop: () => s3.stop(),
  }
}

async function folderRig(): Promise<ChannelRig> {
  const base = await mkdtemp(join(tmpdir(), 'urania-tree-'))
  const settings = { place: 'folder', base }
  const missing = { ...settings, base: join(base, 'not-mounted') }
  return {
    name: 'tree in a folder',
    kind: 'tree',
    settings,
    wrong: missing,
    nowhere: missing,
    secrets: [],
    faults: null,
    puts: () => false,
    async arrived() {
      const entries = await readdir(base, { recursive: true, withFileTypes: true })
      const files = entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
      return Promise.all(
        files.toSorted().map(async (file) => arrival(relative(base, file), await readFile(file))),
      )
    },
    refusals: [],
    stop: () => rm(base, { recursive: true, force: true }),
  }
}

function arrival(path: string, bytes: Buffer): { headline: string; thread: string } {
  return { headline: bytes.toString('utf8'), thread: path.split('/').slice(0, 3).join('/') }
}
