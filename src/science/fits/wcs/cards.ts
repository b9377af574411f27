/** A WCS written as header cards; reading them gives the same terms to the last bit. */
import { card } from '#science/fits/header.ts'
import type { Card } from '#science/fits/card.ts'
import type { IrafSurface, SipPolynomial, WcsTerms } from './terms.ts'
import { projectionName } from './wcs.ts'
import type { Wcs } from './wcs.ts'

const coordinates: Record<string, readonly [string, string]> = {
  galactic: ['GLON', 'GLAT'],
  supergalactic: ['SLON', 'SLAT'],
  ecliptic: ['ELON', 'ELAT'],
}

const systems: Record<string, string> = { icrs: 'ICRS', fk5: 'FK5', fk4: 'FK4', 'fk4-no-e': 'FK4-NO-E' }

/** Cards of the WCS with its matrix as CD, in degrees. A frame that the header had not named is not named now. */
export function wcsCards(wcs: Wcs): Card[] {
  const { terms } = wcs
  const { alternate, lonAxis, latAxis, xAxis, yAxis, frame, distortion } = terms
  const cards: Card[] = []
  const add = (keyword: string, value: string | number, comment = ''): void => {
    cards.push(card(keyword + alternate, value, comment))
  }
  const name = projectionName(terms)
  const code = name.slice(0, 3)
  const suffix = name.endsWith('-SIP') ? '-SIP' : ''
  const [lonName, latName] = coordinates[frame.name] ?? ['RA', 'DEC']
  add('WCSAXES', terms.axes, 'Number of world axes')
  for (let axis = 1; axis <= terms.axes; axis++) {
    const other = terms.others.find((each) => each.axis === axis)
    if (other) {
      if (other.ctype) add(`CTYPE${axis}`, other.ctype)
      if (other.cunit) add(`CUNIT${axis}`, other.cunit)
      add(`CRVAL${axis}`, other.crval)
      add(`CD${axis}_${axis}`, other.cdelt)
    } else {
      const lon = axis === lonAxis
      add(`CTYPE${axis}`, `${(lon ? lonName : latName).padEnd(4, '-')}-${code}${suffix}`)
      add(`CUNIT${axis}`, 'deg')
      add(`CRVAL${axis}`, terms.crval[lon ? 0 : 1], '[deg] Reference point')
      add(`CD${axis}_${xAxis}`, terms.cd[lon ? 0 : 2], '[deg/pixel]')
      add(`CD${axis}_${yAxis}`, terms.cd[lon ? 1 : 3], '[deg/pixel]')
    }
    const crpix = axis === xAxis ? terms.crpix[0] : axis === yAxis ? terms.crpix[1] : other?.crpix
    if (crpix !== undefined) add(`CRPIX${axis}`, crpix, '[pixel] Reference pixel, the first is 1')
  }
  if (frame.name in systems) {
    if (terms.frameNamed) add('RADESYS', systems[frame.name])
    if ('equinox' in frame) add('EQUINOX', frame.equinox)
  } else if ('equinox' in frame) add('EQUINOX', frame.equinox)
  if (terms.native) {
    if (terms.offset) add(`PV${lonAxis}_0`, 1)
    terms.native.forEach((value, i) => add(`PV${lonAxis}_${i + 1}`, value, '[deg] Native reference point'))
  }
  if (terms.lonpole !== null) add('LONPOLE', terms.lonpole, '[deg] Native longitude of the celestial pole')
  if (terms.latpole !== null) add('LATPOLE', terms.latpole, '[deg] Native latitude of the celestial pole')
  if (code !== 'ZPX') terms.pv.forEach((value, m) => add(`PV${latAxis}_${m}`, value))
  if (distortion?.kind === 'sip') {
    const { a, b, ap, bp } = distortion
    cards.push(...sipCards('A', a), ...sipCards('B', b))
    if (ap && bp) cards.push(...sipCards('AP', ap), ...sipCards('BP', bp))
  } else if (distortion?.kind === 'tpv') {
    for (const [axis, pv] of [
      [lonAxis, distortion.lon],
      [latAxis, distortion.lat],
    ] as const)
      pv.forEach((value, m) => {
        if (value !== 0 || m === 1) add(`PV${axis}_${m}`, value)
      })
  } else if (distortion?.kind === 'iraf') cards.push(...irafCards(terms, name))
  return cards
}

function sipCards(prefix: string, { order, coefficients }: SipPolynomial): Card[] {
  const cards = [card(`${prefix}_ORDER`, order)]
  for (let p = 0; p <= order; p++)
    for (let q = 0; p + q <= order; q++) {
      const value = coefficients[p * (order + 1) + q]
      if (value !== 0) cards.push(card(`${prefix}_${p}_${q}`, value))
    }
  return cards
}

function irafCards(terms: WcsTerms, name: string): Card[] {
  if (terms.distortion?.kind !== 'iraf') return []
  const projp =
    name === 'ZPX'
      ? terms.pv.map((value, m) => (value !== 0 || m === 1 ? `projp${m}=${irafNumber(value)} ` : '')).join('')
      : ''
  const cards = [card('WAT0_001', 'system=image')]
  const rows = [
    [terms.lonAxis, 'ra', 'lngcor', terms.distortion.lon],
    [terms.latAxis, 'dec', 'latcor', terms.distortion.lat],
  ] as const
  for (const [axis, kind, word, surface] of rows) {
    const correction = surface ? `${word} = "${irafText(surface)} "` : ''
    const text = `wtype=${name.toLowerCase()} axtype=${kind} ${projp}${correction}`
    for (let at = 0; at < text.length; at += 68) {
      const number = String(at / 68 + 1).padStart(3, '0')
      cards.push(card(`WAT${axis}_${number}`, text.slice(at, at + 68)))
    }
  }
  return cards
}

/** WCSLIB reads whole numbers only with a point, and a surface only with a blank at its end, as IRAF writes them. */
function irafNumber(value: number): string {
  return Number.isInteger(value) ? `${value}.` : String(value)
}

function irafText({ kind, xOrder, yOrder, crossTerms, range, coefficients }: IrafSurface): string {
  const number = { chebyshev: 1, legendre: 2, polynomial: 3 }[kind]
  const cross = { none: 0, full: 1, half: 2 }[crossTerms]
  return [number, xOrder, yOrder, cross, ...range, ...coefficients].map(irafNumber).join(' ')
}

/** True for keywords that say the WCS of a letter, so that a header can be given another. */
function isWcsKeyword(keyword: string, alternate: string): boolean {
  if (!keyword.endsWith(alternate)) return false
  const name = keyword.slice(0, keyword.length - alternate.length)
  if (
    /^(WCSAXES|RADESYS|EQUINOX|LONPOLE|LATPOLE|C(TYPE|UNIT|RVAL|DELT|ROTA|RPIX)\d|(CD|PC|PV)\d_\d{1,2}|(CD|PC)\d{6})$/.test(
      name,
    )
  )
    return true
  return (
    alternate === '' && /^(RADECSYS|EPOCH|WAT\d_\d{3}|[AB]P?_(ORDER|DMAX)|[AB]P?_\d_\d|WCSDIM)$/.test(name)
  )
}

/** The cards of a header with this WCS in the place of the one it had (of the same letter). Non-celestial axes stay as they were. */
export function replaceWcs(cards: readonly Card[], wcs: Wcs): Card[] {
  const { alternate, others } = wcs.terms
  const kept: Card[] = []
  let place = -1
  for (const each of cards) {
    if (isWcsKeyword(each.keyword, alternate)) {
      if (place < 0) place = kept.length
    } else kept.push(each)
  }
  const had = new Map(cards.map((each) => [each.keyword, each]))
  const lost = others.length === 0 ? otherAxes(had, wcs) : []
  kept.splice(place < 0 ? kept.length : place, 0, ...wcsCards(wcs), ...lost)
  return kept
}

/** Axes beyond a two-axis WCS that is written into the header of a cube. */
function otherAxes(had: ReadonlyMap<string, Card>, { terms }: Wcs): Card[] {
  const found: Card[] = []
  for (let axis = terms.axes + 1; axis <= 9; axis++)
    for (const name of ['CTYPE', 'CUNIT', 'CRPIX', 'CRVAL']) {
      const each = had.get(`${name}${axis}${terms.alternate}`)
      if (each) found.push(each)
    }
  return found
}
