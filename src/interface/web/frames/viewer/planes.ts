import { useEffect, useMemo, useState } from 'react'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import type { Wcs, WcsTerms } from '#science/fits/wcs/wcs.ts'
import type { Interval } from '#science/image/display/stretch.ts'
import type { PixelClient } from './client.ts'
import type { ImageInfo, Look, PlaneSource, ViewerPlane } from './model.ts'
import { localAffine, type Affine } from './view.ts'

/** A plane as it is known so far. */
export interface OpenPlane {
  readonly source: PlaneSource
  readonly slice: number
  readonly info: ImageInfo | null
  readonly wcs: Wcs | null
  readonly interval: Interval | null
  readonly problem: string | null
}

const sourceWith = (source: PlaneSource, hdu: number | undefined): PlaneSource =>
  hdu === undefined ? source : { ...source, hdu }

/** Opens the planes that are looked at, and finds black and white of each. `hdus` says another HDU by index of the plane. */
export function usePlanes(
  client: PixelClient,
  planes: readonly ViewerPlane[],
  {
    hdus,
    slice,
    look,
    needed,
  }: { hdus: Readonly<Record<number, number>>; slice: number; look: Look; needed: ReadonlySet<number> },
): readonly OpenPlane[] {
  const [infos, setInfos] = useState<
    Record<string, { info: ImageInfo; wcs: Wcs | null } | { problem: string }>
  >({})
  const [intervals, setIntervals] = useState<Record<string, Interval>>({})
  const rule = JSON.stringify(look.interval)
  const list = useMemo(
    () =>
      planes.map(({ source }, index) => {
        const chosen = sourceWith(source, hdus[index])
        return { source: chosen, name: JSON.stringify(chosen) }
      }),
    [planes, hdus],
  )
  const sliceOf = (name: string): number => {
    const known = infos[name]
    return known && 'info' in known ? Math.min(slice, known.info.slices - 1) : 0
  }
  useEffect(() => {
    let gone = false
    for (const [index, { source, name }] of list.entries()) {
      if (!needed.has(index)) continue
      const known = infos[name]
      if (!known) {
        client.open(source, 0).then(
          (info) => {
            if (gone) return
            const wcs = info.wcs === null ? null : wcsOf(info.wcs as WcsTerms)
            setInfos((old) => (old[name] ? old : { ...old, [name]: { info, wcs } }))
          },
          (error: unknown) => {
            const problem = error instanceof Error ? error.message : String(error)
            if (!gone) setInfos((old) => (old[name] ? old : { ...old, [name]: { problem } }))
          },
        )
        continue
      }
      if (!('info' in known)) continue
      const at = Math.min(slice, known.info.slices - 1)
      const key = `${name} ${at} ${rule}`
      if (intervals[key]) continue
      client.interval(source, at, look.interval).then(
        (interval) => !gone && setIntervals((old) => (old[key] ? old : { ...old, [key]: interval })),
        () => undefined,
      )
    }
    return () => {
      gone = true
    }
  }, [client, list, infos, intervals, slice, rule, look.interval, needed])
  return list.map(({ source, name }) => {
    const known = infos[name]
    const at = sliceOf(name)
    return {
      source,
      slice: at,
      info: known && 'info' in known ? known.info : null,
      wcs: known && 'info' in known ? known.wcs : null,
      interval: intervals[`${name} ${at} ${rule}`] ?? lately(intervals, `${name} ${at} `),
      problem: known && 'problem' in known ? known.problem : null,
    }
  })
}

/** While the new interval is on its way the one before stays. */
function lately(intervals: Readonly<Record<string, Interval>>, start: string): Interval | null {
  const key = Object.keys(intervals).findLast((each) => each.startsWith(start))
  return key === undefined ? null : intervals[key]!
}

/** How the pixels of one plane come to lie on those of another: by the sky where both know it and differ. */
export function alignment(
  plane: OpenPlane,
  reference: OpenPlane,
  at: readonly [number, number],
): { to: Affine; by: 'pixels' | 'sky' } {
  const identity = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }
  const [from, onto] = [plane.wcs, reference.wcs]
  if (!from || !onto || plane === reference || sameGrid(plane.info, reference.info))
    return { to: identity, by: 'pixels' }
  const [ra, dec] = onto.pixelToSky(...at)
  const here = Number.isFinite(ra) ? from.skyToPixel(ra, dec) : null
  const to =
    here &&
    localAffine(
      (x, y) => {
        const [a, d] = from.pixelToSky(x, y)
        return Number.isFinite(a) ? onto.skyToPixel(a, d) : null
      },
      here[0],
      here[1],
      16,
    )
  return to ? { to, by: 'sky' } : { to: identity, by: 'pixels' }
}

function sameGrid(one: ImageInfo | null, other: ImageInfo | null): boolean {
  return (
    one !== null &&
    other !== null &&
    one.width === other.width &&
    one.height === other.height &&
    JSON.stringify(one.wcs) === JSON.stringify(other.wcs)
  )
}
