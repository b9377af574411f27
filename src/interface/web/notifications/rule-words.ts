import type { NotificationRule } from '#observatory/notifications/rule.ts'
import { meansKind } from '#observatory/notifications/rule.ts'

/** A rule as a sentence or two; names in quotes are as the rule has them. */
export function ruleWords(rule: NotificationRule, names: ReadonlyMap<string, string> = new Map()): string {
  const parts = [
    `Tells ${listed(rule.to.map((one) => recipientWords(one, names)))} by ${listed(rule.through)} of ${kindsWords(rule.kinds)}`,
  ]
  if (rule.when.trim() !== '') parts.push(` where ${rule.when.trim()}`)
  parts.push(rule.digest === null ? ', at once' : `, collected ${rule.digest}`)
  if (rule.urgent) parts.push(', also in quiet hours')
  if (rule.rehearsals) parts.push(', also tests and mocks')
  parts.push('.')
  if (rule.headline !== null) parts.push(` Headline: “${rule.headline}”.`)
  if (rule.remind)
    parts.push(
      ` Reminds every ${rule.remind.everyMinutes} min, at most ${rule.remind.atMost === 1 ? 'once' : `${rule.remind.atMost} times`}, until somebody acknowledges.`,
    )
  if (rule.escalate)
    parts.push(
      ` Nobody has acknowledged after ${rule.escalate.afterMinutes} min: tells ${listed(rule.escalate.to.map((one) => recipientWords(one, names)))}${rule.escalate.through ? ` by ${listed(rule.escalate.through)}` : ''}.`,
    )
  return parts.join('')
}

/** `person:a@b` with the person's name, where it is known by mail address or id. */
export function recipientWords(recipient: string, names: ReadonlyMap<string, string> = new Map()): string {
  const colon = recipient.indexOf(':')
  const what = colon < 0 ? recipient : recipient.slice(0, colon)
  const name = recipient.slice(colon + 1)
  if (what === 'channel') return 'whoever reads the channel'
  if (what === 'everybody') return 'everybody here'
  if (what === 'shift') return colon < 0 ? 'who is on shift' : `who is on shift “${name}”`
  if (what === 'group') return `group ${names.get(name) ?? name}`
  return names.get(name) ?? name
}

const rooms: Record<string, string> = { alerts: 'events and their notices', plans: 'plans' }

function kindsWords(kinds: readonly string[]): string {
  if (kinds.includes('*')) return 'everything'
  const byRoom = new Map<string, string[]>()
  for (const kind of kinds) {
    const [room = kind, what = '*'] = kind.split('.')
    byRoom.set(room, [...(byRoom.get(room) ?? []), what])
  }
  return listed(
    [...byRoom].map(([room, what]) => {
      const name = rooms[room] ?? room
      return what.includes('*') ? name : `${room} (${what.join(', ')})`
    }),
  )
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Kinds of bulletins after one of them, or a pattern, was ticked or not; an empty choice means everything. */
export function toggledKinds(kinds: readonly string[], pattern: string, known: readonly string[]): string[] {
  if (kinds.includes(pattern)) return kinds.filter((kind) => kind !== pattern)
  // What the new pattern means anyhow need not be named beside it.
  const rest = kinds.filter(
    (kind) => !meansKind(pattern, kind) && !(pattern === '*' && kind !== '*') && kind !== '*',
  )
  return [...rest.filter((kind) => known.includes(kind) || kind.endsWith('.*')), pattern]
}
