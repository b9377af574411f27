import { z } from 'zod'
import { auto, flag, keysOf, positive, text } from './key.ts'

const key = keysOf('frame')

const surveys = ['ps1', 'ls', 'skymapper', 'des', 'decaps', 'ztf', '2mass'].join(', ')

/** What is read from the frame and about it: inspect. */
export const frameKeys = {
  target: key(text(), {
    title: 'Targets',
    doc: 'One per line: a name, coordinates, or a pixel as "x=512 y=300" (1-based, as FITS counts). The first is the primary one.',
  }),
  hdu: key(auto(z.string().max(100)), {
    title: 'Extension',
    auto: 'the first image with two axes',
    doc: 'Number or EXTNAME of the extension that holds the pixels.',
  }),
  plane: key(auto(z.number().int().min(1)), {
    title: 'Plane of a cube',
    auto: 'refused: say which',
    doc: 'Which plane of an image with three axes, from 1.',
  }),
  time: key(auto(z.string().max(100)), {
    title: 'Time',
    auto: 'from the header',
    doc: 'Middle of the exposure, UTC, ISO 8601.',
  }),
  gain: key(auto(positive), {
    title: 'Gain',
    unit: 'electron/adu',
    auto: 'from the header, else 1',
    doc: 'Electrons per count.',
  }),
  saturation: key(auto(positive), {
    title: 'Saturation',
    unit: 'adu',
    auto: 'from the header, else 0.05 median + 0.95 maximum',
    doc: 'Counts from which a pixel is masked as saturated.',
  }),
  filter: key(auto(z.string().max(60)), {
    title: 'Filter',
    auto: 'from the header, else r',
    doc: 'Filter under any of its names.',
  }),
  fill_as_nan: key(flag(true), {
    title: 'Fill values are blank',
    doc: 'In images of floating-point numbers a pixel more than 10⁶ σ below the median is a fill value, not a measurement: it becomes NaN and is counted in the log.',
  }),
  mask_cosmics: key(flag(true), {
    title: 'Mask cosmic rays',
    doc: 'Find cosmic rays by Laplacian edges (L.A.Cosmic) and mask them.',
  }),
  cosmics_sigma: key(z.number().min(2).max(50).default(4.5), {
    title: 'Cosmic ray threshold',
    unit: '',
    doc: 'S/N of a cosmic ray above the noise; raise it where real stars of an undersampled camera are masked.',
  }),
  cat_name: key(auto(z.string().max(60)), {
    title: 'Catalogue',
    auto: 'the one that suits filter and declination',
    doc: 'Reference catalogue: one of the known ones, or the name of one imported here.',
  }),
  cat_limit: key(z.number().min(-5).max(35).nullable().default(20), {
    title: 'Catalogue limit',
    unit: 'mag',
    doc: 'Faintest star taken from the catalogue; null takes all.',
  }),
  template: key(auto(z.string().max(200)), {
    title: 'Template',
    auto: 'the survey that covers the field',
    doc: `Picture to subtract: ${surveys}, "custom" for an uploaded file, "task:ID" for the frame of another task.`,
  }),
  timing: key(flag(false), {
    title: 'Times in the log',
    doc: 'Begin every line of the log with the seconds since the step began.',
  }),
} as const
