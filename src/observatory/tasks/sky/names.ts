import { ask, type Asking } from './asking.ts'
import type { Resolved } from './sources.ts'

/** Sesame: SIMBAD, then NED, then VizieR. Null where none knows the name. @throws Problem net.* */
export async function sesame(
  asking: Asking,
  url: string,
  name: string,
  signal: AbortSignal,
): Promise<Resolved | null> {
  const bytes = await ask(asking, 'names', `${url}/-ox/SNV?${encodeURIComponent(name)}`, { signal })
  const text = new TextDecoder().decode(bytes)
  const ra = /<jradeg>\s*([^<]+)<\/jradeg>/i.exec(text)?.[1]
  const dec = /<jdedeg>\s*([^<]+)<\/jdedeg>/i.exec(text)?.[1]
  if (ra === undefined || dec === undefined) return null
  const by = /<Resolver\s+name="([^"]+)"/i.exec(text)?.[1]?.replace(/^[A-Z]=/, '')
  return { name, ra: Number(ra), dec: Number(dec), by: by ? `Sesame (${by})` : 'Sesame' }
}

/** The TNS, through the resolver of Fink. @throws Problem net.* */
export async function finkTns(
  asking: Asking,
  url: string,
  name: string,
  signal: AbortSignal,
): Promise<Resolved | null> {
  const bytes = await ask(asking, 'names', `${url}/api/v1/resolver`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resolver: 'tns', name: name.replace(/^(AT|SN)\s*/i, '$1 '), nmax: 1 }),
    signal,
  })
  const rows = JSON.parse(new TextDecoder().decode(bytes)) as unknown
  const first = Array.isArray(rows) ? (rows[0] as Record<string, unknown> | undefined) : undefined
  const [ra, dec] = [Number(first?.['d:ra'] ?? Number.NaN), Number(first?.['d:declination'] ?? Number.NaN)]
  return Number.isFinite(ra) && Number.isFinite(dec) ? { name, ra, dec, by: 'TNS (Fink)' } : null
}
