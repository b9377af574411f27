import type { Dialect } from '#observatory/frames/dialect.ts'
import { kindWords, middleOf } from './generic.ts'

/** Cameras of observatories and what their pipelines leave. */

export const decam: Dialect = {
  id: 'decam',
  title: 'DECam, as NOAO and the Community Pipeline write it',
  recognise: [{ INSTRUME: /^decam/i }, { FPA: /decam/i }, { DTINSTRU: /^decam/i }],
  always: { telescope: 'Blanco', instrument: 'DECam', site: 'ctio' },
  kinds: [[/^stacked/i, 'stack'], [/^(instcal|resampled)$/i, 'object'], ...kindWords],
  facts: {
    time: [
      ...middleOf,
      { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc' },
      { keyword: 'MJD-OBS', form: 'mjd', place: 'start', scale: 'utc' },
    ],
    filter: [{ keyword: 'FILTER' }, { keyword: 'BAND' }],
    kind: [{ keyword: 'OBSTYPE' }, { keyword: 'PROCTYPE' }],
    gain: [{ keyword: 'GAIN' }, { keyword: 'GAINA', with: ['GAINB'], combine: 'mean' }],
    saturation: [{ keyword: 'SATURATE' }, { keyword: 'SATURATA', with: ['SATURATB'], combine: 'least' }],
    readNoise: [{ keyword: 'RDNOISE' }, { keyword: 'RDNOISEA', with: ['RDNOISEB'], combine: 'most' }],
    pointing: [
      { keyword: 'TELRA', with: ['TELDEC'], combine: 'pair', angle: 'hours' },
      { keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' },
    ],
  },
}

const geminiKinds = [[/^object$/i, 'object'], [/^(bpm|mask)$/i, 'mask'], ...kindWords] as const

const geminiFacts: Dialect['facts'] = {
  site: [{ keyword: 'OBSERVAT' }, { keyword: 'TELESCOP' }],
  time: [
    {
      keyword: 'DATE-OBS',
      form: 'iso',
      place: 'start',
      scale: 'utc',
      clock: ['UTSTART', 'TIME-OBS', 'UT'],
    },
    { keyword: 'MJD-OBS', form: 'mjd', place: 'start', scale: 'utc' },
  ],
  filter: [{ keyword: 'FILTER1', with: ['FILTER2', 'FILTER3'], combine: 'wheels' }, { keyword: 'FILTER' }],
  kind: [{ keyword: 'OBSTYPE' }],
  pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' }],
  dataSection: [{ keyword: 'DATASEC' }],
}

export const gmos: Dialect = {
  id: 'gemini-gmos',
  title: 'Gemini GMOS, raw and as DRAGONS leaves it',
  recognise: [{ INSTRUME: /^GMOS(-[NS])?$/ }],
  kinds: geminiKinds,
  facts: { ...geminiFacts, gain: [{ keyword: 'GAIN' }], readNoise: [{ keyword: 'RDNOISE' }] },
}

export const geminiInfrared: Dialect = {
  id: 'gemini-infrared',
  title: 'Gemini F2, NIRI, GNIRS, GSAOI, NIFS',
  recognise: [{ INSTRUME: /^(F2|NIRI|GNIRS|GSAOI|NIFS)$/i }],
  kinds: geminiKinds,
  facts: {
    ...geminiFacts,
    exposure: [{ keyword: 'EXPTIME', with: ['COADDS'], combine: 'product' }, { keyword: 'EXPTIME' }],
    gain: [{ keyword: 'GAIN' }],
  },
}

export const lco: Dialect = {
  id: 'lco',
  title: 'Las Cumbres Observatory, raw and as BANZAI leaves it',
  recognise: [{ ORIGIN: /lcogt/i }, { SITEID: /./, ENCID: /./, TELID: /./ }],
  kinds: [
    [/^(expose|standard|auto_focus)$/i, 'object'],
    [/^(skyflat|lampflat)$/i, 'flat'],
    [/^(trailed|trail)/i, 'other'],
    ...kindWords,
  ],
  facts: {
    site: [
      {
        keyword: 'LATITUDE',
        site: { latitude: 'LATITUDE', longitude: 'LONGITUD', height: 'HEIGHT' },
      },
    ],
    time: [
      { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc' },
      { keyword: 'MJD-OBS', form: 'mjd', place: 'start', scale: 'utc' },
    ],
    filter: [{ keyword: 'FILTER' }, { keyword: 'FILTER1', with: ['FILTER2', 'FILTER3'], combine: 'wheels' }],
    kind: [{ keyword: 'OBSTYPE' }],
    gain: [{ keyword: 'GAIN' }],
    saturation: [{ keyword: 'SATURATE' }, { keyword: 'MAXLIN' }],
    pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair' }],
  },
}

export const ztf: Dialect = {
  id: 'ztf',
  title: 'ZTF science, reference and difference images',
  recognise: [{ INSTRUME: /^ZTF/i }],
  always: { telescope: 'P48', site: 'palomar' },
  kinds: [[/^(science|object|on-sky)/i, 'object'], [/^ref/i, 'stack'], ...kindWords],
  facts: {
    time: [
      { keyword: 'SHUTOPEN', form: 'iso', place: 'start', scale: 'utc' },
      { keyword: 'OBSMJD', form: 'mjd', place: 'start', scale: 'utc' },
      { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc' },
      { keyword: 'OBSJD', form: 'jd', place: 'start', scale: 'utc' },
    ],
    filter: [{ keyword: 'FILTER' }, { keyword: 'FILTERID' }],
    kind: [{ keyword: 'IMGTYPE' }, { keyword: 'IMAGETYP' }, { keyword: 'OBSTYPE' }],
    exposure: [{ keyword: 'EXPTIME' }, { keyword: 'EXPOSURE' }],
    gain: [{ keyword: 'GAIN' }],
    readNoise: [{ keyword: 'READNOI' }, { keyword: 'READNOIS' }, { keyword: 'RDNOISE' }],
    pointing: [
      { keyword: 'RAD', with: ['DECD'], combine: 'pair', angle: 'degrees' },
      { keyword: 'OBJRAD', with: ['OBJDECD'], combine: 'pair', angle: 'degrees' },
    ],
  },
}

export const panstarrs: Dialect = {
  id: 'panstarrs',
  title: 'Pan-STARRS stacks and warps',
  recognise: [{ 'FPA.TELESCOPE': /^PS[12]/i }, { 'FPA.INSTRUMENT': /^GPC/i }, { BSOFTEN: /./, BOFFSET: /./ }],
  always: { telescope: 'Pan-STARRS 1', site: 'haleakala' },
  kinds: [[/stack/i, 'stack'], [/warp|object/i, 'object'], ...kindWords],
  asinh: { offset: 'BOFFSET', softening: 'BSOFTEN' },
  facts: {
    instrument: [{ keyword: 'FPA.INSTRUMENT' }, { keyword: 'INSTRUME' }],
    filter: [{ keyword: 'FPA.FILTER' }, { keyword: 'FPA.FILTERID' }, { keyword: 'FILTERID' }],
    kind: [{ keyword: 'IMGTYPE' }, { keyword: 'STK_TYPE' }, { keyword: 'FPA.OBSTYPE' }],
    time: [{ keyword: 'MJD-OBS', form: 'mjd', scale: 'tai' }],
    exposure: [{ keyword: 'EXPTIME' }, { keyword: 'FPA.EXPOSURE' }, { keyword: 'CELL.EXPOSURE' }],
    gain: [{ keyword: 'CELL.GAIN' }, { keyword: 'GAIN' }],
    readNoise: [{ keyword: 'CELL.READNOISE' }, { keyword: 'RDNOISE' }],
    saturation: [{ keyword: 'CELL.SATURATION' }, { keyword: 'SATURATE' }],
    airmass: [{ keyword: 'FPA.AIRMASS' }, { keyword: 'AIRMASS' }],
  },
}

export const eso: Dialect = {
  id: 'eso',
  title: 'ESO, HIERARCH keywords',
  recognise: [{ 'ESO OBS ID': /./ }, { 'ESO DPR TYPE': /./ }, { 'ESO DET ID': /./ }],
  kinds: [[/^(object|science|std)/i, 'object'], [/^flat/i, 'flat'], ...kindWords],
  facts: {
    time: [
      { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc' },
      { keyword: 'MJD-OBS', form: 'mjd', place: 'start', scale: 'utc' },
    ],
    filter: [
      {
        keyword: 'ESO INS FILT1 NAME',
        with: ['ESO INS FILT2 NAME', 'ESO INS FILT3 NAME'],
        combine: 'wheels',
      },
      { keyword: 'FILTER' },
    ],
    kind: [{ keyword: 'ESO DPR TYPE' }, { keyword: 'ESO DPR CATG' }, { keyword: 'IMAGETYP' }],
    // ESO's GAIN is adu per electron; CONAD is what everybody else calls gain.
    gain: [{ keyword: 'ESO DET OUT1 CONAD' }, { keyword: 'ESO DET CHIP1 CONAD' }, { keyword: 'GAIN' }],
    readNoise: [{ keyword: 'ESO DET OUT1 RON' }, { keyword: 'RON' }],
    airmass: [{ keyword: 'AIRMASS' }, { keyword: 'ESO TEL AIRM START' }],
    binning: [{ keyword: 'ESO DET WIN1 BINX', with: ['ESO DET WIN1 BINY'], combine: 'pair' }],
    pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' }],
    site: [
      {
        keyword: 'ESO TEL GEOLAT',
        site: { latitude: 'ESO TEL GEOLAT', longitude: 'ESO TEL GEOLON', height: 'ESO TEL GEOELEV' },
      },
      { keyword: 'TELESCOP' },
    ],
  },
}

export const sdss: Dialect = {
  id: 'sdss',
  title: 'SDSS frames, drift scans',
  recognise: [{ ORIGIN: /^SDSS/i, TELESCOP: /2\.5 ?m/i }],
  always: { telescope: 'SDSS 2.5 m', instrument: 'SDSS imager', site: 'apache-point', kind: 'object' },
  facts: {
    // Of the first row: rows after it were exposed later, so that no one middle can be named.
    time: [{ keyword: 'DATE-OBS', form: 'iso', scale: 'tai', clock: ['TAIHMS'] }],
    filter: [{ keyword: 'FILTER' }],
    // A frame is calibrated to nanomaggies; its gain lies in another file.
    gain: [],
    pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' }],
  },
}

export const keckInfrared: Dialect = {
  id: 'keck-infrared',
  title: 'Keck NIRC2, MOSFIRE, OSIRIS',
  recognise: [
    { INSTRUME: /^(NIRC2|MOSFIRE|OSIRIS)/i, TELESCOP: /keck/i },
    { CURRINST: /^(NIRC2|MOSFIRE|OSIRIS)/i },
  ],
  always: { site: 'maunakea' },
  kinds: kindWords,
  facts: {
    time: [
      { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc', clock: ['EXPSTART', 'UTC', 'UT'] },
      { keyword: 'MJD-OBS', form: 'mjd', place: 'start', scale: 'utc' },
    ],
    // Each of these is the time of one of the exposures that were added in the detector.
    exposure: [
      { keyword: 'TRUITIME', with: ['COADDS'], combine: 'product' },
      { keyword: 'TRUITIME', with: ['COADDONE'], combine: 'product' },
      { keyword: 'ITIME', with: ['COADDS'], combine: 'product' },
    ],
    gain: [{ keyword: 'SYSGAIN' }, { keyword: 'DETGAIN' }],
    pointing: [{ keyword: 'RA', with: ['DEC'], combine: 'pair', angle: 'degrees' }],
  },
}

export const alfosc: Dialect = {
  id: 'alfosc',
  title: 'NOT ALFOSC',
  recognise: [{ INSTRUME: /^ALFOSC/i }],
  always: { telescope: 'NOT', site: 'la-palma' },
  kinds: [[/^(science|imaging)$/i, 'object'], [/^calib$/i, 'other'], ...kindWords],
  facts: {
    time: [...middleOf, { keyword: 'DATE-OBS', form: 'iso', place: 'start', scale: 'utc' }],
    filter: [{ keyword: 'ALFLTNM', with: ['FAFLTNM', 'FBFLTNM'], combine: 'wheels' }, { keyword: 'FILTER' }],
    kind: [{ keyword: 'IMAGETYP' }, { keyword: 'IMAGECAT' }],
  },
}
