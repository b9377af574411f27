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

export const asiair: Dialect = {
  id: 'asiair',
  title: 'ASIAIR, INDI and Ekos',
  recognise: [{ CREATOR: /asiair|indi\b|ekos/i }, { SWCREATE: /asiair|indi\b/i }, { PROGRAM: /asiair/i }],
  kinds: kindWords,
  facts: { time: [...middleOf, ...startUtc], gain: electronsPerAdu, kind: [{ keyword: 'IMAGETYP' }] },
}

/** Whatever the program, GAIN of these is a number of the driver's own. */
export const cmos: Dialect = {
  id: 'cmos-camera',
  title: 'CMOS cameras of ZWO, QHY, Player One, ToupTek, Altair, SVBONY',
  recognise: [{ INSTRUME: /\b(ZWO|ASI ?\d{3,4}|QHY|Poseidon|Player ?One|Toup|Altair|SVBONY)/i }],
  facts: { gain: electronsPerAdu },
}

export const siril: Dialect = {
  id: 'siril',
  title: 'Stack made by Siril',
  product: true,
  recognise: [{ PROGRAM: /siril/i, STACKCNT: /./ }],
  always: { kind: 'stack' },
  facts: {
    exposure: [{ keyword: 'LIVETIME' }, { keyword: 'EXPTIME', with: ['STACKCNT'], combine: 'product' }],
    // Siril's stacks are means in units of its own.
    gain: [],
    saturation: [],
  },
}
