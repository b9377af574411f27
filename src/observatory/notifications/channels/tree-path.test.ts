import { describe, expect, it } from 'vitest'
import { channelMessage } from '#test/channel-messages.ts'
import {
  cleanPath,
  fileNames,
  filePath,
  folderNames,
  numbered,
  renamed,
  templateFault,
  threadFolder,
} from './tree-path.ts'

const message = channelMessage({ at: new Date('2026-02-07T12:34:56Z') })

describe('templates', () => {
  it('of the folder and of files are filled', () => {
    expect(threadFolder('Candidates/{group}/{thread}', message)).toBe('Candidates/GW/S250207bg')
    expect(threadFolder('{year}/{year}-{month}-{day}_{threadId}', message)).toBe('2026/2026-02-07_ev-1')
    const path = 'GWEMOPT/UPDATE_1f/tiles_TCH.txt'
    expect(filePath('{path}', message, path)).toBe(path)
    expect(filePath('{folder}/{stem}_{time}{extension}', message, path)).toBe(
      'GWEMOPT/UPDATE_1f/tiles_TCH_20260207T123456.txt',
    )
    expect(filePath('{kind}/{name}', message, path)).toBe('alerts.notice/tiles_TCH.txt')
  })

  it.each([
    [
      'Candidates/{superevent}',
      '{superevent} at character 12 is not known; the names here are {thread}, {threadId}',
    ],
    ['Candidates/{thread', 'The brace at character 12 has no partner'],
    ['a}/{thread}', 'The brace at character 2 has no partner'],
    ['{}/{thread}', '{} at character 1 is not known'],
    ['/Candidates/{thread}', 'begins with / at character 1'],
    ['Candidates/../{thread}', '".." at character 12 is no name'],
    ['Candidates//{thread}', '"" at character 12 is no name'],
    ['Candidates/{thread}/', '"" at character 21 is no name'],
    ['C:\\{thread}', '":" at character 2'],
    ['', 'The template is empty'],
    ['{thread}/{path}', '{path} at character 10 is not known'],
  ])('%j is refused with position and reason', (template, reason) => {
    expect(templateFault(template, folderNames)).toContain(reason)
  })

  it('good ones are not', () => {
    expect(templateFault('Candidates/GW/{thread}', folderNames)).toBeNull()
    expect(templateFault('{folder}/{stem}.{kind}{extension}', fileNames)).toBeNull()
  })
})

describe('what comes from outside', () => {
  it.each([
    ['../../etc/passwd', '__/__/etc/passwd'],
    ['/etc//passwd', 'etc/passwd'],
    ['a/./b/..', 'a/b/__'],
    ['..\\..\\boot.ini', '__/__/boot.ini'],
    ['a\0b/c\nd', 'a_b/c_d'],
    ['C:/x*?"<>|', 'C_/x______'],
    ['trailing. /dots...', 'trailing__/dots___'],
    ['e\u0301/\ud800', 'é/\ufffd'],
    ['...', '___'],
    ['', ''],
  ])('%j becomes %j', (path, clean) => expect(cleanPath(path)).toBe(clean))

  it('a thread named like a path is one folder', () => {
    const named = (name: string) => channelMessage({ thread: { ...message.thread, name } })
    expect(threadFolder('C/{thread}', named('../../x/y'))).toBe('C/.._.._x_y')
    expect(threadFolder('C/{thread}/d', named('..'))).toBe('C/__/d')
    expect(filePath('{thread}/{path}', named('a/b'), '../../up')).toBe('a_b/__/__/up')
  })

  it('names are at most 200 bytes and keep their ending', () => {
    const name = cleanPath(`${'重'.repeat(300)}.fits.gz`)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
    expect(name).toMatch(/^重+\.fits\.gz$/)
  })
})

it('a second of the same name is numbered before its ending', () => {
  expect(numbered('a/tiles_TCH.txt', 1)).toBe('a/tiles_TCH.txt')
  expect(numbered('a/tiles_TCH.txt', 2)).toBe('a/tiles_TCH.2.txt')
  expect(numbered('a.b/map.multiorder.fits.gz', 3)).toBe('a.b/map.multiorder.3.fits.gz')
  expect(numbered('a/README', 2)).toBe('a/README.2')
  expect(numbered('a/.hidden', 2)).toBe('a/.hidden.2')
})

it('folders get other names by their longest beginning', () => {
  const names = { GWEMOPT: 'PLANS', 'GWEMOPT/ALL': 'MERGED', KNC_IMAGES: 'AMATEUR/IMAGES' }
  expect(renamed('GWEMOPT/UPDATE_1/a.txt', names)).toBe('PLANS/UPDATE_1/a.txt')
  expect(renamed('GWEMOPT/ALL/b.txt', names)).toBe('MERGED/b.txt')
  expect(renamed('KNC_IMAGES', names)).toBe('AMATEUR/IMAGES')
  expect(renamed('GWEMOPT2/x', names)).toBe('GWEMOPT2/x')
})
