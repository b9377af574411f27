import { Problem } from '#problem.ts'
import { ask, type Asking } from './asking.ts'
import type { Resolved } from './sources.ts'

/** Sesame: SIMBAD, then NED, then VizieR. Null where none knows the name. @throws Problem `net.*`, `catalogue.invalid` */
export async function sesame(
  asking: Asking,
  url: string,
  name: string,
  signal: AbortSignal,
): Promise<Resolved | null> {
  const bytes = await ask(asking, 'names', `${url}/-ox/SNV?${encodeURIComponent(name)}`, {
    signal,
    check: (answer) => {
      const text = new TextDecoder().decode(answer)
      if (!/<\/Sesame>/i.test(text)) throw noAnswer('Sesame', text)
    },
    // A name that is not known today may be tomorrow.
    worthKeeping: (answer) => placeIn(answer) !== null,
  })
  const place = placeIn(bytes)
  return place && { name, ...place }
}

function placeIn(bytes: Uint8Array): Omit<Resolved, 'name'> | null {
  const text = new TextDecoder().decode(bytes)
  const found = (tag: string): number =>
    Number(new RegExp(`<${tag}>\\s*([^<\\s]+)\\s*</${tag}>`, 'i').exec(text)?.[1] ?? Number.NaN)
  const [ra, dec] = [found('jradeg'), found('jdedeg')]
  if (!Number.isFinite(ra + dec)) return null
  const by = /<Resolver\s+name="(?:\w=)?([^"(]+)/i.exec(text)?.[1]?.trim()
  return { ra, dec, by: by ? `Sesame (${by})` : 'Sesame' }
}

/** The TNS, through the resolver of Fink. @throws Problem `net.*`, `catalogue.invalid` */
export async function finkTns(
  asking: Asking,
  url: string,
  name: string,
  signal: AbortSignal,
): Promise<Resolved | null> {
  const wanted = bare(name)
  const place = (bytes: Uint8Array): Resolved | null => {
    for (const row of rowsOf(bytes)) {
      const [ra, dec] = [Number(row['d:ra'] ?? Number.NaN), Number(row['d:declination'] ?? Number.NaN)]
      // The resolver also answers with names that begin alike.
      const names = ['d:fullname', 'd:internalname']
        .map((key) => row[key])
        .filter((each) => typeof each === 'string')
      const same = names.length === 0 || names.some((each) => bare(each).split(',').includes(wanted))
      if (same && Number.isFinite(ra + dec)) return { name, ra, dec, by: 'TNS (Fink)' }
    }
    return null
  }
  const bytes = await ask(asking, 'names', `${url}/api/v1/resolver`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resolver: 'tns', name: name.replace(/^(AT|SN)\s*/i, '$1 '), nmax: 10 }),
    // It only reads.
    retries: 2,
    signal,
    check: (answer) => void rowsOf(answer),
    worthKeeping: (answer) => place(answer) !== null,
  })
  return place(bytes)
}

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/\s+/g, '')
    .replace(/^(at|sn)(?=\d)/, '')

function rowsOf(bytes: Uint8Array): Record<string, unknown>[] {
  const text = new TextDecoder().decode(bytes)
  try {
    const rows: unknown = JSON.parse(text)
    if (Array.isArray(rows)) return rows as Record<string, unknown>[]
  } catch {
    // Said below, with what came instead.
  }
  throw noAnswer('Fink', text)
}

function noAnswer(who: string, text: string): Problem {
  const said = text
    .replaceAll(/<[^>]*>?/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 100)
  return new Problem(
    'catalogue.invalid',
    `${who} answered with something else than names${said === '' ? '' : ` ("${said}")`}; try again later, or give coordinates instead of a name.`,
  )
}
