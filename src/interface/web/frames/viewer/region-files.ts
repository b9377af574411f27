import { useMemo, useState } from 'react'
import type { OpenPlane } from './planes.ts'
import type { Overlay } from './model.ts'
import { overlayFromRegions } from './regions-file.ts'

/** Region files that were laid over a viewer by hand. */

interface Kept {
  readonly name: string
  readonly content: string
}

/** What a tab keeps at most; larger files are gone after a reload. */
const mostKept = 1_000_000

export function useRegionFiles(
  keep: string | undefined,
  reference: OpenPlane | undefined,
): {
  overlays: readonly Overlay[]
  /** What of them is not drawn, and why. */
  notes: readonly string[]
  add: (file: File) => void
  remove: (id: string) => void
} {
  const place = keep === undefined ? null : `regions ${keep}`
  const [files, setFiles] = useState<readonly Kept[]>(() => keptAt(place))
  const change = (how: (old: readonly Kept[]) => readonly Kept[]) =>
    setFiles((old) => {
      const next = how(old)
      keepAt(place, next)
      return next
    })
  const { info = null, wcs = null } = reference ?? {}
  const read = useMemo(
    () =>
      info ? files.map(({ name, content }) => overlayFromRegions(name, content, wcs, info.physical)) : [],
    [files, info, wcs],
  )
  return {
    overlays: useMemo(() => read.map(({ overlay }) => overlay), [read]),
    notes: read.flatMap(({ skipped }) => skipped),
    add: (file) =>
      void file
        .text()
        .then((content) =>
          change((old) => [...old.filter(({ name }) => name !== file.name), { name: file.name, content }]),
        ),
    remove: (id) => change((old) => old.filter(({ name }) => `regions ${name}` !== id)),
  }
}

function keptAt(place: string | null): readonly Kept[] {
  try {
    return place === null ? [] : (JSON.parse(sessionStorage.getItem(place) ?? '[]') as Kept[])
  } catch {
    return []
  }
}

function keepAt(place: string | null, files: readonly Kept[]): void {
  if (place === null) return
  const text = JSON.stringify(files.filter(({ content }) => content.length < mostKept))
  try {
    if (files.length === 0) sessionStorage.removeItem(place)
    else sessionStorage.setItem(place, text)
  } catch {
    // A full tab keeps nothing; the overlay is there until the reload.
  }
}
