/**
 * RING numbering, at the edge of the program only: everything inside is NESTED. Letters as in `healpix.ts`
 * (Górski et al. 2005, §5.1): ring i from the north pole, pixel j in ring, Ncap pixels in a polar cap.
 */
import { Problem } from '#problem.ts'
import {
  checkOrder,
  faceColumn,
  faceOfPixel,
  faceRow,
  maxPlainOrder,
  pixelCount,
  pixelOfFace,
} from './healpix.ts'

/** RING number of a NESTED pixel, order ≤ 24. */
export function nestToRing(order: number, ipix: number): number {
  check(order, ipix)
  const { f, x, y } = faceOfPixel(order, ipix)
  const nside = 2 ** order
  const i = faceRow(f) * nside - x - y - 1
  let n = nside
  let before: number
  let s = 0
  if (i < nside) {
    n = i
    before = 2 * n * (n - 1)
  } else if (i > 3 * nside) {
    n = 4 * nside - i
    before = pixelCount(order) - 2 * (n + 1) * n
  } else {
    before = 2 * nside * (nside - 1) + (i - nside) * 4 * nside
    s = (i - nside) & 1
  }
  let j = (faceColumn(f) * n + x - y + 1 + s) / 2
  if (j > 4 * nside) j -= 4 * nside
  else if (j < 1) j += 4 * n
  return before + j - 1
}

/** NESTED number of a RING pixel, order ≤ 24. */
export function ringToNest(order: number, ipix: number): number {
  check(order, ipix)
  const nside = 2 ** order
  const cap = 2 * nside * (nside - 1)
  const count = pixelCount(order)
  let i: number
  let j: number
  let n = nside
  let s = 0
  let f: number
  if (ipix < cap) {
    i = ringOfCap(ipix)
    n = i
    j = ipix + 1 - 2 * i * (i - 1)
    f = Math.floor((j - 1) / n)
  } else if (ipix < count - cap) {
    const p = ipix - cap
    const row = Math.floor(p / (4 * nside))
    i = row + nside
    j = p - row * 4 * nside + 1
    s = row & 1
    // Edge lines through the pixel, as in locateZ, but in whole half pixels.
    const ire = row + 1
    const irm = 2 * nside + 1 - row
    const fm = Math.floor((j - Math.floor(ire / 2) + nside - 1) / nside)
    const fp = Math.floor((j - Math.floor(irm / 2) + nside - 1) / nside)
    f = fp === fm ? fp | 4 : fp < fm ? fp : fm + 8
  } else {
    const p = count - ipix - 1
    n = ringOfCap(p)
    i = 4 * nside - n
    j = 4 * n - (p - 2 * n * (n - 1))
    f = 8 + Math.floor((j - 1) / n)
  }
  const v = faceRow(f) * nside - i - 1
  let h = 2 * j - faceColumn(f) * n - s - 1
  if (h >= 2 * nside) h -= 8 * nside
  return pixelOfFace(order, f, (v + h) / 2, (v - h) / 2)
}

/** Ring of pixel `p` of the northern cap: the largest i with 2 i (i − 1) ≤ p. */
function ringOfCap(p: number): number {
  let i = Math.floor((1 + Math.sqrt(1 + 2 * p)) / 2)
  // The root of a number near 2⁵² may round across a whole number.
  if (2 * i * (i - 1) > p) i--
  else if (2 * i * (i + 1) <= p) i++
  return i
}

function check(order: number, ipix: number): void {
  checkOrder(order, maxPlainOrder)
  if (!(Number.isInteger(ipix) && ipix >= 0 && ipix < pixelCount(order))) {
    throw new Problem('healpix.pixel', `Pixel ${ipix} does not exist at order ${order}.`, {
      order,
      pixel: ipix,
    })
  }
}
