import type { Interval } from '#science/image/display/stretch.ts'
import type { PixelClient } from './client.ts'
import type { Look, PlaneSource } from './model.ts'
import type { TileAt } from './view.ts'

/** Coloured tiles of all planes of a viewer: at most so many, the least lately used given up first. */

/** One is a megabyte. */
const mostBitmaps = 96

interface Kept {
  bitmap: ImageBitmap | null
  /** How it was coloured. */
  look: string
  asked: { look: string; forget: () => void; round: number } | null
}

export interface Wanted {
  readonly source: PlaneSource
  readonly slice: number
  readonly look: Look
  readonly interval: Interval
}

export interface TileKeeper {
  /** The tile as it is there, perhaps coloured as before; asks for it where it is not as it should be. */
  tile(wanted: Wanted, at: TileAt): ImageBitmap | null
  /** Ends a round of drawing: what was asked for earlier and is no longer wanted is given up. True while tiles are on their way. */
  endRound(): boolean
  clear(): void
}

export function tileKeeper(client: PixelClient, onArrival: (problem: string | null) => void): TileKeeper {
  const all = new Map<string, Kept>()
  let round = 0
  const giveUp = (kept: Kept): void => {
    kept.asked?.forget()
    kept.bitmap?.close()
  }
  return {
    tile({ source, slice, look, interval }, at) {
      const key = `${JSON.stringify(source)} ${slice} ${at.level} ${at.column} ${at.row}`
      const { stretch, map, inverted, smooth } = look
      const name = `${stretch} ${map} ${inverted} ${smooth} ${interval.low} ${interval.high}`
      const kept = all.get(key) ?? { bitmap: null, look: '', asked: null }
      all.delete(key)
      all.set(key, kept)
      if (kept.look !== name && kept.asked?.look !== name) {
        kept.asked?.forget()
        const { done, forget } = client.tile(source, slice, at, { stretch, map, inverted, smooth }, interval)
        const asked = { look: name, forget, round }
        kept.asked = asked
        done.then(
          (bitmap) => {
            if (kept.asked !== asked) return bitmap.close()
            kept.bitmap?.close()
            kept.bitmap = bitmap
            kept.look = name
            kept.asked = null
            onArrival(null)
          },
          (error: unknown) => {
            if (kept.asked !== asked) return
            kept.asked = null
            // Not asked for again until the look changes.
            kept.look = name
            onArrival(error instanceof Error ? error.message : String(error))
          },
        )
      }
      if (kept.asked) kept.asked.round = round
      return kept.bitmap
    },
    endRound() {
      let open = false
      for (const kept of all.values()) {
        if (!kept.asked) continue
        if (kept.asked.round === round) open = true
        else {
          kept.asked.forget()
          kept.asked = null
        }
      }
      for (const [key, kept] of all) {
        if (all.size <= mostBitmaps) break
        giveUp(kept)
        all.delete(key)
      }
      round++
      return open
    },
    clear() {
      for (const kept of all.values()) giveUp(kept)
      all.clear()
    },
  }
}
