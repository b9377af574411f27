import { formatIso } from '#science/sky/iso.ts'
import { moment } from '#science/sky/time.ts'
import type { Examined } from './examine.ts'
import type { Facts, Frame } from './frame.ts'

/** A frame in words, for the terminal. */

type Out = (line?: string) => void

function row(out: Out, label: string, value: string | null, from?: string, why?: string): void {
  const words = value === null ? `not known${why ? `: ${why}` : ''}` : `${value}${from ? `  (${from})` : ''}`
  out(`${label.padEnd(12)}${words}`)
}

function quantity(value: number | null, unit: string): string | null {
  return value === null ? null : `${Number(value.toPrecision(8))}${unit ? ` ${unit}` : ''}`
}

export function describeExamined(
  file: { sha256: string; name: string; byteLength: number },
  { facts, images, main, footprint }: Omit<Examined, 'sky'>,
  out: Out,
): void {
  out(`${file.name}  (${file.byteLength} bytes, dialect ${facts.profiles.join(', ')})`)
  row(out, 'SHA-256', file.sha256)
  describeFacts(facts, out)
  if (footprint) {
    const [ra, dec] = footprint.centre
    row(
      out,
      'footprint',
      `centre ${ra.toFixed(6)}, ${dec.toFixed(6)} deg; radius ${footprint.radiusDeg.toFixed(4)} deg; ${footprint.areaDeg2.toPrecision(4)} deg²; ${footprint.pixelScaleArcsec.toPrecision(5)}″ per pixel`,
    )
  }
  out()
  for (const [i, image] of images.entries()) {
    const how = image.compressed === null ? '' : `, ${image.compressed}`
    const where = image.footprint ? `, ${image.footprint.projection}` : `, ${image.noFootprint}`
    const label = `HDU ${image.hdu}${image.name ? ` (${image.name})` : ''}`
    out(
      `${i === main ? '*' : ' '} ${label.padEnd(20)}${image.shape.join(' × ')}, BITPIX ${image.bitpix}${how}, ${image.role}${where}`,
    )
  }
  if (facts.doubts.length > 0) {
    out()
    for (const doubt of facts.doubts) out(`? ${doubt}`)
  }
}

function describeFacts(facts: Facts, out: Out): void {
  const { from, missing } = facts
  const words = ['telescope', 'instrument', 'object'] as const
  for (const name of words) row(out, name, facts[name], from[name], missing[name])
  row(out, 'kind', facts.kind, from.kind, missing.kind)
  const filter =
    facts.filterName === null ? null : `${facts.filter ?? 'no known band'}, "${facts.filterName}"`
  row(out, 'filter', filter, from.filter, missing.filter)
  row(out, 'time', timeText(facts), from.time, missing.time)
  row(out, 'exposure', quantity(facts.exposure, 's'), from.exposure, missing.exposure)
  row(out, 'gain', quantity(facts.gain, 'electron/adu'), from.gain, missing.gain)
  row(out, 'saturation', quantity(facts.saturation, 'adu'), from.saturation, missing.saturation)
  row(out, 'read noise', quantity(facts.readNoise, 'electron'), from.readNoise, missing.readNoise)
  row(out, 'airmass', quantity(facts.airmass, ''), from.airmass, missing.airmass)
  row(out, 'site', facts.site && siteText(facts.site), from.site, missing.site)
  const pointing = facts.pointing && `${facts.pointing.ra.toFixed(5)}, ${facts.pointing.dec.toFixed(5)} deg`
  row(out, 'pointing', pointing, from.pointing, missing.pointing)
  row(out, 'binning', facts.binning && facts.binning.join(' × '), from.binning, missing.binning)
  row(out, 'unit', facts.unit, from.unit, missing.unit)
  if (facts.pixels.form === 'asinh') row(out, 'pixels', 'asinh of the flux; read as flux')
}

function siteText({ name, longitudeDeg, latitudeDeg, heightM }: NonNullable<Facts['site']>): string {
  const place = `${longitudeDeg.toFixed(4)}, ${latitudeDeg.toFixed(4)} deg, ${heightM ?? '?'} m`
  return name === null ? place : `${name} (${place})`
}

function timeText({ time }: Facts): string | null {
  if (time === null) return null
  const iso = (mjd: number): string => formatIso(moment(mjd), 3)
  const middle = time.middle === null ? 'middle not known' : `middle ${iso(time.middle)}`
  return `${time.text}, ${time.place} of the exposure, ${time.scale.toUpperCase()}; ${middle}`
}

export function describeFrame(frame: Frame, out: Out): void {
  describeExamined(frame, frame, out)
  out()
  row(out, 'bytes', frame.inPlace ? `in place: ${frame.origin}` : `in the storage; from ${frame.origin}`)
  row(out, 'added', `${frame.addedAt} by ${frame.addedBy}`)
  row(out, 'groups', frame.groups.length > 0 ? frame.groups.join(', ') : 'none')
  if (frame.note !== null) row(out, 'note', frame.note)
}
