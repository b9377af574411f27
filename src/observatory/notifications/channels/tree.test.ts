import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ChannelMessage } from '#observatory/notifications/channel.ts'
import { channelMessage, channelNeeds, stored } from '#test/channel-messages.ts'
import { startS3Server } from '#test/s3-server.ts'
import { startWebdavServer } from '#test/webdav-server.ts'
import { treeChannel } from './tree.ts'

const needs = await channelNeeds()
const cloud = await startWebdavServer()
const bare = await startWebdavServer({ moves: false })
const s3 = await startS3Server()
const plainS3 = await startS3Server({ conditions: false })
const root = await mkdtemp(join(tmpdir(), 'urania-tree-'))
afterAll(async () => {
  await Promise.all([cloud.stop(), bare.stop(), s3.stop(), plainS3.stop()])
  await rm(root, { recursive: true, force: true })
})

type Input = Record<string, unknown>

function deliver(settings: Input, message: ChannelMessage) {
  const parsed = treeChannel.settings.parse(settings)
  return treeChannel.deliver(needs, parsed, message, AbortSignal.timeout(20_000))
}

function at(server: { url: string; user: string; password: string }): Input {
  return { place: 'webdav', url: server.url, user: server.user, password: server.password }
}
function inBucket(server: Awaited<ReturnType<typeof startS3Server>>): Input {
  const { url, bucket, region, accessKeyId: user, secretAccessKey: password } = server
  return { place: 's3', url, bucket, region, user, password }
}

/** The places as one: what is in them by path, and a person who puts a file there. */
const places = [
  {
    name: 'WebDAV',
    settings: at(cloud),
    read: cloudText(cloud),
    place: async (path: string, text: string) => cloud.place(path, text),
  },
  {
    name: 'WebDAV without MOVE',
    settings: at(bare),
    read: cloudText(bare),
    place: async (path: string, text: string) => bare.place(path, text),
  },
  {
    name: 'S3',
    settings: inBucket(s3),
    read: bucketText(s3),
    place: async (path: string, text: string) => s3.place(path, text),
  },
  {
    name: 'S3 without conditions',
    settings: inBucket(plainS3),
    read: bucketText(plainS3),
    place: async (path: string, text: string) => plainS3.place(path, text),
  },
  {
    name: 'a local folder',
    settings: { place: 'folder', base: root },
    async read(path: string) {
      return readFile(join(root, path), 'utf8').catch(() => undefined)
    },
    place: (path: string, text: string) => writeFile(join(root, path), text),
  },
]

function cloudText(server: typeof cloud) {
  return async (path: string) => server.files.get(path)?.bytes.toString('utf8')
}
function bucketText(server: typeof s3) {
  return async (path: string) => server.objects.get(path)?.bytes.toString('utf8')
}

async function fileAt(path: string, content: string) {
  return { ...(await stored(needs, path.split('/').at(-1)!, content)), path }
}

it('makes the tree of an event on WebDAV with the names of old', async () => {
  const plan = 'GWEMOPT/UPDATE_0f3a/TILING_TCH_TRE'
  const { receipt, url } = await deliver(
    { ...at(cloud), base: 'GRANDMA data', share: 'https://cloud.example.org/apps/files/?dir=/{path}' },
    channelMessage({
      files: [
        await fileAt('VOEVENTS/notice.xml', '<voe/>'),
        await fileAt(`${plan}/tiles_TCH.txt`, '# TCH'),
        await fileAt(`${plan}/plots/tiles_coverage_int.png`, 'png'),
      ],
      folders: ['GWEMOPT', 'IMAGES', 'KNC_IMAGES', 'LOGBOOK', 'VOEVENTS'],
    }),
  )
  const event = 'GRANDMA data/Candidates/GW/S250207bg'
  expect([...cloud.files.keys()].filter((path) => path.startsWith(event)).toSorted()).toEqual([
    `${event}/`,
    `${event}/GWEMOPT/`,
    `${event}/GWEMOPT/UPDATE_0f3a/`,
    `${event}/${plan}/`,
    `${event}/${plan}/plots/`,
    `${event}/${plan}/plots/tiles_coverage_int.png`,
    `${event}/${plan}/tiles_TCH.txt`,
    `${event}/IMAGES/`,
    `${event}/KNC_IMAGES/`,
    `${event}/LOGBOOK/`,
    `${event}/VOEVENTS/`,
    `${event}/VOEVENTS/notice.xml`,
  ])
  expect(cloud.files.get(`${event}/VOEVENTS/notice.xml`)?.mediaType).toBe('text/plain')
  expect(receipt).toMatch(/^3 files at 127\.0\.0\.1:\d+: Candidates\/GW\/S250207bg$/)
  expect(url).toBe('https://cloud.example.org/apps/files/?dir=/GRANDMA%20data/Candidates/GW/S250207bg')
  expect(cloud.refusals).toEqual([])
})

it('a file is whole whenever it can be seen under its name', async () => {
  const content = 'x'.repeat(300_000)
  const thread = { ...channelMessage().thread, name: 'whole' }
  const message = channelMessage({ thread, files: [await fileAt('VOEVENTS/big.bin', content)] })
  cloud.faults.add('down', { where: (what) => what.startsWith('MOVE') })
  await expect(deliver(at(cloud), message)).rejects.toMatchObject({ code: 'net.unreachable' })
  await deliver(at(cloud), { ...message, uncertain: true })
  const folder = 'Candidates/GW/whole/VOEVENTS/'
  const lengths = [...cloud.seen].filter((each) => each.startsWith(`${folder}big.bin:`))
  expect(lengths).toEqual([`${folder}big.bin:300000`])
  const left = [...cloud.files.keys()].filter((path) => path.startsWith(folder) && path !== folder)
  expect(left).toEqual([`${folder}big.bin`])
})

describe.each(places.map((each) => [each.name, each] as const))('%s', (_, { settings, read, place }) => {
  const folder = 'Candidates/GW/S250207bg/LOGBOOK'

  it('replaces what is its own and unchanged, and never what people put or changed there', async () => {
    const first = await deliver(
      settings,
      channelMessage({ files: [await fileAt('LOGBOOK/log.txt', 'one')], folders: ['IMAGES'] }),
    )
    expect(await read(`${folder}/log.txt`)).toBe('one')
    const second = await deliver(
      settings,
      channelMessage({ threadState: first.threadState, files: [await fileAt('LOGBOOK/log.txt', 'two')] }),
    )
    expect(await read(`${folder}/log.txt`)).toBe('two')
    await place(`${folder}/log.txt`, 'a note by hand')
    const third = await deliver(
      settings,
      channelMessage({ threadState: second.threadState, files: [await fileAt('LOGBOOK/log.txt', 'three')] }),
    )
    expect(await read(`${folder}/log.txt`)).toBe('a note by hand')
    expect(await read(`${folder}/log.2.txt`)).toBe('three')
    expect(third.receipt).toContain('another file is there, so LOGBOOK/log.txt as log.2.txt')
    await place(`${folder}/new.txt`, 'put by hand')
    await deliver(
      settings,
      channelMessage({ threadState: third.threadState, files: [await fileAt('LOGBOOK/new.txt', 'ours')] }),
    )
    expect(await read(`${folder}/new.txt`)).toBe('put by hand')
    expect(await read(`${folder}/new.2.txt`)).toBe('ours')
  })

  it('what it no longer remembers is not its own', async () => {
    await deliver(settings, channelMessage({ files: [await fileAt('LOGBOOK/old.txt', 'old')] }))
    await deliver(settings, channelMessage({ files: [await fileAt('LOGBOOK/old.txt', 'new')] }))
    expect(await read(`${folder}/old.txt`)).toBe('old')
    expect(await read(`${folder}/old.2.txt`)).toBe('new')
    await deliver(settings, channelMessage({ files: [await fileAt('LOGBOOK/old.txt', 'new')] }))
    expect(await read(`${folder}/old.3.txt`)).toBeUndefined()
  })

  it('stays below its folder, whatever names come', async () => {
    const thread = { kind: 'event', id: '../../x', name: '../../../up', group: '..' }
    await deliver(settings, channelMessage({ thread, files: [await fileAt('../../../out.txt', 'in')] }))
    expect(await read('Candidates/__/.._.._.._up/__/__/__/out.txt')).toBe('in')
  })

  it('names of any script arrive as they are', async () => {
    const path = "IMAGES/Überblick & 重力波 50%+#?'().txt"
    await deliver(settings, channelMessage({ files: [await fileAt(path, 'ü')] }))
    expect(await read(`Candidates/GW/S250207bg/${path.replace('?', '_')}`)).toBe('ü')
  })

  it('a test writes one small file, and no second', async () => {
    const test = channelMessage({ kind: 'notifications.test', role: 'start' })
    expect((await deliver(settings, test)).receipt).toMatch(/^urania-test\.txt at /)
    expect((await deliver(settings, { ...test, key: 'again' })).receipt).toMatch(/^urania-test\.txt at /)
  })
})

describe('settings', () => {
  const fault = (settings: Input) => {
    const issue = treeChannel.settings.safeParse(settings).error?.issues[0]
    return issue && `${issue.path.join('.')}: ${issue.message}`
  }

  it('are complete for their place', () => {
    expect(fault({ place: 'webdav' })).toBe('url: is needed for the place "webdav"')
    expect(fault({ place: 'folder' })).toBe('base: is needed for the place "folder"')
    expect(fault({ place: 'folder', base: 'data' })).toContain('base: has to be an absolute path')
    expect(fault({ place: 's3', url: 'https://s3.example.org' })).toContain('bucket: is needed')
    expect(fault({ ...at(cloud), base: '../other' })).toContain('base: has to be a relative path')
    expect(fault(at(cloud))).toBeUndefined()
  })

  it('refuse templates with position and reason', () => {
    expect(fault({ ...at(cloud), threadFolder: 'GW/{superevent}/{thread}' })).toContain(
      'threadFolder: {superevent} at character 4 is not known',
    )
    expect(fault({ ...at(cloud), threadFolder: 'GW' })).toContain('threadFolder: needs {thread}')
    expect(fault({ ...at(cloud), file: 'all.txt' })).toContain('file: needs {path}')
    expect(fault({ ...at(cloud), names: { LOGBOOK: '../x' } })).toContain('names: "LOGBOOK" → "../x"')
  })

  it('give folders and files other names', async () => {
    const named = {
      ...at(cloud),
      threadFolder: 'O4/{year}/{thread}',
      file: '{folder}/{thread}_{name}',
      names: { LOGBOOK: 'Log book' },
    }
    const at2026 = new Date('2026-12-31T23:59:59Z')
    const files = [await fileAt('LOGBOOK/a.txt', 'a')]
    const { threadState } = await deliver(named, channelMessage({ at: at2026, files, folders: ['LOGBOOK'] }))
    expect(cloud.files.has('O4/2026/S250207bg/Log book/S250207bg_a.txt')).toBe(true)
    // An event that goes on into the next year stays where it began.
    const next = [await fileAt('b.txt', 'b')]
    await deliver(named, channelMessage({ at: new Date('2027-01-01T00:00:01Z'), files: next, threadState }))
    expect(cloud.files.has('O4/2026/S250207bg/S250207bg_b.txt')).toBe(true)
  })
})

describe('what a person has to mend', () => {
  const files = async () => [await fileAt('VOEVENTS/a.xml', 'a')]

  it('a bucket or folder that is not there', async () => {
    const message = channelMessage({ files: await files() })
    await expect(deliver({ ...inBucket(s3), bucket: 'other' }, message)).rejects.toMatchObject({
      code: 'channel.refused',
      message: expect.stringContaining('NoSuchBucket') as string,
    })
    await expect(deliver({ ...at(cloud), url: `${cloud.url}x` }, message)).rejects.toMatchObject({
      code: 'channel.refused',
    })
    await expect(deliver({ place: 'folder', base: join(root, 'no') }, message)).rejects.toMatchObject({
      code: 'channel.refused',
      message: expect.stringMatching(/^There is no folder .*mount what it should be on\.$/) as string,
    })
  })

  it('a cloud that is full is tried again', async () => {
    cloud.faults.add({ status: 507 }, { where: (what) => what.startsWith('PUT') })
    await expect(deliver(at(cloud), channelMessage({ files: await files() }))).rejects.toMatchObject({
      code: 'net.status',
      details: { status: 507 },
    })
  })

  it('a link that leads out of a local folder', async () => {
    const inside = await mkdtemp(join(root, 'linked-'))
    const outside = await mkdtemp(join(tmpdir(), 'urania-outside-'))
    await mkdir(join(inside, 'Candidates/GW'), { recursive: true })
    await symlink(outside, join(inside, 'Candidates/GW/S250207bg'))
    await expect(
      deliver({ place: 'folder', base: inside }, channelMessage({ files: await files() })),
    ).rejects.toMatchObject({ code: 'channel.refused', message: expect.stringContaining('link') as string })
    expect(await readdir(outside)).toEqual([])
    await rm(outside, { recursive: true })
  })

  it.skipIf(process.getuid?.() === 0)('a local folder without the right to write (not as root)', async () => {
    const closed = await mkdtemp(join(root, 'closed-'))
    await chmod(closed, 0o500)
    await expect(
      deliver({ place: 'folder', base: closed }, channelMessage({ files: await files() })),
    ).rejects.toMatchObject({ code: 'channel.refused' })
  })
})

it('what is remembered of a thread stays below 64 kB', async () => {
  const written = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, i) => [`Candidates/GW/S250207bg/IMAGES/picture-${i}.png`, `"${i}"`]),
  )
  const threadState = { folder: 'Candidates/GW/S250207bg', written }
  const files = [await fileAt('LOGBOOK/last.txt', 'last')]
  const next = await deliver(at(cloud), channelMessage({ threadState, files }))
  expect(JSON.stringify(next.threadState).length).toBeLessThan(60_000)
  expect(Object.keys(next.threadState?.['written'] as object).at(-1)).toContain('LOGBOOK/last.txt')
})
