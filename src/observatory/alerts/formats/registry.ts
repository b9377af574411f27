import { Problem } from '#problem.ts'
import { circular } from './circular.ts'
import { gracedbInternal, heartbeat, schemaDocument } from './foreign.ts'
import type { Format, Message, ParsedNotice } from './format.ts'
import { igwnAvro } from './igwn-avro.ts'
import { igwnJson } from './igwn.ts'
import { jsonObject, maxNoticeBytes, textOf } from './text.ts'
import { unified } from './unified.ts'
import { voevent } from './voevent.ts'

/** All alert formats, most telling first: the first whose `sniff` says yes parses the message. */
export const formats: readonly Format[] = [
  igwnJson,
  gracedbInternal,
  circular,
  heartbeat,
  schemaDocument,
  unified,
  voevent,
  igwnAvro,
]

/**
 * What the bytes of one message say. `topic` (Kafka topic, or `post`, `file`) helps to tell formats apart. Throws a
 * Problem whose sentence says what is wrong with the message: too large, broken, or of no known format.
 */
export function parseNotice(bytes: Uint8Array, topic = 'file'): ParsedNotice {
  if (bytes.length === 0) throw new Problem('notice.unreadable', 'The message is empty.')
  if (bytes.length > maxNoticeBytes) {
    throw new Problem(
      'notice.too_large',
      `The message is ${(bytes.length / 1048576).toFixed(0)} MiB; a notice is at most ${maxNoticeBytes / 1048576} MiB.`,
      { byteLength: bytes.length, limit: maxNoticeBytes },
    )
  }
  const text = textOf(bytes) ?? (bytes[0] === 0x3c ? new TextDecoder('latin1').decode(bytes) : null)
  const message: Message = { bytes, text, topic }
  const json = text !== null && /^\s*\{/.test(text) ? jsonObject(text) : null
  const format = formats.find((f) => f.sniff(message, json))
  if (!format) throw new Problem('notice.unknown_format', unknownSentence(text, json), { topic })
  return format.parse(message, json)
}

function unknownSentence(text: string | null, json: Record<string, unknown> | null): string {
  const accepted = 'Accepted are IGWN alerts, unified GCN notices, VOEvent 2.0 and GCN circulars.'
  if (json) {
    const keys = Object.keys(json)
      .slice(0, 5)
      .map((key) => JSON.stringify(key.slice(0, 30)))
      .join(', ')
    return `The JSON object (with ${keys || 'no fields'}) is no notice of a known format. ${accepted}`
  }
  if (text === null) return `The message is neither text nor Avro that holds an alert. ${accepted}`
  if (/^\s*</.test(text)) return `The XML document is no VOEvent. ${accepted}`
  return `The message is neither JSON nor XML nor Avro. ${accepted}`
}
