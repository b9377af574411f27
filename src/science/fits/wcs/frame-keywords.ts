/** Which celestial frame a header means: CTYPE, RADESYS, EQUINOX (Calabretta & Greisen 2002, §3.1). */
import { Problem } from '#problem.ts'
import { valueOf } from '#science/fits/header.ts'
import type { Keywords } from './keywords.ts'
import type { SkyFrame, WcsTerms } from './terms.ts'

/** EQUINOX, also as 'J2000' and under its older name EPOCH; undefined where it says nothing usable. */
function equinoxOf(keywords: Keywords): number | undefined {
  const name = keywords.has('EQUINOX') || keywords.alternate ? 'EQUINOX' : 'EPOCH'
  const keyword = name + keywords.alternate
  const value = valueOf(keywords.header, keyword)
  if (value === undefined) return undefined
  const text = String(value).trim()
  const match = /^[JB]?\s*(\d+(\.\d*)?)$/i.exec(text)
  const year = match ? Number(match[1]) : NaN
  if (year >= 1800 && year <= 2200) {
    if (typeof value === 'string') keywords.repairs.push(`${keyword} is text ('${text}'); taken as ${year}.`)
    return year
  }
  if (text !== '') keywords.repairs.push(`${keyword} = ${text.slice(0, 20)} is no year; ignored.`)
  return undefined
}

/** RADESYS, also under its older name RADECSYS. */
function systemOf(keywords: Keywords): string | undefined {
  const name = keywords.text('RADESYS') === undefined && !keywords.alternate ? 'RADECSYS' : 'RADESYS'
  const said = keywords.text(name)?.toUpperCase()
  if (said === undefined) return undefined
  if (['ICRS', 'FK5', 'FK4', 'FK4-NO-E'].includes(said)) return said
  const keyword = name + keywords.alternate
  if (said === 'GAPPT' || said.startsWith('APP')) {
    throw new Problem(
      'wcs.unsupported',
      `${keyword} = '${said}' means apparent places of the day, which cannot be turned into ICRS here; solve the field anew.`,
      { keyword },
    )
  }
  const alias = { J2000: 'FK5', 'FK5/J2000': 'FK5', B1950: 'FK4' }[said]
  keywords.repairs.push(
    alias
      ? `${keyword} is '${said}'; taken as ${alias}.`
      : `${keyword} = '${said.slice(0, 20)}' names no frame; ignored.`,
  )
  return alias
}

/** Frame of the pair of coordinates. @throws Problem wcs.invalid, wcs.unsupported */
export function frameOf(
  keywords: Keywords,
  lon: string,
  lat: string,
): Pick<WcsTerms, 'frame' | 'frameNamed'> {
  const pairs: Record<string, string> = { RA: 'DEC', GLON: 'GLAT', ELON: 'ELAT', SLON: 'SLAT' }
  const lonOfPair = lon.replace('LAT', 'LON')
  if (!(lonOfPair in pairs)) {
    throw new Problem(
      'wcs.unsupported',
      `CTYPE names the coordinates ${lon} and ${lat}; only RA/DEC, galactic, ecliptic and supergalactic ones become ICRS here.`,
      { keyword: 'CTYPE' },
    )
  }
  if (pairs[lon] !== lat) {
    throw new Problem('wcs.invalid', `CTYPE pairs ${lon} with ${lat}, which do not belong together.`, {
      keyword: 'CTYPE',
    })
  }
  if (lon === 'GLON') return { frame: { name: 'galactic' }, frameNamed: true }
  if (lon === 'SLON') return { frame: { name: 'supergalactic' }, frameNamed: true }
  const equinox = equinoxOf(keywords)
  if (lon === 'ELON') return { frame: { name: 'ecliptic', equinox: equinox ?? 2000 }, frameNamed: true }
  const said = systemOf(keywords)
  const system = said ?? (equinox === undefined ? 'ICRS' : equinox < 1984 ? 'FK4' : 'FK5')
  const frameNamed = said !== undefined || equinox !== undefined
  const frame: SkyFrame =
    system === 'ICRS'
      ? { name: 'icrs' }
      : system === 'FK5'
        ? { name: 'fk5', equinox: equinox ?? 2000 }
        : { name: system === 'FK4' ? 'fk4' : 'fk4-no-e', equinox: equinox ?? 1950 }
  return { frame, frameNamed }
}
