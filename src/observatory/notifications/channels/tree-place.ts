/**
 * Where a tree of files stands. Nothing is ever replaced unless it is what its tag says; a file is visible under its
 * name only when it is whole. Paths are relative, clean, separated by `/`.
 */
export interface TreePlace {
  /** For receipts and problems: `cloud.example.org`, `s3://bucket`, a path. */
  readonly name: string
  /** The folder that the tree stands in, where it can be made. */
  makeBase?(signal: AbortSignal): Promise<void>
  /** With those above it; one that exists is left as it is. */
  makeFolder(path: string, signal: AbortSignal): Promise<void>
  look(path: string, signal: AbortSignal): Promise<Found | null>
  read(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array>
  /** @returns its tag; null when something is there already. */
  create(path: string, file: NewFile, signal: AbortSignal): Promise<string | null>
  /** @returns its new tag; null when what is there is not what `tag` says. */
  replace(path: string, file: NewFile, tag: string, signal: AbortSignal): Promise<string | null>
}

export interface Found {
  /** Changes whenever the content does; empty when unknown. */
  tag: string
  byteLength: number
  isFolder: boolean
}

export interface NewFile {
  bytes: Uint8Array
  sha256: string
  mediaType: string
}
