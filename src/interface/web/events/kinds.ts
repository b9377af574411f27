import type { EventKind, NoticeType } from '#observatory/alerts/notice.ts'

/** How kinds and types are written, the same on every page. */

export const kindWords: Record<EventKind, string> = {
  gw: 'Gravitational wave',
  grb: 'Gamma-ray burst',
  xray: 'X-ray transient',
  gamma: 'Gamma-ray source',
  neutrino: 'Neutrino',
  frb: 'Fast radio burst',
  optical: 'Optical transient',
  unknown: 'Unknown',
}

export const typeWords: Record<NoticeType, string> = {
  earlywarning: 'early warning',
  preliminary: 'preliminary',
  initial: 'initial',
  update: 'update',
  subsequent: 'subsequent',
  retraction: 'retraction',
  followup: 'follow-up',
  circular: 'circular',
  other: 'other',
}
