import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { calibrated, type ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import { tableOf, type ColumnInput, type MetaValue, type Table } from '#science/table/table.ts'
import { instrumental } from './calibrate.ts'
import { chosenObjects, type Objects } from './objects.ts'
import { hasColumn, numbersOf } from './tables.ts'

/** Objects with what the frame's calibration makes of them. */
export interface CalibratedObjects {
  readonly objects: Objects
  readonly ra: Float64Array
  readonly dec: Float64Array
  readonly mag: Float64Array
  readonly magErr: Float64Array
  readonly magCalib: Float64Array
  readonly magCalibErr: Float64Array
}

/** @param floor error of the zero point that is added in quadrature, mag */
export function calibrateObjects(objects: Objects, wcs: Wcs, model: ZeroPoint, floor = 0): CalibratedObjects {
  const { ra, dec } = wcs.pixelsToSky(objects.x, objects.y)
  const { mag, err } = instrumental(objects)
  const { magnitude, error } = calibrated(model, { x: objects.x, y: objects.y, magnitude: mag, error: err })
  return {
    objects,
    ra,
    dec,
    mag,
    magErr: err,
    magCalib: magnitude,
    magCalibErr: error.map((each) => Math.hypot(each, floor)),
  }
}

/** Objects before there is a zero point. */
export function uncalibrated(objects: Objects, wcs: Wcs): CalibratedObjects {
  const { ra, dec } = wcs.pixelsToSky(objects.x, objects.y)
  const { mag, err } = instrumental(objects)
  const none = new Float64Array(objects.rows).fill(Number.NaN)
  return { objects, ra, dec, mag, magErr: err, magCalib: none, magCalibErr: none }
}

/** As a table with units; further columns go at the end. */
export function objectsTable(
  { objects: o, ra, dec, mag, magErr, magCalib, magCalibErr }: CalibratedObjects,
  meta: Readonly<Record<string, MetaValue>>,
  more: readonly ColumnInput[] = [],
): Table {
  const column = (
    name: string,
    values: ColumnInput['values'],
    unit: string | undefined,
    description: string,
    ucd?: string,
  ): ColumnInput => ({
    name,
    values,
    description,
    ...(unit === undefined ? {} : { unit }),
    ...(ucd === undefined ? {} : { ucd }),
  })
  return tableOf({
    meta,
    columns: [
      column('number', o.number, undefined, 'Number in segmentation.fits', 'meta.id'),
      column('ra', ra, 'deg', 'Right ascension, ICRS', 'pos.eq.ra;meta.main'),
      column('dec', dec, 'deg', 'Declination, ICRS', 'pos.eq.dec;meta.main'),
      column('x', o.x, 'pix', 'Position along the rows; the first pixel is 0', 'pos.cartesian.x;instr.det'),
      column(
        'y',
        o.y,
        'pix',
        'Position along the columns; the first pixel is 0',
        'pos.cartesian.y;instr.det',
      ),
      column('xerr', o.xErr, 'pix', 'Error of x, 1 σ, from S/N and width', 'stat.error'),
      column('yerr', o.yErr, 'pix', 'Error of y', 'stat.error'),
      column('flux', o.flux, 'adu', 'Flux in the aperture over the local sky', 'phot.count'),
      column('fluxerr', o.fluxErr, 'adu', 'Its error', 'stat.error;phot.count'),
      column('mag', mag, 'mag', 'Instrumental magnitude', 'phot.mag'),
      column('magerr', magErr, 'mag', 'Its error', 'stat.error;phot.mag'),
      column(
        'mag_calib',
        magCalib,
        'mag',
        'Magnitude on the zero point of the frame, in the instrumental system: add the colour term times the colour for that of the catalogue',
        'phot.mag;meta.main',
      ),
      column(
        'mag_calib_err',
        magCalibErr,
        'mag',
        'Its error, with those of zero point and scatter',
        'stat.error;phot.mag',
      ),
      column(
        'flags',
        o.flags,
        undefined,
        '1 neighbours, 2 deblended, 4 saturated, 8 truncated, 0x10 aperture cut, 0x100 masked pixels, 0x200 masked in aperture, 0x400 bad sky, 0x800 odd shape',
        'meta.code.qual',
      ),
      column('a', o.a, 'pix', 'Semi-major axis (rms)', 'phys.angSize.smajAxis'),
      column('b', o.b, 'pix', 'Semi-minor axis (rms)', 'phys.angSize.sminAxis'),
      column('theta', o.theta, 'deg', 'Angle of a, from x towards y', 'pos.posAng'),
      column('fwhm', o.fwhm, 'pix', 'FWHM of the core', 'phys.angSize'),
      column('flux_radius', o.fluxRadius, 'pix', 'Radius that holds half of the flux', 'phys.angSize'),
      column('flux_auto', o.fluxAuto, 'adu', 'Flux in the Kron ellipse', 'phot.count'),
      column('flux_max', o.fluxMax, 'adu', 'Brightest pixel over the background', 'phot.count;stat.max'),
      column('isoarea', o.isoArea, 'pix', 'Pixels above the threshold', 'phys.area'),
      column('bg', o.bg, 'adu', 'Background', 'instr.skyLevel'),
      column('bg_local', o.bgLocal, 'adu', 'What the annulus adds to it', 'instr.skyLevel'),
      column('bg_fluxerr', o.bgFluxErr, 'adu', 'Error of the flux of nothing', 'stat.error;phot.count'),
      ...more,
    ],
  })
}

/** The table back as columns. */
export function objectsFrom(table: Table): CalibratedObjects {
  const f = (name: string): Float64Array =>
    hasColumn(table, name) ? numbersOf(table, name) : new Float64Array(table.rows).fill(Number.NaN)
  const objects: Objects = {
    rows: table.rows,
    x: f('x'),
    y: f('y'),
    xErr: f('xerr'),
    yErr: f('yerr'),
    flux: f('flux'),
    fluxErr: f('fluxerr'),
    flags: Uint32Array.from(f('flags')),
    a: f('a'),
    b: f('b'),
    theta: f('theta'),
    fwhm: f('fwhm'),
    fluxRadius: f('flux_radius'),
    fluxAuto: f('flux_auto'),
    fluxMax: f('flux_max'),
    isoArea: Int32Array.from(f('isoarea')),
    number: Int32Array.from(f('number')),
    bg: f('bg'),
    bgLocal: f('bg_local'),
    bgFluxErr: f('bg_fluxerr'),
  }
  return {
    objects,
    ra: f('ra'),
    dec: f('dec'),
    mag: f('mag'),
    magErr: f('magerr'),
    magCalib: f('mag_calib'),
    magCalibErr: f('mag_calib_err'),
  }
}

/** Some of the rows. */
export function chosenCalibrated(from: CalibratedObjects, order: readonly number[]): CalibratedObjects {
  const pick = (column: Float64Array): Float64Array => Float64Array.from(order, (i) => column[i]!)
  return {
    objects: chosenObjects(from.objects, order),
    ra: pick(from.ra),
    dec: pick(from.dec),
    mag: pick(from.mag),
    magErr: pick(from.magErr),
    magCalib: pick(from.magCalib),
    magCalibErr: pick(from.magCalibErr),
  }
}

/** DS9 regions on the sky: one circle per row. */
export function regionsOf(
  ra: Float64Array,
  dec: Float64Array,
  radiusArcsec: number,
  label: (i: number) => string = () => '',
): string {
  const lines = Array.from(ra, (a, i) => {
    const text = label(i)
    return `circle(${a.toFixed(7)},${dec[i]!.toFixed(7)},${radiusArcsec.toFixed(2)}")${text ? ` # text={${text}}` : ''}`
  })
  return ['# Region file format: DS9 version 4.1', 'icrs', ...lines, ''].join('\n')
}
