import type { LocalizationKind, LocalizationState, MapSummary } from './localization.ts'
import type { RuleFacts } from './rule-inputs.ts'
import type { StoredNotice } from './stored-notice.ts'

/** A localization as far as rules care. */
export interface Place {
  kind: LocalizationKind
  state: LocalizationState
  summary: MapSummary | null
}

/** What rules read, from a notice and its localizations. */
export function ruleFacts(notice: StoredNotice, places: readonly Place[]): RuleFacts {
  const ready = (kinds: readonly LocalizationKind[]): MapSummary | null =>
    places.find((p) => p.state === 'ready' && kinds.includes(p.kind))?.summary ?? null
  // A point is a position whose error nobody knows: it says nothing about how much sky to search.
  const map = ready(['map']) ?? ready(['circle', 'ellipse', 'polygon'])
  const combinedMap = ready(['combined'])
  return {
    name: notice.names.find((n) => n.key)?.name ?? notice.names[0]?.name ?? '',
    kind: notice.kind,
    role: notice.role,
    type: notice.type,
    mission: notice.mission,
    instrument: notice.instrument,
    significant: notice.significant,
    farHz: notice.farHz,
    pAstro: notice.pAstro,
    snr: notice.snr,
    group: notice.group,
    search: notice.search,
    classification: notice.classification,
    properties: notice.properties,
    externalCoincidence: notice.externalCoincidence,
    position: notice.position,
    statedDistanceMpc: notice.distance?.meanMpc ?? null,
    map,
    combinedMap,
    mapState:
      map || combinedMap
        ? 'ready'
        : places.some((p) => p.state === 'waiting')
          ? 'waiting'
          : places.length > 0
            ? 'failed'
            : 'none',
  }
}
