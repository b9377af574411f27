import { z } from 'zod'
import { keysOf } from './key.ts'

const key = keysOf('engines')

/** Who does each part of the work. */
export const enginesKeys = {
  engine_detection: key(z.enum(['builtin', 'source-extractor']).default('builtin'), {
    title: 'Detection',
    doc: 'Who finds the objects.',
  }),
  engine_solve: key(z.enum(['builtin', 'solve-field']).default('builtin'), {
    title: 'Blind solution',
    doc: 'Who finds the position from the pattern of stars.',
  }),
  engine_refine: key(z.enum(['builtin', 'scamp']).default('builtin'), {
    title: 'Astrometry',
    doc: 'Who refines the astrometric solution.',
  }),
  engine_warp: key(z.enum(['builtin', 'swarp']).default('builtin'), {
    title: 'Resampling',
    doc: 'Who brings pictures to the grid of the frame.',
  }),
  engine_psf: key(z.enum(['builtin', 'psfex']).default('builtin'), {
    title: 'PSF',
    doc: 'Who models the PSF.',
  }),
  engine_subtraction: key(z.enum(['builtin', 'hotpants']).default('builtin'), {
    title: 'Subtraction',
    doc: 'Who subtracts; hotpants knows the method al98 only.',
  }),
  engine_options: key(z.record(z.string().max(60), z.union([z.number(), z.string().max(100)])).default({}), {
    title: 'Options of engines',
    doc: 'Options of external programs by their own names, after that of the engine and a point, as {"source-extractor.DEBLEND_MINCONT": 0.001}; those that name files are refused. HOTPANTS takes hotpants_extra, too.',
  }),
} as const
