import type { Dialect } from '#observatory/frames/dialect.ts'
import { generic } from './generic.ts'
import { decam, eso, geminiInfrared, gmos, lco, panstarrs, ztf } from './observatories.ts'
import { amateur, hotpants, maxim, nina, swarp, tcspy } from './programs.ts'

/** Every dialect, the most telling first; a new one is a record beside these and a line here. */
export const dialects: readonly Dialect[] = [
  swarp,
  hotpants,
  decam,
  gmos,
  geminiInfrared,
  lco,
  ztf,
  panstarrs,
  eso,
  tcspy,
  nina,
  maxim,
  amateur,
]

/** For all that no dialect names. */
export const fallback: Dialect = generic
