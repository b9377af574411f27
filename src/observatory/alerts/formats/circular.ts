import { Problem } from '#problem.ts'
import { canonicalName, namesIn, triggersIn, type KnownName } from '#observatory/alerts/aliases.ts'
import type { EventKind } from '#observatory/alerts/notice.ts'
import { blankNotice, type Format } from './format.ts'
import { numberOf, stringOf, trimmed } from './text.ts'

/** GCN circulars: prose by people, attached to the event that they name; they make no event. */

const kinds: readonly [RegExp, EventKind][] = [
  [/\bGRB\b/, 'grb'],
  [/^[MT]?S\d{6}|^GW\d{6}|\bLVC?\b|\bLIGO\b/, 'gw'],
  [/\bIceCube\b|\bKM3\b|\bANTARES\b|neutrino/i, 'neutrino'],
  [/\bEP\d{6}/, 'xray'],
  [/\bFRB\b/, 'frb'],
  [/\b(AT|SN) ?\d{4}/, 'optical'],
]

const burstFamilies = new Set(['grb', 'grb-day', 'gbm-burst', 'ep', 'svom', 'glowbug'])

/**
 * Names of a circular: what it is about first. A second name is the same burst where it is set beside the first with a
 * stroke or an equals sign; any other is only mentioned.
 */
function subjectNames(eventId: string | null, subject: string): KnownName[] {
  const found = namesIn(subject).toSorted((a, b) => a.at - b.at)
  const first = eventId ? canonicalName(eventId) : found[0]
  if (!first) return []
  let end = found[0]?.end ?? 0
  let beside = first.name === found[0]?.name && burstFamilies.has(first.family)
  const others = found
    .filter((f) => f.name !== first.name)
    .map((f): KnownName => {
      beside &&= burstFamilies.has(f.family) && /^ ?[/=] ?$/.test(subject.slice(end, f.at))
      end = f.end
      return { name: f.name, family: f.family, key: f.key && beside }
    })
  return [first, ...others]
}

const known = new Set([
  '$schema',
  'eventId',
  'eventType',
  'submitter',
  'subject',
  'circularId',
  'format',
  'body',
  'createdOn',
  'version',
])

export const circular: Format = {
  key: 'gcn.circular',
  title: 'GCN circular',
  sniff: ({ topic }, json) =>
    json !== null &&
    (/circulars\.schema/.test(stringOf(json['$schema']) ?? '') ||
      topic.startsWith('gcn.circulars') ||
      ('circularId' in json && 'subject' in json)),
  parse(_message, json) {
    const id = stringOf(json!['circularId'])
    const subject = stringOf(json!['subject'])
    const body = typeof json!['body'] === 'string' ? json!['body'] : null
    if (!id || !subject || body === null) {
      throw new Problem('notice.unreadable', 'The circular lacks one of circularId, subject and body.')
    }
    const notice = blankNotice('gcn.circular', 'GCN', `Circular ${id}: ${subject}`.slice(0, 300))
    notice.makes = 'attachment'
    notice.type = 'circular'
    // An edited circular, or one sent again, replaces what it said before.
    notice.voice = `Circular ${id}`
    const named = stringOf(json!['eventId'])
    const names = subjectNames(named, subject.replace(/\s+/g, ' '))
    notice.names = names.map(({ name, key }) => ({ name, source: `Circular ${id}`, key }))
    // Only a text about a burst tells its trigger; one about a wave or a neutrino quotes triggers that it rules out.
    if (names.length === 0 || burstFamilies.has(names[0]!.family)) {
      for (const trigger of triggersIn(body.slice(0, 3000)))
        notice.names.push({ name: trigger, source: `Circular ${id}`, key: true })
    }
    notice.kind = kinds.find(([pattern]) => pattern.test(names[0]?.name ?? subject))?.[1] ?? 'unknown'
    const created = numberOf(json!['createdOn'])
    if (created !== null && Math.abs(created) < 8e15) notice.createdAt = new Date(created).toISOString()
    const submitter = stringOf(json!['submitter'])
    if (submitter) notice.details.push({ name: 'Submitter', value: submitter, unit: '' })
    const version = stringOf(json!['version'])
    if (version) notice.details.push({ name: 'Version', value: version, unit: '' })
    notice.links.push({
      label: `Circular ${id}`,
      url: `https://gcn.nasa.gov/circulars/${encodeURIComponent(id)}`,
    })
    notice.body = body.slice(0, 20_000)
    for (const [field, value] of Object.entries(json!)) {
      if (!known.has(field)) notice.unknownFields[field] = trimmed(value)
    }
    return notice
  },
}
