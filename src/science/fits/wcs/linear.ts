/** The linear part of a WCS: reference point, matrix by PC, CD or CROTA, units (Greisen & Calabretta 2002, §2; §6.1 for CROTA). */
import { Problem } from '#problem.ts'
import type { Keywords } from './keywords.ts'
import type { OtherAxis, WcsTerms } from './terms.ts'

/** Degrees in each unit that CUNIT of a celestial axis may say. */
const degreesIn: Record<string, number> = {
  deg: 1,
  degree: 1,
  degrees: 1,
  arcmin: 1 / 60,
  arcsec: 1 / 3600,
  mas: 1 / 3_600_000,
  uas: 1 / 3_600_000_000,
  rad: 180 / Math.PI,
}

type Linear = Pick<WcsTerms, 'crpix' | 'crval' | 'cd' | 'xAxis' | 'yAxis' | 'others'>

function unitOf(keywords: Keywords, axis: number): number {
  const said = keywords.text(`CUNIT${axis}`)
  if (said === undefined) return 1
  const unit = degreesIn[said.toLowerCase()]
  const keyword = `CUNIT${axis}${keywords.alternate}`
  if (unit === undefined) {
    throw new Problem(
      'wcs.invalid',
      `${keyword} = '${said.slice(0, 20)}' is no unit of angle; it must be deg, arcmin, arcsec, mas or rad.`,
      { keyword },
    )
  }
  if (!['deg', 'arcmin', 'arcsec', 'mas', 'uas', 'rad'].includes(said))
    keywords.repairs.push(`${keyword} is '${said}'; taken as ${unit === 1 ? 'deg' : said.toLowerCase()}.`)
  return unit
}

function needed(keywords: Keywords, name: string): number {
  const value = keywords.number(name)
  if (value === undefined) {
    const keyword = name + keywords.alternate
    throw new Problem(
      'wcs.invalid',
      `The header names a projection in CTYPE but has no ${keyword}; the WCS is incomplete, so add it or solve the field anew.`,
      { keyword },
    )
  }
  return value
}

/** One row of the matrix in units of CUNIT per pixel; which keywords it came from is for sentences. */
function matrixRows(
  keywords: Keywords,
  axes: number,
  lonAxis: number,
  latAxis: number,
): { row: (axis: number) => number[]; source: string } {
  const table = (prefix: string): Map<string, number> => {
    const found = new Map<string, number>()
    for (let i = 1; i <= axes; i++)
      for (let j = 1; j <= axes; j++) {
        // PC001001 and CD001001 are the draft's and IRAF's long forms.
        const long = `${prefix}${String(i).padStart(3, '0')}${String(j).padStart(3, '0')}`
        const value = keywords.number(`${prefix}${i}_${j}`) ?? keywords.number(long)
        if (value !== undefined) found.set(`${i} ${j}`, value)
      }
    return found
  }
  const cd = table('CD')
  const pc = table('PC')
  const delta = (axis: number): number | undefined => keywords.number(`CDELT${axis}`)
  if (cd.size > 0 && pc.size > 0)
    keywords.repairs.push('The header has both CD and PC matrices, which FITS forbids; CD is used.')
  if (cd.size > 0) {
    return {
      row: (i) => Array.from({ length: axes }, (_, j) => cd.get(`${i} ${j + 1}`) ?? 0),
      source: `CD${lonAxis}_${lonAxis}`,
    }
  }
  const scale = (i: number): number => {
    const value = delta(i) ?? (i === lonAxis || i === latAxis ? needed(keywords, `CDELT${i}`) : 1)
    return value
  }
  const rotation = keywords.number(`CROTA${latAxis}`) ?? 0
  const stray = keywords.number(`CROTA${lonAxis}`) ?? 0
  if (pc.size === 0 && stray !== 0 && stray !== rotation) {
    keywords.repairs.push(
      `CROTA${lonAxis}${keywords.alternate} = ${stray} is ignored: the rotation is that of the latitude axis, CROTA${latAxis}${keywords.alternate}${keywords.has(`CROTA${latAxis}`) ? ` = ${rotation}` : ', which is absent'}.`,
    )
  }
  if (pc.size === 0 && rotation !== 0) {
    const [sin, cos] = [Math.sin((rotation * Math.PI) / 180), Math.cos((rotation * Math.PI) / 180)]
    return {
      row: (i) => {
        const row = Array.from({ length: axes }, () => 0)
        row[i - 1] = scale(i)
        if (i === lonAxis) {
          row[lonAxis - 1] = scale(lonAxis) * cos
          row[latAxis - 1] = -scale(latAxis) * sin
        } else if (i === latAxis) {
          row[lonAxis - 1] = scale(lonAxis) * sin
          row[latAxis - 1] = scale(latAxis) * cos
        }
        return row
      },
      source: `CDELT${lonAxis}`,
    }
  }
  return {
    row: (i) =>
      Array.from({ length: axes }, (_, j) => scale(i) * (pc.get(`${i} ${j + 1}`) ?? (i === j + 1 ? 1 : 0))),
    source: `CDELT${lonAxis}`,
  }
}

/** Reference point, matrix and other axes. @throws Problem wcs.invalid, wcs.unsupported */
export function linearOf(keywords: Keywords, axes: number, lonAxis: number, latAxis: number): Linear {
  const { row, source } = matrixRows(keywords, axes, lonAxis, latAxis)
  const unitLon = unitOf(keywords, lonAxis)
  const unitLat = unitOf(keywords, latAxis)
  const lon = row(lonAxis).map((value) => value * unitLon)
  const lat = row(latAxis).map((value) => value * unitLat)
  const used = lon.flatMap((value, j) => (value !== 0 || lat[j] !== 0 ? [j + 1] : []))
  const keyword = source + keywords.alternate
  if (used.length > 2) {
    throw new Problem(
      'wcs.unsupported',
      `The celestial axes turn with pixel axis ${used[2]}, which is not of the image's plane; only planes with celestial axes are read.`,
      { keyword },
    )
  }
  const [xAxis, yAxis] = used
  const cd = [lon[xAxis - 1], lon[yAxis - 1], lat[xAxis - 1], lat[yAxis - 1]] as const
  const determinant = cd[0] * cd[3] - cd[1] * cd[2]
  const size = (Math.abs(cd[0]) + Math.abs(cd[1])) * (Math.abs(cd[2]) + Math.abs(cd[3]))
  if (used.length < 2 || !(Math.abs(determinant) > 1e-10 * size) || !Number.isFinite(1 / determinant)) {
    throw new Problem(
      'wcs.invalid',
      `The matrix of the WCS (${keyword} and its neighbours) is singular: pixels cannot be told apart on the sky; correct it or solve the field anew.`,
      { keyword },
    )
  }
  const widths = [Math.hypot(cd[0], cd[2]), Math.hypot(cd[1], cd[3])]
  const absurd = widths.find((width) => !(width > 1e-12 && width < 360))
  if (absurd !== undefined) {
    throw new Problem(
      'wcs.invalid',
      `The matrix of the WCS (${keyword} and its neighbours) makes a pixel ${absurd.toPrecision(3)} degrees wide, which no image has; solve the field anew.`,
      { keyword },
    )
  }
  const crpix = [xAxis, yAxis].map((axis) => {
    const value = needed(keywords, `CRPIX${axis}`)
    const name = `CRPIX${axis}${keywords.alternate}`
    if (Math.abs(value) < 1e9) return value
    throw new Problem('wcs.invalid', `${name} = ${value} is no pixel near an image; solve the field anew.`, {
      keyword: name,
    })
  }) as [number, number]
  const [alpha, delta] = [
    needed(keywords, `CRVAL${lonAxis}`) * unitLon,
    needed(keywords, `CRVAL${latAxis}`) * unitLat,
  ]
  if (Math.abs(delta) > 90) {
    throw new Problem(
      'wcs.invalid',
      `CRVAL${latAxis}${keywords.alternate} = ${delta} degrees is no latitude; are the axes in CTYPE the wrong way round?`,
      { keyword: `CRVAL${latAxis}${keywords.alternate}` },
    )
  }
  const others: OtherAxis[] = []
  for (let axis = 1; axis <= axes; axis++) {
    if (axis === lonAxis || axis === latAxis) continue
    // A swapped pair leaves the pixel axis that neither celestial axis uses.
    others.push({
      axis,
      ctype: keywords.text(`CTYPE${axis}`) ?? '',
      crpix: keywords.number(`CRPIX${axis}`) ?? 0,
      crval: keywords.number(`CRVAL${axis}`) ?? 0,
      cdelt: row(axis)[axis - 1],
      cunit: keywords.text(`CUNIT${axis}`) ?? '',
    })
  }
  return {
    crpix,
    crval: [alpha, delta],
    cd,
    xAxis,
    yAxis,
    others,
  }
}
