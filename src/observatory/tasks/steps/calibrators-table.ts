import { tableOf, type Table } from '#science/table/table.ts'
import { instrumental, type Calibration, type Stars } from './calibrate.ts'
import type { Objects } from './objects.ts'

/**
 * The stars that calibrate, one row per object that is a star of the catalogue: what the zero point was fitted to, and what
 * it leaves. Plots of the zero point are drawn from it.
 */
export function calibratorsTable(
  objects: Objects,
  stars: Stars,
  { fit, objects: first, stars: second, separation }: Calibration,
): Table {
  const { mag, err } = instrumental(objects)
  const colour = stars.band.colourBands
  return tableOf({
    meta: { band: stars.band.band, color_name: colour?.join('-') ?? '', catalogue: stars.catalogue },
    columns: [
      {
        name: 'ra',
        unit: 'deg',
        values: Float64Array.from(second, (i) => stars.ra[i]!),
        description: 'Of the catalogue, ICRS',
      },
      {
        name: 'dec',
        unit: 'deg',
        values: Float64Array.from(second, (i) => stars.dec[i]!),
        description: 'Of the catalogue, ICRS',
      },
      {
        name: 'x',
        unit: 'pix',
        values: Float64Array.from(first, (i) => objects.x[i]!),
        description: 'Position on the frame; the first pixel is 0',
      },
      {
        name: 'y',
        unit: 'pix',
        values: Float64Array.from(first, (i) => objects.y[i]!),
        description: 'Position on the frame; the first pixel is 0',
      },
      {
        name: 'separation',
        unit: 'arcsec',
        values: Float64Array.from(separation),
        description: 'From object to star',
      },
      {
        name: 'mag',
        unit: 'mag',
        values: Float64Array.from(first, (i) => mag[i]!),
        description: 'Instrumental magnitude',
      },
      {
        name: 'magerr',
        unit: 'mag',
        values: Float64Array.from(first, (i) => err[i]!),
        description: 'Its error',
      },
      {
        name: 'cat_mag',
        unit: 'mag',
        values: Float64Array.from(second, (i) => stars.band.magnitude[i]!),
        description: `${stars.band.band} of the catalogue`,
      },
      {
        name: 'cat_magerr',
        unit: 'mag',
        values: Float64Array.from(second, (i) => stars.band.error[i]!),
        description: 'Its error',
      },
      {
        name: 'color',
        unit: 'mag',
        values: Float64Array.from(second, (i) => stars.band.colour[i]!),
        description: colour
          ? `${colour.join(' − ')} of the catalogue`
          : 'None: the catalogue has no two bands',
      },
      {
        name: 'residual',
        unit: 'mag',
        values: Float64Array.from(fit.residuals),
        description: 'Catalogue magnitude minus that of the calibrated frame',
      },
      {
        name: 'residual_err',
        unit: 'mag',
        values: Float64Array.from(fit.sigmas),
        description: 'σ that the fit gives it',
      },
      { name: 'used', type: 'boolean', values: Uint8Array.from(fit.used), description: 'Not clipped' },
      {
        name: 'flags',
        values: Int32Array.from(first, (i) => objects.flags[i]!),
        description: 'Of the object',
      },
    ],
  })
}
