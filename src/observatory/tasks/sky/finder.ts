import { filterNamed, filterOf, type FilterName } from '#science/image/calibration/filters.ts'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { mainHdu } from '#observatory/frames/images.ts'
import { ask, type Asking } from './asking.ts'
import { roundedCone } from './cone.ts'
import { firstOf, hipsQuery } from './hips.ts'
import { wholeFits } from './pictures.ts'
import type { Finder, FinderRequest } from './sources.ts'

interface FinderSurvey {
  readonly title: string
  readonly covers: (dec: number) => boolean
  readonly bands: Readonly<Partial<Record<FilterName, string>>>
}

const under = (folder: string, names: readonly FilterName[]): FinderSurvey['bands'] =>
  Object.fromEntries(names.map((name) => [name, `${folder}/${name}`]))

/** Surveys that show a place, those asked first first: deep ones where they are, and one that is everywhere. */
const surveys: readonly FinderSurvey[] = [
  {
    title: 'Pan-STARRS DR1',
    covers: (dec) => dec > -30,
    bands: under('CDS/P/PanSTARRS/DR1', ['g', 'r', 'i', 'z', 'y']),
  },
  {
    title: 'SkyMapper DR4',
    covers: (dec) => dec < 5,
    bands: under('CDS/P/Skymapper/DR4', ['g', 'r', 'i']),
  },
  {
    title: '2MASS',
    covers: () => true,
    bands: { J: 'CDS/P/2MASS/J', H: 'CDS/P/2MASS/H', Ks: 'CDS/P/2MASS/K' },
  },
]

/** Pixels of a side, at most: what is larger is asked for with larger pixels. */
const mostSide = 1_000

/**
 * A small picture around a place from the first survey that has values there, in the band nearest to the filter.
 * @throws Problem `net.*`; `task.no_template` for an answer that is no picture
 */
export async function surveyFinder(
  asking: Asking,
  urls: readonly string[],
  { pixelScaleArcsec, filter, signal, ...place }: FinderRequest,
): Promise<Finder | null> {
  const { ra, dec, radiusDeg } = roundedCone(place)
  // Frames of one telescope differ in the fifth digit of their scale, and shall ask the same question.
  const scaleDeg = Number(Math.max(pixelScaleArcsec / 3_600, (2 * radiusDeg) / mostSide).toPrecision(2))
  const side = 2 * Math.ceil(radiusDeg / scaleDeg)
  const check = wholeFits('hips2fits')
  for (const { title, band, id } of inOrder(filterNamed(filter).name, place.dec)) {
    const query = hipsQuery(id, { ra, dec, scaleDeg, side }).toString()
    const bytes = await firstOf(urls, (url) => ask(asking, 'finders', `${url}?${query}`, { signal, check }))
    if (hasValues(bytes)) return { bytes, from: `${title} ${band}` }
  }
  return null
}

/** Surveys that cover a declination; those with a band near the filter go first. */
function inOrder(filter: FilterName, dec: number): { title: string; band: string; id: string }[] {
  const wanted = filterOf(filter).templateBands
  return surveys
    .filter(({ covers }) => covers(dec))
    .map(({ title, bands }) => {
      const near = wanted.find((band) => bands[band] !== undefined)
      const band = near ?? (Object.keys(bands)[0] as FilterName)
      return { title, band, id: bands[band]!, near: near !== undefined }
    })
    .toSorted((a, b) => Number(b.near) - Number(a.near))
}

/** A survey answers with NaN, or with nothing but zeros, where it has not been. */
function hasValues(bytes: Uint8Array): boolean {
  const hdu = mainHdu(openFits(bytes).hdus)!
  const { data } = readImage(bytes, hdu)
  return (data as ArrayLike<number> & { some(test: (value: number) => boolean): boolean }).some(
    (value) => Number.isFinite(Number(value)) && Number(value) !== 0,
  )
}
