import { jsonText } from '#platform/db/json.ts'
import type { ParsedNotice } from './formats/format.ts'

/** What the database keeps of a parsed notice: all of it but the maps' bytes, far below 64 kB. */
export type StoredNotice = Omit<ParsedNotice, 'maps'>

const limit = 60_000

/** The notice for its column; the least important parts go first where it would be too long. */
export function storedNotice(parsed: ParsedNotice): StoredNotice {
  const { maps: _maps, ...rest } = parsed
  const stored = JSON.parse(jsonText(rest)) as StoredNotice
  if (JSON.stringify(stored).length > limit)
    stored.unknownFields = { note: 'Too long to be kept here; the bytes have them.' }
  if (JSON.stringify(stored).length > limit) stored.body = `${stored.body?.slice(0, 4000) ?? ''}…`
  if (JSON.stringify(stored).length > limit) stored.details = stored.details.slice(0, 20)
  if (JSON.stringify(stored).length > limit) {
    stored.names = stored.names.slice(0, 50)
    stored.cites = stored.cites.slice(0, 50)
    stored.links = stored.links.slice(0, 20)
    stored.region = null
  }
  return stored
}
