import { useEffect } from 'react'
import { get } from '#interface/web/api/client.ts'
import { bytes } from '#interface/web/pieces/format.ts'
import { SentBar } from '#interface/web/pieces/sent-bar.tsx'
import type { Sent } from '#interface/web/pieces/uploader.ts'
import type { Frame } from '#observatory/frames/frame.ts'

/** One frame to be: a file that is to be sent, or a frame that is here. */
export interface Entry {
  key: string
  name: string
  size: number | null
  file: File | null
  sha256: string | null
  sent: Sent | null
  error: Error | null
}

export function entryOf(part: Partial<Entry> & { name: string }): Entry {
  return {
    key: `${part.name} ${part.size ?? ''} ${part.sha256 ?? ''}`,
    size: null,
    file: null,
    sha256: null,
    sent: null,
    error: null,
    ...part,
  }
}

export function EntryRow({ entry, busy, remove }: { entry: Entry; busy: boolean; remove: () => void }) {
  const { name, size, sent, sha256, file, error } = entry
  return (
    <li>
      <span className="entry-name">{name}</span>
      <span className="dim number">{size === null ? '' : bytes(size)}</span>
      <span className="dim">
        {sha256 !== null ? (
          file ? (
            'sent'
          ) : (
            'is here'
          )
        ) : sent && size ? (
          <SentBar name={name} size={size} sent={sent} />
        ) : (
          ''
        )}
      </span>
      <button
        type="button"
        className="link-button"
        disabled={busy}
        aria-label={`Leave out ${name}`}
        onClick={remove}
      >
        leave out
      </button>
      {error && (
        <span className="entry-error">{error.message} Press the button again: what was sent is kept.</span>
      )}
    </li>
  )
}

/** Names of frames that came with the address as hashes. */
export function useNames(
  frames: string | undefined,
  set: (change: (old: readonly Entry[]) => readonly Entry[]) => void,
): void {
  useEffect(() => {
    for (const sha256 of (frames ?? '').split(',').filter(Boolean))
      get<Frame>(`/frames/${sha256}`)
        .then((frame) =>
          set((old) =>
            old.map((one) =>
              one.sha256 === sha256 ? { ...one, name: frame.name, size: frame.byteLength } : one,
            ),
          ),
        )
        .catch((error: unknown) =>
          set((old) =>
            old.map((one) =>
              one.sha256 === sha256
                ? { ...one, error: error instanceof Error ? error : new Error(String(error)) }
                : one,
            ),
          ),
        )
  }, [frames, set])
}
