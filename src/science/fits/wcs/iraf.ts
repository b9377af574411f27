/** IRAF's WATi_nnn strings for TNX and ZPX: correction surfaces and, for ZPX, the radial polynomial. */
import { Problem } from '#problem.ts'
import type { Header } from '#science/fits/header.ts'
import { valueOf } from '#science/fits/header.ts'
import { irafTerms } from './distortion.ts'
import type { Distortion, IrafSurface } from './terms.ts'

/** WATi_001, WATi_002 … put together; each but the last fills 68 characters, and FITS drops the blanks at its end. */
function attributes(header: Header, axis: number): Map<string, string> {
  let text = ''
  for (let n = 1; n < 1000; n++) {
    const value = valueOf(header, `WAT${axis}_${String(n).padStart(3, '0')}`)
    if (typeof value !== 'string') break
    text += value.padEnd(68)
  }
  const found = new Map<string, string>()
  for (const [, name, quoted, plain] of text.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|(\S+))/g))
    found.set(name.toLowerCase(), quoted ?? plain)
  return found
}

function surfaceOf(text: string | undefined, keyword: string): IrafSurface | null {
  if (text === undefined) return null
  const numbers = text.trim().split(/\s+/).map(Number)
  const [kind, xOrder, yOrder, cross, xMin, xMax, yMin, yMax, ...coefficients] = numbers
  const kinds = { 1: 'chebyshev', 2: 'legendre', 3: 'polynomial' } as const
  const crossTerms = ['none', 'full', 'half'] as const
  const size = { xOrder, yOrder, crossTerms: crossTerms[cross] }
  const good =
    numbers.every((value) => Number.isFinite(value)) &&
    kind in kinds &&
    cross in crossTerms &&
    [xOrder, yOrder].every((order) => Number.isInteger(order) && order >= 1 && order <= 12) &&
    xMax > xMin &&
    yMax > yMin &&
    irafTerms(size) === coefficients.length
  if (!good) {
    throw new Problem(
      'wcs.invalid',
      `${keyword} holds a correction that does not read as IRAF writes it (kind, orders, cross terms, range, coefficients); solve the field anew.`,
      { keyword },
    )
  }
  return {
    kind: kinds[kind as keyof typeof kinds],
    ...size,
    range: [xMin, xMax, yMin, yMax],
    coefficients,
  }
}

/** Distortion of TNX or ZPX (null where there is none) and the parameters of ZPX's radial polynomial. @throws Problem wcs.invalid */
export function readIraf(
  header: Header,
  lonAxis: number,
  latAxis: number,
  name: string,
): { distortion: Distortion | null; pv: number[] } {
  const lonWords = attributes(header, lonAxis)
  const latWords = attributes(header, latAxis)
  const lon = surfaceOf(lonWords.get('lngcor'), `WAT${lonAxis}_001`)
  const lat = surfaceOf(latWords.get('latcor'), `WAT${latAxis}_001`)
  const pv: number[] = []
  if (name === 'ZPX') {
    for (let m = 0; m <= 20; m++) {
      const word = latWords.get(`projp${m}`) ?? lonWords.get(`projp${m}`)
      // Unless said, the polynomial is that of ARC.
      pv[m] = word === undefined ? (m === 1 ? 1 : 0) : Number(word)
      if (!Number.isFinite(pv[m])) {
        throw new Problem('wcs.invalid', `projp${m} in WAT${latAxis}_001 is no number.`, {
          keyword: `WAT${latAxis}_001`,
        })
      }
    }
  }
  return { distortion: lon || lat ? { kind: 'iraf', lon, lat } : null, pv }
}
