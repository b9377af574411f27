import type { ReactNode } from 'react'
import { Asked } from '#interface/web/pieces/value.tsx'
import type { FactName, Facts, Frame } from '#observatory/frames/frame.ts'

/** MJD (UTC) as milliseconds of the epoch. */
export function momentOf(mjd: number): number {
  return (mjd - 40_587) * 86_400_000
}

/** A fact with the keyword that said it, or that it is not stated, with the reason. */
export function Fact({ facts, name, children }: { facts: Facts; name: FactName; children: ReactNode }) {
  const from = facts.from[name]
  if (children === null || children === undefined || children === '') {
    const why = facts.missing[name]
    return why ? (
      <Asked source={{ method: why }}>
        <span className="dim">not stated</span>
      </Asked>
    ) : (
      <span className="dim">not stated</span>
    )
  }
  return from ? <Asked source={{ method: `As ${from} of the header says.` }}>{children}</Asked> : children
}

/** When the frame was taken, in milliseconds: the middle of the exposure, or the header's time where only that is known. */
export function takenAt({ facts: { time } }: Frame): number | null {
  const mjd = time?.middle ?? time?.mjd ?? null
  return mjd === null ? null : momentOf(mjd)
}

export const kindWords: Record<string, string> = {
  bias: 'bias',
  dark: 'dark',
  flat: 'flat field',
  arc: 'arc',
  object: 'object',
  stack: 'stack',
  difference: 'difference',
  mask: 'mask',
  other: 'other',
}

/** `2048 × 2048 pixels`, and how many more images the file holds. */
export function sizeText({ images, main }: Frame): string {
  const image = images[main]
  if (!image) return 'no image'
  const more = images.length - 1
  return `${image.shape.join(' × ')} pixels${more > 0 ? `, ${more} more ${more === 1 ? 'image' : 'images'}` : ''}`
}
