import { z } from 'zod'
import { auto, flag, keysOf, positive, text } from './key.ts'

const key = keysOf('transients')

/** The search for what catalogues do not know. */
export const transientsKeys = {
  simple_center: key(text(), {
    title: 'Look near',
    doc: 'Name or coordinates around which to look; empty: the whole frame.',
  }),
  simple_sr0: key(auto(positive), {
    title: 'Look within',
    unit: 'deg',
    auto: 'the whole frame',
    doc: 'Radius around that place.',
  }),
  simple_mag_diff: key(z.number().min(0).max(20).default(2), {
    title: 'Brightening',
    unit: 'mag',
    doc: 'A known star explains an object unless the object is brighter by at least this; 0: any star at the position explains it.',
  }),
  simple_prefilter: key(flag(true), {
    title: 'Drop odd shapes',
    doc: 'Objects flagged by their shape are no candidates.',
  }),
  simple_blends: key(flag(true), {
    title: 'Look for blends',
    doc: 'Stars of the catalogue within 2 FWHM are merged and compared together.',
  }),
  simple_skybot: key(flag(true), {
    title: 'Drop minor planets',
    doc: 'Ask for the minor planets of the field at the time of the frame; a candidate within 10″ of one is none.',
  }),
  simple_others: key(text(), {
    title: 'Compare with tasks',
    doc: 'Ids of other tasks, with spaces between, whose objects are compared with; simple_others_keep says how.',
  }),
  simple_others_keep: key(z.enum(['absent', 'present']).default('absent'), {
    title: 'Keep objects that are',
    doc: '"absent": keep what is in none of the other tasks (new objects). "present": keep what is in every one of them (objects confirmed on other frames).',
  }),
  simple_most: key(z.number().int().min(1).max(10_000).default(100), {
    title: 'Most candidates',
    doc: 'Candidates kept, brightest first; the log says how many there were.',
  }),
} as const
