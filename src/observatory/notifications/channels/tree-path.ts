import type { ChannelMessage } from '#observatory/notifications/channel.ts'

/** Names that a template of the thread's folder may use, and one of a file below it. */
export const folderNames = ['thread', 'threadId', 'threadKind', 'group', 'year', 'month', 'day'] as const
export const fileNames = [
  ...folderNames,
  'path',
  'folder',
  'name',
  'stem',
  'extension',
  'kind',
  'time',
] as const

// Bytes of UTF-8; most file systems take 255, and a number and a temporary name have to fit too.
const longestPart = 200

/** What is wrong with a template, in one sentence with the place; null when it may be saved. */
export function templateFault(template: string, known: readonly string[]): string | null {
  const list = known.map((name) => `{${name}}`).join(', ')
  for (const { index, 0: found, 1: name } of template.matchAll(/\{([^{}/]*)\}/g))
    if (!known.includes(name))
      return `${found} at character ${index + 1} is not known; the names here are ${list}.`
  const rest = template.replace(/\{[^{}/]*\}/g, (found) => 'x'.repeat(found.length))
  const brace = rest.search(/[{}]/)
  if (brace >= 0) return `The brace at character ${brace + 1} has no partner; names are written ${list}.`
  if (template === '') return 'The template is empty; without any name of its own all would lie in one place.'
  if (rest.startsWith('/')) return 'The path begins with / at character 1; it is relative to the base folder.'
  const odd = rest.search(/[\p{Cc}\\:*?"<>|]/u)
  if (odd >= 0)
    return `${JSON.stringify(rest[odd])} at character ${odd + 1} can't be part of a path everywhere.`
  let at = 0
  for (const part of rest.split('/')) {
    if (part === '' || part === '.' || part === '..')
      return `${JSON.stringify(part)} at character ${at + 1} is no name of a folder or file.`
    at += part.length + 1
  }
  return null
}

/** The folder of the message's thread, below the base folder. */
export function threadFolder(template: string, message: ChannelMessage): string {
  return fill(template, commonValues(message), new Set())
}

/** Where a file of the message goes, below the thread's folder. */
export function filePath(template: string, message: ChannelMessage, path: string): string {
  const parts = partsOf(path)
  const name = parts.at(-1) ?? 'file'
  const { stem, extension } = splitName(name)
  const values = {
    ...commonValues(message),
    path: parts.join('/'),
    folder: parts.slice(0, -1).join('/'),
    name,
    stem,
    extension,
    kind: message.kind,
    time: message.at.toISOString().slice(0, 19).replace(/[-:]/g, ''),
  }
  return fill(template, values, new Set(['path', 'folder']))
}

/** A path from a bulletin, made safe, its beginning replaced as the settings say (longest beginning first). */
export function renamed(path: string, names: Readonly<Record<string, string>>): string {
  const clean = cleanPath(path)
  const beginning = Object.keys(names)
    .filter((name) => clean === cleanPath(name) || clean.startsWith(`${cleanPath(name)}/`))
    .toSorted((a, b) => b.length - a.length)[0]
  if (beginning === undefined) return clean
  return cleanPath(names[beginning] + clean.slice(cleanPath(beginning).length))
}

/** `name.2.ext` for the second; archives keep both their endings. */
export function numbered(path: string, n: number): string {
  if (n === 1) return path
  const cutAt = path.lastIndexOf('/') + 1
  const { stem, extension } = splitName(path.slice(cutAt))
  return `${path.slice(0, cutAt)}${stem}.${n}${extension}`
}

/**
 * A relative path that stays below where it begins, on every file system: no `..`, no control or reserved characters,
 * no part that ends in a dot or is too long.
 */
export function cleanPath(path: string): string {
  return partsOf(path).join('/')
}

function partsOf(path: string): string[] {
  return path
    .split(/[/\\]/)
    .filter((part) => part !== '' && part !== '.')
    .map(cleanPart)
}

function cleanPart(part: string): string {
  const clean = part
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\u2028\u2029:*?"<>|]/gu, '_')
    .replace(/[. ]+$/, (dots) => '_'.repeat(dots.length))
  return shortened(clean)
}

/** Cut in the stem, so that a file keeps its ending. */
function shortened(part: string): string {
  if (Buffer.byteLength(part) <= longestPart) return part
  const { stem, extension } = splitName(part)
  const ending = Buffer.byteLength(extension) <= 20 ? extension : ''
  let kept = ''
  for (const character of ending === '' ? part : stem) {
    if (Buffer.byteLength(kept + character) > longestPart - Buffer.byteLength(ending)) break
    kept += character
  }
  return kept + ending
}

function splitName(name: string): { stem: string; extension: string } {
  const extension = /[^.](\.[a-z0-9]{1,10}(\.(?:gz|bz2|xz|zst|fz))|\.[^.]{1,16})$/i.exec(name)?.[1] ?? ''
  return { stem: name.slice(0, name.length - extension.length), extension }
}

function commonValues(message: ChannelMessage): Record<string, string> {
  const [year, month, day] = message.at.toISOString().slice(0, 10).split('-')
  const { name, id, kind, group } = message.thread
  return { thread: name, threadId: id, threadKind: kind, group, year, month, day }
}

/** Values are one part of a path each, whatever they contain, except those that are paths themselves. */
function fill(template: string, values: Record<string, string>, paths: ReadonlySet<string>): string {
  const filled = template.replace(/\{([^{}/]*)\}/g, (_, name: string) => {
    const value = values[name] ?? ''
    return paths.has(name) ? value : value.replace(/[/\\]/g, '_')
  })
  return cleanPath(filled)
}
