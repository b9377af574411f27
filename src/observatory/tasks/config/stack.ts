import { z } from 'zod'
import { flag, keysOf } from './key.ts'

const key = keysOf('stack')

/** How frames become one. */
export const stackKeys = {
  stack_filenames: key(z.array(z.string().max(1_000)).max(1_000).default([]), {
    title: 'Frames',
    doc: 'SHA-256 of the frames to stack, at least two; the first gives the grid. On the command line they are the files named.',
  }),
  stack_method: key(z.enum(['sum', 'clipped_mean', 'median', 'weighted']).default('sum'), {
    title: 'Method',
    doc: 'sum; mean without pixels beyond 3σ; median; mean weighted by inverse variance and flux scale.',
  }),
  stack_subtract_bg: key(flag(true), {
    title: 'Subtract backgrounds',
    doc: 'Take the background from each frame first.',
  }),
  stack_mask_cosmics: key(flag(false), {
    title: 'Mask cosmic rays',
    doc: 'Find and mask cosmic rays in each frame first.',
  }),
} as const
