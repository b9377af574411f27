import type { Dialect } from '#observatory/frames/dialect.ts'
import { generic } from './generic.ts'
import {
  alfosc,
  decam,
  eso,
  geminiInfrared,
  gmos,
  keckInfrared,
  lco,
  panstarrs,
  sdss,
  ztf,
} from './observatories.ts'
import { amateur, asiair, cmos, hotpants, maxim, nina, siril, swarp, tcspy } from './programs.ts'

/** Every dialect, the most telling first; a new one is a record beside these and a line here. */
export const dialects: readonly Dialect[] = [
  swarp,
  hotpants,
  siril,
  decam,
  gmos,
  geminiInfrared,
  lco,
  ztf,
  sdss,
  keckInfrared,
  alfosc,
  panstarrs,
  eso,
  tcspy,
  nina,
  maxim,
  amateur,
  asiair,
  cmos,
]

/** For all that no dialect names. */
export const fallback: Dialect = generic
