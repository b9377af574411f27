import { useState } from 'react'
import { address } from '#interface/web/api/client.ts'
import type { Frame } from '#observatory/frames/frame.ts'

/** A small picture of a frame. */
export function Thumbnail({ frame, side = 256 }: { frame: Frame; side?: number }) {
  const [failed, setFailed] = useState(false)
  if (failed) return <span className="frame-thumb dim">no picture</span>
  return (
    <img
      className="frame-thumb"
      loading="lazy"
      decoding="async"
      src={address(`/frames/${frame.sha256}/thumbnail.png`, side === 256 ? {} : { width: side })}
      alt=""
      onError={() => setFailed(true)}
    />
  )
}
