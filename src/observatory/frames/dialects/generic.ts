import type { Dialect, Source } from '#observatory/frames/dialect.ts'
import type { FrameKind } from '#observatory/frames/frame.ts'

/** What most headers share: FITS 4.0 and its time paper (Rots+ 2015) first, then what is common in practice. */

const gainWords = 'is more likely a setting of the camera than electrons per adu'

export const kindWords: readonly (readonly [RegExp, FrameKind])[] = [
  [/^(master[ _-]?)?(bias|zero|offset)\b/i, 'bias'],
  [/^dark[ _-]?flat\b/i, 'other'],
  [/^(master[ _-]?)?dark\b/i, 'dark'],
  [/^(master[ _-]?)?((dome|sky|twilight|twi|tungsten|lamp)[ _-]?)?flat/i, 'flat'],
  [/^(arc|lamp|wave|comp|cal(ibration)? ?lamp)\b/i, 'arc'],
  [/^(mask|bpm|bad ?pixel)/i, 'mask'],
  [/^(stack|coadd|combined|mosaic)/i, 'stack'],
  [/^(diff|difference|subtraction)/i, 'difference'],
  [/^(light|object|science|sci|expose|exposure|target|standard|std|sky|tricolor)\b/i, 'object'],
  [/^(focus|test|acquisition|acq|guide|experimental|pinhole|ronchi)\b/i, 'other'],
]

export const middleOf: readonly Source[] = [
  { keyword: 'DATE-AVG', form: 'iso', place: 'middle' },
  { keyword: 'MJD-AVG', form: 'mjd', place: 'middle' },
  { keyword: 'DATE-MID', form: 'iso', place: 'middle' },
  { keyword: 'MJD-MID', form: 'mjd', place: 'middle' },
]

export const clocks = ['TIME-OBS', 'TIMEOBS', 'UTC-OBS', 'UTSTART', 'UT', 'UTC', 'UT-START']

export const generic: Dialect = {
  id: 'generic',
  title: 'FITS 4.0 and common keywords',
  recognise: [],
  kinds: kindWords,
  facts: {
    telescope: [{ keyword: 'TELESCOP' }],
    instrument: [{ keyword: 'INSTRUME' }, { keyword: 'INSTRUMENT' }],
    site: [
      {
        keyword: 'SITELAT',
        site: { latitude: 'SITELAT', longitude: 'SITELONG', height: 'SITEELEV' },
      },
      {
        keyword: 'LATITUDE',
        site: { latitude: 'LATITUDE', longitude: 'LONGITUD', height: 'HEIGHT' },
      },
      { keyword: 'OBSGEO-B', site: { latitude: 'OBSGEO-B', longitude: 'OBSGEO-L', height: 'OBSGEO-H' } },
      { keyword: 'OBSERVAT' },
      { keyword: 'SITENAME' },
      { keyword: 'TELESCOP' },
    ],
    filter: [
      { keyword: 'FILTER' },
      { keyword: 'FILTERS' },
      { keyword: 'CAMFILT' },
      { keyword: 'FILTNAM' },
      { keyword: 'FILTNAME' },
      { keyword: 'FILTERID' },
      { keyword: 'FILTER1', with: ['FILTER2', 'FILTER3'], combine: 'wheels' },
    ],
    kind: [
      { keyword: 'IMAGETYP' },
      { keyword: 'OBSTYPE' },
      { keyword: 'IMGTYPE' },
      { keyword: 'OBS_TYPE' },
      { keyword: 'FRAMETYP' },
      { keyword: 'PRODTYPE' },
    ],
    object: [{ keyword: 'OBJECT' }, { keyword: 'OBJNAME' }, { keyword: 'TARGET' }, { keyword: 'TARGNAME' }],
    time: [
      ...middleOf,
      { keyword: 'DATE-BEG', form: 'iso', place: 'start' },
      { keyword: 'MJD-BEG', form: 'mjd', place: 'start' },
      { keyword: 'DATE-OBS', form: 'iso', clock: clocks },
      { keyword: 'DATEOBS', form: 'iso', clock: clocks },
      { keyword: 'DATE_OBS', form: 'iso', clock: clocks },
      { keyword: 'TIME-OBS', form: 'iso' },
      { keyword: 'MJD-OBS', form: 'mjd' },
      { keyword: 'MJD_OBS', form: 'mjd' },
      { keyword: 'MJD', form: 'mjd' },
      { keyword: 'JD', form: 'jd' },
      { keyword: 'DATE-END', form: 'iso', place: 'end' },
      { keyword: 'MJD-END', form: 'mjd', place: 'end' },
    ],
    exposure: [
      { keyword: 'EXPTIME' },
      { keyword: 'EXPOSURE' },
      { keyword: 'XPOSURE' },
      { keyword: 'ITIME', with: ['COADDS'], combine: 'product' },
      { keyword: 'ITIME' },
      { keyword: 'EXP_TIME' },
      { keyword: 'EXPOS' },
    ],
    gain: [
      { keyword: 'EGAIN' },
      { keyword: 'GAIN', between: [1e-6, 49.9999, gainWords] },
      { keyword: 'CCD_GAIN' },
      { keyword: 'CCDGAIN' },
      { keyword: 'GAINA', with: ['GAINB'], combine: 'mean' },
    ],
    saturation: [
      { keyword: 'SATURATE' },
      { keyword: 'SATLEVEL' },
      { keyword: 'SATURATI' },
      { keyword: 'SATURATA', with: ['SATURATB'], combine: 'least' },
    ],
    readNoise: [
      { keyword: 'RDNOISE' },
      { keyword: 'READNOIS' },
      { keyword: 'READNOI' },
      { keyword: 'RON' },
      { keyword: 'RDNOISEA', with: ['RDNOISEB'], combine: 'most' },
    ],
    airmass: [{ keyword: 'AIRMASS' }, { keyword: 'SECZ' }],
    pointing: [
      { keyword: 'RA', with: ['DEC'], combine: 'pair' },
      { keyword: 'OBJCTRA', with: ['OBJCTDEC'], combine: 'pair' },
      { keyword: 'TELRA', with: ['TELDEC'], combine: 'pair' },
      { keyword: 'RA_TARG', with: ['DEC_TARG'], combine: 'pair' },
    ],
    binning: [
      { keyword: 'CCDSUM' },
      { keyword: 'XBINNING', with: ['YBINNING'], combine: 'pair' },
      { keyword: 'CCDBINX', with: ['CCDBINY'], combine: 'pair' },
      { keyword: 'CCDXBIN', with: ['CCDYBIN'], combine: 'pair' },
      { keyword: 'XBIN', with: ['YBIN'], combine: 'pair' },
      { keyword: 'BINNING' },
    ],
    dataSection: [{ keyword: 'DATASEC' }, { keyword: 'TRIMSEC' }],
    unit: [{ keyword: 'BUNIT' }],
  },
}
