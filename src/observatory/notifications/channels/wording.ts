import type { ChannelMessage } from '#observatory/notifications/channel.ts'

/** The headline, on one line; a rehearsal says so first. */
export function headlineOf(message: ChannelMessage): string {
  return oneLine(message.rehearsal ? `[rehearsal] ${message.headline}` : message.headline)
}

/** Control characters, line ends among them, become spaces. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
}

/** At most `length` UTF-16 units, cut between characters, with an ellipsis where something is missing. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text
  let end = length - 1
  const code = text.charCodeAt(end - 1)
  if (code >= 0xd800 && code <= 0xdbff) end--
  return `${text.slice(0, end)}…`
}

/** UTC to the second, as people write it. */
export function shownTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** The whole message without marks, for readers that show no more. */
export function plainText(message: ChannelMessage): string {
  const parts = [
    message.text,
    message.facts.map(({ label, value }) => `${oneLine(label)}: ${value}`).join('\n'),
    message.links.map(({ label, url }) => `${oneLine(label)}: ${url}`).join('\n'),
  ]
  return parts
    .filter((part) => part !== '')
    .join('\n\n')
    .toWellFormed()
}
