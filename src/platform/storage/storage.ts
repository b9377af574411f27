/** SHA-256 of the bytes, 64 lower-case hexadecimal digits. */
export type Sha256 = string

export interface StoredBytes {
  sha256: Sha256
  byteLength: number
}

/**
 * Bytes by their SHA-256. `put` returns only when the bytes are durable (written, fsynced, renamed, folder fsynced);
 * putting the same bytes twice is one object. Rows that name a hash are written after `put` returned.
 */
export interface Storage {
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>, limits?: { maxBytes?: number }): Promise<StoredBytes>
  /** Whole content; a Problem `storage.missing` where it is absent. */
  get(sha256: Sha256): Promise<Uint8Array<ArrayBuffer>>
  /** A part, so that a reader of a large file fetches only what it needs. */
  slice(sha256: Sha256, start: number, end: number): Promise<Uint8Array<ArrayBuffer>>
  stream(sha256: Sha256): AsyncIterable<Uint8Array>
  size(sha256: Sha256): Promise<number | undefined>
  /**
   * Removes the bytes; the caller has made sure that no row names them. Bytes that were put (again) after `unlessPutSince`
   * stay: whoever put them is about to write a row.
   */
  remove(sha256: Sha256, options?: { unlessPutSince?: Date }): Promise<void>
  list(): AsyncIterable<StoredBytes>
  /**
   * Path of a file on this machine that holds the content, fetched where it is not here. It is to be opened soon and never
   * changed: of a remote storage it is a copy, which is removed when it was not used for long.
   */
  localFile(sha256: Sha256): Promise<string>
}
