/** What a store of objects elsewhere (S3, WebDAV) must do for `createRemoteStorage`. Keys are plain words with `/`. */
export interface Objects {
  /** For sentences: "the bucket frames on s3.example.org". */
  readonly label: string
  /** `modified` is the server's clock, to the second. Null where there is none. */
  head(key: string): Promise<{ byteLength: number; modified: Date } | null>
  /** Bytes from `start` to `end`, which lie in the object; null where there is none. */
  slice(key: string, start: number, end: number): Promise<Uint8Array<ArrayBuffer> | null>
  /** Puts `byteLength` bytes there, read in parts; the object appears whole or not at all, and is as new even if it was there. */
  put(key: string, byteLength: number, read: ReadPart): Promise<void>
  remove(key: string): Promise<void>
  list(prefix: string): AsyncIterable<{ key: string; byteLength: number }>
}

/** A part of what is put; may be asked for more than once. */
export type ReadPart = (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>

/** Milliseconds that so many bytes may take: a poor connection's, and the usual patience beside. */
export function patience(bytes: number): number {
  return 30_000 + bytes / 250
}
