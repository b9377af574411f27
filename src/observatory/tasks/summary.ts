import type { Findings, Measured } from './findings.ts'

/** What came out of a frame, in a few lines for people. */
export function summaryOf(result: {
  file: string
  folder?: string
  findings?: Findings
  products?: readonly string[]
  problem?: { message: string }
}): string[] {
  const { file, findings, problem } = result
  if (problem) return [`${file}: ${problem.message}`]
  const lines = [file]
  const { inspect, photometry, transients, subtraction, stack } = findings ?? {}
  if (stack)
    lines.push(
      `  stack        ${stack.frames} frames, ${stack.method}${stack.leftOut && stack.leftOut.length > 0 ? `; left out: ${stack.leftOut.join(', ')}` : ''}`,
    )
  if (inspect) {
    const { width, height, masked, filter, field } = inspect
    lines.push(
      `  frame        ${width} × ${height} pixels, ${filter.value}${filter.from === 'assumed' ? ' (assumed: the header says none)' : ''}, ${((100 * masked.masked) / masked.pixels).toFixed(2)} % masked${field ? `, ${field.ra.toFixed(4)} ${field.dec.toFixed(4)}` : ''}`,
    )
  }
  if (photometry) {
    const { objects, field, zeroPoint, zeroPointErr, used, catalogue, limits, completeness } = photometry
    const fwhm = photometry.profileFwhm ?? photometry.fwhm
    lines.push(
      `  objects      ${objects}, FWHM ${fwhm.toFixed(2)} pixels (${(fwhm * field.pixelScaleArcsec).toFixed(2)}″)`,
    )
    lines.push(
      `  zero point   ${zeroPoint.toFixed(3)} ± ${zeroPointErr.toFixed(3)} mag from ${used} stars of ${catalogue}`,
    )
    const limit = limits.find(({ sn }) => sn === 5) ?? limits[0]
    if (limit?.mag !== null && limit !== undefined)
      lines.push(`  limit        ${limit.mag.toFixed(2)} mag at S/N ${limit.sn}`)
    if (completeness?.limit50)
      lines.push(
        `  completeness ${completeness.limit90 ? `90 % at ${completeness.limit90.magnitude.toFixed(2)} mag, ` : ''}50 % at ${completeness.limit50.magnitude.toFixed(2)} mag`,
      )
    for (const target of photometry.targets) lines.push(`  target       ${inWords(target)}`)
  }
  if (transients)
    lines.push(`  transients   ${transients.kept} candidates of ${transients.considered} objects`)
  if (subtraction) {
    lines.push(
      `  difference   ${subtraction.candidates} candidates (${subtraction.negative} fading) of ${subtraction.detections} detections, template ${subtraction.template}`,
    )
    for (const target of subtraction.targets)
      lines.push(`  target       ${inWords(target)} on the difference`)
  }
  if (result.folder !== undefined) lines.push(`  products     ${result.folder}`)
  return lines
}

/** `SN 2026abc  18.214 ± 0.021 mag`, or the limit. */
export function inWords({ name, mag, magErr, limit, sn }: Measured): string {
  if (mag !== null && magErr !== null && sn !== null && sn >= 3)
    return `${name}  ${mag.toFixed(3)} ± ${magErr.toFixed(3)} mag, S/N ${sn.toFixed(1)}`
  return limit === null ? `${name}  not measured` : `${name}  fainter than ${limit.toFixed(2)} mag`
}
