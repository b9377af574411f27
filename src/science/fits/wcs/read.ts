/** From a header to the terms of its celestial WCS. Dialects met in the wild are put right, and each repair is said. */
import { Problem } from '#problem.ts'
import { integerOf } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'
import { frameOf } from './frame-keywords.ts'
import { keywordsOf } from './keywords.ts'
import type { Keywords } from './keywords.ts'
import { linearOf } from './linear.ts'
import { readIraf } from './iraf.ts'
import { readSip } from './sip.ts'
import { readTpv } from './tpv.ts'
import type { Distortion, WcsTerms } from './terms.ts'

interface AxisType {
  readonly axis: number
  /** 'RA', 'DEC', 'GLON' … */
  readonly coordinate: string
  readonly latitude: boolean
  readonly projection: string
  readonly sip: boolean
}

/** CTYPE of a celestial axis, however many hyphens its writer set; null for any other. */
function axisType(axis: number, keywords: Keywords): AxisType | null {
  const said = keywords.text(`CTYPE${axis}`)
  const match =
    said && /^(RA|DEC|[A-Z]LON|[A-Z]LAT|[A-Z]{2}LN|[A-Z]{2}LT)-+([A-Z]{3})(-[A-Z]{3})?$/i.exec(said)
  if (!match) return null
  if (match[3] && match[3].toUpperCase() !== '-SIP') {
    const keyword = `CTYPE${axis}${keywords.alternate}`
    throw new Problem(
      'wcs.unsupported',
      `${keyword} = '${said}' names the distortion ${match[3].slice(1)}, which is not read here (SIP, TPV, TNX and ZPX are); solve the field anew.`,
      { keyword },
    )
  }
  const [coordinate, projection] = [match[1].toUpperCase(), match[2].toUpperCase()]
  const standard = `${coordinate.padEnd(4, '-')}-${projection}${match[3] ? '-SIP' : ''}`
  if (said !== standard)
    keywords.repairs.push(`CTYPE${axis}${keywords.alternate} is '${said}'; taken as '${standard}'.`)
  return {
    axis,
    coordinate,
    latitude: /^(DEC|.LAT|..LT)$/.test(coordinate),
    projection,
    sip: match[3] !== undefined,
  }
}

function countAxes(header: Header, alternate: string): number {
  let most = Math.min(integerOf(header, 'NAXIS', 'The header', { fallback: 0 }), 9)
  for (const keyword of header.first.keys()) {
    const match = /^(?:CTYPE|CRPIX|CRVAL|CDELT)(\d)$/.exec(
      alternate && keyword.endsWith(alternate) ? keyword.slice(0, -1) : keyword,
    )
    if (match) most = Math.max(most, Number(match[1]))
  }
  return most
}

/**
 * Terms of the celestial WCS and what was repaired; null where there is none.
 * @throws Problem wcs.invalid, wcs.unsupported
 */
export function readTerms(header: Header, alternate: string): { terms: WcsTerms; repairs: string[] } | null {
  const keywords = keywordsOf(header, alternate)
  const axes = countAxes(header, alternate)
  const celestial: AxisType[] = []
  for (let axis = 1; axis <= axes; axis++) {
    const type = axisType(axis, keywords)
    if (type) celestial.push(type)
  }
  if (celestial.length === 0) {
    if (!alternate && isPlate(keywords)) {
      throw new Problem(
        'wcs.unsupported',
        'The header has a plate solution of the Digitized Sky Survey (AMDXn, AMDYn) and no other WCS; it is not read here, so solve the field anew.',
        { keyword: 'AMDX1' },
      )
    }
    return null
  }
  unapplied(keywords, alternate)
  const lon = celestial.find((type) => !type.latitude)
  const lat = celestial.find((type) => type.latitude)
  if (celestial.length !== 2 || !lon || !lat || lon.projection !== lat.projection) {
    throw new Problem(
      'wcs.invalid',
      `The axes ${celestial.map(({ axis }) => `CTYPE${axis}${alternate}`).join(', ')} are not one longitude and one latitude of the same projection; correct CTYPE.`,
      { keyword: `CTYPE${celestial[0].axis}${alternate}` },
    )
  }
  const linear = linearOf(keywords, axes, lon.axis, lat.axis)
  const frame = frameOf(keywords, lon.coordinate, lat.coordinate)
  const pvLon = new Map(keywords.indexed(`PV${lon.axis}_`))
  const pvLat = new Map(keywords.indexed(`PV${lat.axis}_`))
  const kind = projectionKind(keywords, lon.projection, pvLon, pvLat, lon.axis)
  const sip = readSip(keywords, lon.sip || lat.sip)
  let distortion: Distortion | null = sip
  let pv = Array.from({ length: 1 + Math.max(-1, ...pvLat.keys()) }, (_, m) => pvLat.get(m) ?? 0)
  let { projection } = kind
  if (kind.iraf) {
    if (sip) throw bothDistortions(kind.name, alternate)
    const iraf = readIraf(header, lon.axis, lat.axis, kind.name)
    distortion = iraf.distortion
    pv = iraf.pv
    projection = kind.name === 'ZPX' ? 'ZPN' : 'TAN'
  } else if (kind.tpv) {
    if (sip) {
      keywords.repairs.push(
        `The header has both SIP and PV distortions; PV is ignored, as it restates SIP in the files of surveys that write both.`,
      )
    } else distortion = readTpv(pvLon, pvLat)
    pv = []
    projection = 'TAN'
  } else if (projection === 'NCP') {
    const [, delta] = linear.crval
    if (delta === 0) {
      throw new Problem(
        'wcs.invalid',
        `The projection NCP has no plane for CRVAL${lat.axis}${alternate} = 0; it is for fields away from the equator.`,
        { keyword: `CRVAL${lat.axis}${alternate}` },
      )
    }
    projection = 'SIN'
    pv = [0, 0, 1 / Math.tan((delta * Math.PI) / 180)]
  } else if (projection === 'TAN') pv = []
  if (distortion?.kind === 'sip' && (linear.xAxis !== 1 || linear.yAxis !== 2)) {
    throw new Problem(
      'wcs.unsupported',
      `SIP belongs to pixel axes 1 and 2, but the celestial axes of this header lie along ${linear.xAxis} and ${linear.yAxis}.`,
      { keyword: 'A_ORDER' },
    )
  }
  const own = kind.tpv ? new Map<number, number>() : pvLon
  const hasNative = own.has(1) || own.has(2)
  const theta0 = ['CAR', 'MOL', 'AIT'].includes(projection) ? 0 : 90
  const terms: WcsTerms = {
    projection,
    axes,
    lonAxis: lon.axis,
    latAxis: lat.axis,
    ...linear,
    ...frame,
    pv,
    native: hasNative ? [own.get(1) ?? 0, own.get(2) ?? theta0] : null,
    offset: hasNative && (own.get(0) ?? 0) !== 0,
    lonpole: own.get(3) ?? keywords.number('LONPOLE') ?? null,
    latpole: own.get(4) ?? keywords.number('LATPOLE') ?? null,
    distortion,
    alternate,
  }
  return { terms, repairs: keywords.repairs }
}

function isPlate({ header }: Keywords): boolean {
  return header.first.has('AMDX1') && header.first.has('AMDY1') && header.first.has('PLTRAH')
}

/** Distortions that the header has beside its projection and that are left out: tables of corrections, plate solutions. */
function unapplied(keywords: Keywords, alternate: string): void {
  const { first } = keywords.header
  for (const [name, error] of [
    ['CPDIS', 'CPERR'],
    ['CQDIS', 'CQERR'],
    ['D2IMDIS', 'D2IMERR'],
  ]) {
    const given = [1, 2, 3, 4].filter((axis) => first.has(`${name}${axis}${alternate}`))
    if (given.length === 0) continue
    const worst = Math.max(...given.map((axis) => keywords.number(`${error}${axis}`) ?? NaN))
    const size = Number.isFinite(worst) ? `, up to ${worst} pixels,` : ''
    keywords.repairs.push(
      `The distortion of ${given.map((axis) => `${name}${axis}${alternate}`).join(' and ')} (a table of corrections)${size} is not applied.`,
    )
  }
  if (!alternate && first.has('D2IMARR'))
    keywords.repairs.push('The correction of detector columns (D2IMARR) is not applied.')
  if (!alternate && isPlate(keywords))
    keywords.repairs.push(
      'The plate solution of the Digitized Sky Survey (AMDXn, AMDYn) is not applied; the WCS of CTYPE is.',
    )
}

function bothDistortions(name: string, alternate: string): Problem {
  return new Problem(
    'wcs.invalid',
    `The header has SIP coefficients with the projection ${name}${alternate && ` (${alternate})`}; only one distortion can be meant, remove the other.`,
    { keyword: 'A_ORDER' },
  )
}

/** TAN with SCAMP's PV is TPV; other PVi_1 and PVi_2 of TAN are what programs leave behind. */
function projectionKind(
  keywords: Keywords,
  name: string,
  pvLon: Map<number, number>,
  pvLat: Map<number, number>,
  lonAxis: number,
): { name: string; projection: string; tpv: boolean; iraf: boolean } {
  if (name === 'TNX' || name === 'ZPX') return { name, projection: name, tpv: false, iraf: true }
  if (name === 'TPV') return { name, projection: name, tpv: true, iraf: false }
  if (name === 'TAN') {
    const most = Math.max(-1, ...pvLon.keys(), ...pvLat.keys())
    if (most >= 5) {
      keywords.repairs.push(
        `CTYPE says TAN, but PVi_m up to m = ${most} is given, as SCAMP once wrote; taken as TPV.`,
      )
      return { name: 'TPV', projection: 'TPV', tpv: true, iraf: false }
    }
    for (const m of [0, 1, 2]) {
      const value = pvLon.get(m)
      if (value === undefined) continue
      pvLon.delete(m)
      // The values that TAN has anyway need no word.
      if (value !== [0, 0, 90][m])
        keywords.repairs.push(`PV${lonAxis}_${m}${keywords.alternate} has no use with TAN; ignored.`)
    }
  }
  return { name, projection: name, tpv: false, iraf: false }
}
