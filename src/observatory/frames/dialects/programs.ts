import type { Dialect, Source } from '#observatory/frames/dialect.ts'
import { clocks, kindWords, middleOf } from './generic.ts'

/** Programs that control cameras, and programs that make one frame of several. */

/** GAIN is the camera's setting here, whatever its value; only EGAIN is electrons per adu. */
const electronsPerAdu: readonly Source[] = [{ keyword: 'EGAIN' }]

const startUtc: readonly Source[] = [
  { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc', clock: clocks },
  { keyword: 'JD', form: 'jd', place: 'start', scale: 'utc' },
]

const siteKeys: Source = {
  keyword: 'SITELAT',
  site: { latitude: 'SITELAT', longitude: 'SITELONG', height: 'SITEELEV' },
}

export const nina: Dialect = {
  id: 'nina',
  title: 'N.I.N.A.',
  recognise: [{ SWCREATE: /N\.?I\.?N\.?A/i }],
  kinds: kindWords,
  facts: {
    time: [...middleOf, ...startUtc],
    gain: electronsPerAdu,
    site: [siteKeys],
    kind: [{ keyword: 'IMAGETYP' }],
    pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' }],
  },
}

export const tcspy: Dialect = {
  id: 'tcspy',
  title: '7-Dimensional Telescope (TCSpy)',
  recognise: [{ LOGPATH: /tcspy/i }, { OBJCTRA_: /./ }, { OBJCTDE_: /./ }, { NTELSCOP: /./ }],
  kinds: kindWords,
  facts: {
    time: [
      { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc' },
      { keyword: 'MJD', form: 'mjd', place: 'start', scale: 'utc' },
      { keyword: 'JD', form: 'jd', place: 'start', scale: 'utc' },
    ],
    gain: electronsPerAdu,
    site: [siteKeys],
    kind: [{ keyword: 'IMAGETYP' }],
    pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' }],
  },
}

export const maxim: Dialect = {
  id: 'maxim',
  title: 'MaxIm DL',
  recognise: [{ SWCREATE: /maxim/i }],
  kinds: kindWords,
  facts: {
    time: startUtc,
    gain: electronsPerAdu,
    kind: [{ keyword: 'IMAGETYP' }],
    pointing: [{ keyword: 'OBJCTRA', with: ['OBJCTDEC'], combine: 'pair' }],
  },
}

export const amateur: Dialect = {
  id: 'amateur',
  title: 'SharpCap, Sequence Generator, TheSky, AstroArt, Voyager, Ekos, APT, ACP',
  recognise: [
    {
      SWCREATE: /sharpcap|sequence generator|thesky|astroart|voyager|kstars|ekos|astro photography tool|acp/i,
    },
  ],
  kinds: kindWords,
  facts: { time: startUtc, gain: electronsPerAdu, kind: [{ keyword: 'IMAGETYP' }] },
}

export const swarp: Dialect = {
  id: 'swarp',
  title: 'Stack made by SWarp',
  product: true,
  recognise: [{ SOFTNAME: /swarp/i }, { COMBINET: /./, RESAMPT1: /./ }],
  always: { kind: 'stack' },
  facts: { gain: [{ keyword: 'GAIN' }], saturation: [{ keyword: 'SATURATE' }] },
}

export const hotpants: Dialect = {
  id: 'hotpants',
  title: 'Difference made by HOTPANTS',
  product: true,
  recognise: [{ DIFFCMD: /./ }],
  always: { kind: 'difference' },
  facts: {},
}
