import type { EventSearch } from '#interface/web/app/searches.ts'

/** Words of the filter line that are not part of a name: `kind:gw decision:GO since:2024-11-01 S2411`. */
const keys = ['kind', 'state', 'decision', 'since', 'until', 'test'] as const

/** The filters as one line that can be typed. */
export function writePredicate(search: EventSearch): string {
  const words = keys.flatMap((key) => {
    const value = search[key]
    if (value === undefined) return []
    if (key === 'test') return ['test:all']
    return [`${key}:${String(value).replace('T00:00:00.000Z', '')}`]
  })
  return [...words, ...(search.q ? [search.q] : [])].join(' ')
}

/** The line as filters; what is no `key:value` of ours is part of a name. Every key is there, so that a word taken out is taken off. */
export function readPredicate(text: string): EventSearch {
  const search: EventSearch = {
    q: undefined,
    kind: undefined,
    state: undefined,
    decision: undefined,
    since: undefined,
    until: undefined,
    test: undefined,
  }
  const name: string[] = []
  for (const word of text.trim().split(/\s+/)) {
    const [, key, value] = /^([a-z]+):(.+)$/i.exec(word) ?? []
    const known = keys.find((one) => one === key?.toLowerCase())
    if (!known) name.push(word)
    else if (known === 'test') search.test = /^(all|true|yes)$/i.test(value) || undefined
    else if (known === 'since' || known === 'until') search[known] = momentOf(value)
    else if (known === 'decision') search.decision = value.toUpperCase()
    else search[known] = value.toLowerCase()
  }
  search.q = name.join(' ') || undefined
  return search
}

/** A day or a moment (UTC) as the API wants it; undefined for what is neither. */
function momentOf(text: string): string | undefined {
  const at = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}
