import { card } from '#science/fits/header.ts'
import { writeFits } from '#science/fits/write.ts'
import { seededRandom } from '#science/simulate/random.ts'

/** A small frame of noise with a TAN WCS of 1″ pixels, for tests of this room. */
export function skyFrame({ width = 32, height = 32, ra = 10, dec = -20, seed = 0 } = {}): Uint8Array {
  const random = seededRandom(seed)
  const data = Float32Array.from({ length: width * height }, () => 100 + 5 * random.normal())
  const cards = [
    card('OBJECT', 'M 1'),
    card('TELESCOP', 'Test'),
    card('INSTRUME', 'TestCam'),
    card('IMAGETYP', 'Light Frame'),
    card('FILTER', 'sdssr'),
    card('DATE-OBS', '2026-11-21T01:02:03.5', 'start of the exposure'),
    card('EXPTIME', 60, 's'),
    card('GAIN', 1.5, 'electron per adu'),
    card('SATURATE', 60_000),
    card('CTYPE1', 'RA---TAN'),
    card('CTYPE2', 'DEC--TAN'),
    card('CRVAL1', ra),
    card('CRVAL2', dec),
    card('CRPIX1', (width + 1) / 2),
    card('CRPIX2', (height + 1) / 2),
    card('CD1_1', -1 / 3600),
    card('CD1_2', 0),
    card('CD2_1', 0),
    card('CD2_2', 1 / 3600),
    card('RADESYS', 'ICRS'),
  ]
  return writeFits([{ kind: 'image', shape: [width, height], data, cards }])
}
