import { canonicalName } from '#observatory/alerts/aliases.ts'
import type { ParsedNotice } from './format.ts'
import { gwRole, igwnTypes, typeTitle } from './igwn.ts'
import { booleanOf, numberOf, rateHz } from './text.ts'
import type { Params } from './voevent-dialects.ts'

/** VOEvents of LIGO, Virgo and KAGRA (2017 to 2026), for archives: the live channel is JSON. */
export function readLvk(notice: ParsedNotice, params: Params): void {
  const value = (name: string): string | null => params.get(name)?.value ?? null
  const id = value('GraceID') ?? ''
  const name = canonicalName(id)
  notice.names = [{ name: name.name, source: 'LVK', key: true }]
  const word = (value('AlertType') ?? '').toUpperCase().replace(/\s/g, '')
  if (notice.type !== 'retraction') notice.type = igwnTypes[word] ?? 'update'
  if (notice.role === 'observation') notice.role = gwRole(name.name)
  if (notice.role === 'test' && name.name.startsWith('M')) notice.role = 'mock'
  if (/^MDC$/.test(value('Search') ?? '') && notice.role === 'observation') notice.role = 'mock'
  notice.title = `LVK ${typeTitle(notice.type)}`
  notice.significant = booleanOf(value('Significant'))
  const far = params.get('FAR')
  const rate = numberOf(far?.value)
  if (far && rate !== null) notice.farHz = rateHz(rate, far.unit)
  notice.instruments = (value('Instruments') ?? '').split(/[,\s]+/).filter(Boolean)
  notice.group = value('Group')
  notice.pipeline = value('Pipeline')
  notice.search = value('Search')
  notice.durationSeconds = numberOf(value('Duration'))
  notice.centralFrequencyHz = numberOf(value('CentralFreq'))
  for (const [key, { value: text }] of params) {
    const n = numberOf(text)
    if (key.startsWith('Classification.') && n !== null) notice.classification[key.slice(15)] = n
    if (key.startsWith('Properties.') && n !== null) notice.properties[key.slice(11)] = n
  }
  const hasNs = numberOf(value('ProbHasNS'))
  const hasRemnant = numberOf(value('ProbHasRemnant'))
  if (hasNs !== null) notice.properties['HasNS'] ??= hasNs
  if (hasRemnant !== null) notice.properties['HasRemnant'] ??= hasRemnant
  const page = value('EventPage')
  if (page) notice.links.push({ label: 'GraceDB', url: page })
  // Of several protections of one map the open one comes first.
  const map = addressOf(params, /(^|\.)skymap_fits$/) ?? addressOf(params, /(^|\.)skymap_fits/)
  if (map) notice.maps.push({ role: 'event', at: 'address', url: map })
  readCoincidence(notice, params)
}

function readCoincidence(notice: ParsedNotice, params: Params): void {
  const value = (name: string): string | null => params.get(`External Coincidence.${name}`)?.value ?? null
  const observatory = value('External_Observatory')
  if (!observatory) return
  const combined = addressOf(params, /(joint|combined)_skymap_fits$/)
  if (combined) notice.maps.push({ role: 'combined', at: 'address', url: combined })
  notice.externalCoincidence = {
    observatory,
    search: value('External_Search'),
    triggerId: value('External_GCN_Notice_Id'),
    ivorn: value('External_Ivorn'),
    timeDifferenceSeconds: numberOf(value('Time_Difference')),
    timeCoincidenceFarHz: numberOf(value('Time_Coincidence_FAR')),
    timeSkyCoincidenceFarHz: numberOf(value('Time_Sky_Position_Coincidence_FAR')),
    hasCombinedMap: combined !== null,
  }
}

function addressOf(params: Params, name: RegExp): string | null {
  for (const [key, { value }] of params) if (name.test(key)) return value
  return null
}
