/** A mail as it arrived, taken apart by its standards (RFC 5322, 2045–2047). */
export interface ReceivedMail {
  /** By lower-case name, unfolded, in order. */
  headers: Map<string, string[]>
  subject: string
  text: string
  html: string
  attachments: { cid: string; name: string; mediaType: string; disposition: string; bytes: Buffer }[]
}

interface Part {
  headers: Map<string, string[]>
  body: string
}

/** @param raw with CRLF, one byte per character. */
export function parseMail(raw: string): ReceivedMail {
  const top = partOf(raw)
  const mail: ReceivedMail = {
    headers: top.headers,
    subject: decodeWords(first(top, 'subject')),
    text: '',
    html: '',
    attachments: [],
  }
  collect(top, mail)
  return mail
}

function collect(part: Part, mail: ReceivedMail): void {
  const [mediaType, parameters] = fieldOf(first(part, 'content-type') || 'text/plain')
  if (mediaType.startsWith('multipart/')) {
    const boundary = parameters['boundary'] ?? ''
    const pieces = part.body.split(`--${boundary}`)
    if (boundary === '' || !pieces.at(-1)?.startsWith('--')) throw new Error('a multipart that does not end')
    for (const piece of pieces.slice(1, -1))
      collect(partOf(piece.replace(/^\r\n/, '').replace(/\r\n$/, '')), mail)
    return
  }
  const bytes = decoded(part)
  const [disposition, facts] = fieldOf(first(part, 'content-disposition'))
  if (mediaType === 'text/plain' && disposition === '') mail.text = bytes.toString('utf8')
  else if (mediaType === 'text/html' && disposition === '') mail.html = bytes.toString('utf8')
  else
    mail.attachments.push({
      cid: first(part, 'content-id').replace(/^<|>$/g, ''),
      name: decodeWords(facts['filename'] ?? parameters['name'] ?? ''),
      mediaType,
      disposition,
      bytes,
    })
}

function partOf(raw: string): Part {
  const end = raw.indexOf('\r\n\r\n')
  const headers = new Map<string, string[]>()
  for (const line of raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon <= 0 || !/^[!-9;-~]+$/.test(line.slice(0, colon))) throw new Error(`no header: ${line}`)
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return { headers, body: raw.slice(end + 4) }
}

function first(part: Part, name: string): string {
  return part.headers.get(name)?.[0] ?? ''
}

function fieldOf(text: string): [value: string, parameters: Record<string, string>] {
  const [value = '', ...rest] = text.split(';').map((each) => each.trim())
  const parameters: Record<string, string> = {}
  for (const each of rest) {
    const [, name = '', given = ''] = /^([\w*-]+)="?([^"]*)"?$/.exec(each) ?? []
    parameters[name.toLowerCase()] = given
  }
  return [value.toLowerCase(), parameters]
}

function decoded(part: Part): Buffer {
  switch (first(part, 'content-transfer-encoding').toLowerCase()) {
    case 'base64':
      return Buffer.from(part.body, 'base64')
    case 'quoted-printable':
      return quotedPrintable(part.body.replace(/=\r\n/g, ''))
    default:
      return Buffer.from(part.body, 'latin1')
  }
}

function quotedPrintable(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  )
}

/** Encoded words of RFC 2047 in UTF-8. */
export function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(?==\?)/g, '$1')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how: string, word: string) =>
      (how.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64')
        : quotedPrintable(word.replaceAll('_', ' '))
      ).toString('latin1'),
    )
    .replace(/[\x80-\xff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'))
}
