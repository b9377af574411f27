import { Problem } from '#problem.ts'
import { formatDec, formatRa, parseAngle, parseDeclination } from '#science/sky/angles.ts'
import { ask, type Asking } from './asking.ts'
import type { Cone, Mover } from './sources.ts'

/** Widest cone of the form, arcminutes. */
const mostRadius = 300
const faintest = 25

/**
 * Minor planets and comets in a cone at a time, from the MPChecker of the Minor Planet Center, seen from the geocentre: the
 * form that its page sends, and the listing of the page that it answers with. Positions are rounded to 1″.
 * @throws Problem `net.*`; `catalogue.invalid` with what it said instead
 */
export async function mpchecker(
  asking: Asking,
  url: string,
  { ra, dec, radiusDeg }: Cone,
  mjd: number,
  signal: AbortSignal,
): Promise<Mover[]> {
  const radius = Math.max(5, Math.ceil(radiusDeg * 60))
  if (radius > mostRadius)
    throw new Problem(
      'catalogue.invalid',
      `The MPChecker answers for cones of ${mostRadius}′ at most, and the frame's is ${radius}′; crop the frame.`,
    )
  const date = new Date((mjd - 40_587) * 86_400_000)
  const day = date.getUTCDate() + (mjd - Math.floor(mjd))
  const form = new URLSearchParams({
    year: String(date.getUTCFullYear()),
    month: String(date.getUTCMonth() + 1).padStart(2, '0'),
    day: day.toFixed(5).padStart(8, '0'),
    which: 'pos',
    ra: formatRa(ra, { digits: 2 }).replaceAll(':', ' '),
    decl: formatDec(dec, { digits: 1 }).replaceAll(':', ' '),
    TextArea: '',
    radius: String(radius),
    limit: faintest.toFixed(1),
    oc: '500',
    sort: 'd',
    mot: 'h',
    tmot: 's',
    pdes: 'u',
    needed: 'f',
    ps: 'n',
    type: 'p',
  })
  const bytes = await ask(asking, 'movers', url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
    // It only reads.
    retries: 2,
    signal,
    check: (answer) => void listed(answer),
  })
  return listed(bytes)
}

/** Designation, position and, where it is told, V of one line. */
const line =
  /^\s*(\S.*?)\s+(\d\d \d\d \d\d(?:\.\d+)?) ([+-]\d\d \d\d \d\d(?:\.\d+)?)(?:\s{1,3}(\d{1,2}\.\d))?\s+\d+\.\d[EW]/

function listed(bytes: Uint8Array): Mover[] {
  const text = new TextDecoder().decode(bytes)
  const listing = /<pre>([\s\S]*?)<\/pre>/i.exec(text)?.[1]
  if (listing === undefined || !listing.includes('Object designation')) {
    if (/No known minor planets/i.test(text)) return []
    const said = text
      .replaceAll(/<[^>]*>?/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim()
    throw new Problem(
      'catalogue.invalid',
      `The MPChecker did not answer with a list${said === '' ? '' : ` ("${said.slice(0, 150)}")`}.`,
    )
  }
  return listing.split('\n').flatMap((each): Mover[] => {
    const found = line.exec(each)
    if (!found) return []
    const [, name = '', ra = '', dec = '', mag] = found
    return [
      {
        name: name.replaceAll(/\s+/g, ' '),
        ra: parseAngle(ra, 'hours'),
        dec: parseDeclination(dec),
        mag: mag === undefined ? null : Number(mag),
        errorArcsec: null,
      },
    ]
  })
}
