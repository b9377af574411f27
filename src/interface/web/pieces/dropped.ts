import { useEffect, useRef, useState } from 'react'

/**
 * Files and folders may be dropped anywhere on the page: beside a field a browser would leave the page and show the file.
 * @returns whether files are held over the page
 */
export function useDropped(take: (files: readonly File[]) => void): boolean {
  const [over, setOver] = useState(false)
  const latest = useRef(take)
  useEffect(() => {
    latest.current = take
  })
  useEffect(() => {
    const isFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
    const drag = (event: DragEvent) => {
      if (!isFile(event)) return
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false)
    }
    const drop = (event: DragEvent) => {
      if (!isFile(event)) return
      event.preventDefault()
      setOver(false)
      void filesOf(event.dataTransfer!).then((files) => {
        if (files.length > 0) latest.current(files)
      })
    }
    addEventListener('dragover', drag)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', drag)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  return over
}

/** What was dropped; of folders all that looks like a FITS file, in the order of the names. */
async function filesOf(data: DataTransfer): Promise<File[]> {
  // Both lists are empty after the first wait.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null)
  const plain = [...data.files]
  if (!entries.some((entry) => entry?.isDirectory)) return plain
  const found: File[] = []
  for (const entry of entries) if (entry) await walk(entry, found, false)
  return found
}

/** Whether a file of a folder is worth sending; what is not is left alone rather than refused. */
export const looksLikeFits = (name: string): boolean => /\.(fits?|fts|fz)(\.(gz|fz))?$/i.test(name)

async function walk(entry: FileSystemEntry, found: File[], inside: boolean): Promise<void> {
  if (entry.isFile) {
    if (!inside || looksLikeFits(entry.name))
      found.push(await new Promise<File>((done, wrong) => (entry as FileSystemFileEntry).file(done, wrong)))
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    // A folder is told in parts of a hundred; the last is empty.
    const part = await new Promise<FileSystemEntry[]>((done, wrong) => reader.readEntries(done, wrong))
    if (part.length === 0) break
    all.push(...part)
  }
  for (const one of all.toSorted((p, q) => p.name.localeCompare(q.name))) await walk(one, found, true)
}
