/** SIP keywords (Shupe et al. 2005): A_p_q, B_p_q, and the approximate inverse AP_p_q, BP_p_q. */
import { Problem } from '#problem.ts'
import type { Keywords } from './keywords.ts'
import type { Distortion, SipPolynomial } from './terms.ts'

/** Beyond the ninth order nothing sensible is fitted, and A_p_q has no more digits. */
const mostOrder = 9

function polynomialOf(keywords: Keywords, prefix: string): SipPolynomial | undefined {
  const keyword = `${prefix}_ORDER`
  const order = keywords.number(keyword)
  if (order === undefined) return undefined
  if (!Number.isInteger(order) || order < 0 || order > mostOrder) {
    throw new Problem(
      'wcs.invalid',
      `${keyword} = ${order} is no order of a SIP polynomial; it must be a whole number from 0 to ${mostOrder}.`,
      { keyword },
    )
  }
  const coefficients = Array.from({ length: (order + 1) ** 2 }, () => 0)
  for (let p = 0; p <= order; p++)
    for (let q = 0; p + q <= order; q++)
      coefficients[p * (order + 1) + q] = keywords.number(`${prefix}_${p}_${q}`) ?? 0
  return { order, coefficients }
}

/** The SIP distortion of a header, or null. `named`: CTYPE ends in -SIP. SIP belongs to the primary WCS alone. */
export function readSip(keywords: Keywords, named: boolean): Distortion | null {
  if (keywords.alternate) return null
  const a = polynomialOf(keywords, 'A')
  const b = polynomialOf(keywords, 'B')
  if (!a && !b) {
    if (named) keywords.repairs.push('CTYPE says -SIP, but there is no A_ORDER or B_ORDER; taken without.')
    return null
  }
  if (!a || !b) {
    const keyword = a ? 'B_ORDER' : 'A_ORDER'
    throw new Problem(
      'wcs.invalid',
      `The header has SIP coefficients for one axis only; ${keyword} is missing.`,
      {
        keyword,
      },
    )
  }
  if ([...a.coefficients, ...b.coefficients].every((c) => c === 0)) return null
  if (!named)
    keywords.repairs.push(
      'CTYPE does not end in -SIP, but SIP coefficients are given; they are applied, as astropy does.',
    )
  const ap = polynomialOf(keywords, 'AP')
  const bp = polynomialOf(keywords, 'BP')
  return { kind: 'sip', a, b, ...(ap && bp ? { ap, bp } : {}) }
}
