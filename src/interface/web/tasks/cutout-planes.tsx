import { useEffect, useMemo, useRef, useState } from 'react'
import { textOf, numberOf } from '#science/fits/header.ts'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { paletteOf } from '#science/image/display/colour-maps.ts'
import { intervalOf, sampleOf, shadesOf } from '#science/image/display/stretch.ts'

interface Plane {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  /** Where the source lies on it. */
  readonly at: readonly [number, number] | null
}

const words: Readonly<Record<string, string>> = {
  IMAGE: 'frame',
  TEMPLATE: 'template',
  CONVOLVED: 'convolved',
  DIFF: 'difference',
  SDIFF: 'difference in σ',
  ERR: 'noise',
  MASK: 'mask',
  FOOTPRINT: 'objects',
  FILTERED: 'filtered',
  ADJUSTED: 'adjusted',
  SURVEY: 'survey',
}

/** Planes of a cut-out as pictures. Masks and footprints have the whole range, fluxes that of the sky. */
export function CutoutPlanes({ bytes, name, blink }: { bytes: Uint8Array; name: string; blink: boolean }) {
  const planes = useMemo(() => planesOf(bytes), [bytes])
  const [shown, setShown] = useState(0)
  const fluxes = planes.filter((plane) => !/MASK|FOOTPRINT|ERR/.test(plane.name))
  useEffect(() => {
    if (!blink) return
    const timer = setInterval(() => setShown((old) => old + 1), 600)
    return () => clearInterval(timer)
  }, [blink])
  if (planes.length === 0) return <p className="dim">The cut-out holds no picture.</p>
  if (blink && fluxes.length > 0) {
    const plane = fluxes[shown % fluxes.length]!
    return (
      <div className="planes blink">
        <Picture plane={plane} of={name} large />
      </div>
    )
  }
  return (
    <div className="planes">
      {planes.map((plane) => (
        <Picture key={plane.name} plane={plane} of={name} />
      ))}
    </div>
  )
}

function Picture({ plane, of, large }: { plane: Plane; of: string; large?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const title = words[plane.name] ?? plane.name.toLowerCase().replace(/(?<=frame)(?=\d)/, ' ')
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    context?.putImageData(new ImageData(plane.pixels, plane.width, plane.height), 0, 0)
  }, [plane])
  const { at, width, height } = plane
  return (
    <figure className={large ? 'large' : undefined}>
      <div className="plane">
        <canvas ref={canvas} width={width} height={height} role="img" aria-label={`${of}: ${title}`} />
        {at && (
          <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
            {/* Beside the source, not over it. */}
            <path
              d={`M${at[0] + 0.5 + width * 0.08},${height - at[1] - 0.5}h${width * 0.1}M${at[0] + 0.5},${height - at[1] - 0.5 - height * 0.08}v${-height * 0.1}`}
              stroke="var(--cat1)"
              strokeWidth={width / 60}
            />
          </svg>
        )}
      </div>
      <figcaption>{title}</figcaption>
    </figure>
  )
}

function planesOf(bytes: Uint8Array): Plane[] {
  const { hdus } = openFits(bytes)
  const [x, y] = [numberOf(hdus[0]!.header, 'X'), numberOf(hdus[0]!.header, 'Y')]
  return hdus.flatMap((hdu): Plane[] => {
    if (hdu.kind !== 'image' || hdu.shape.length < 2) return []
    const name = (textOf(hdu.header, 'EXTNAME') ?? `plane ${hdu.index}`).toUpperCase()
    const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
    const data = Float32Array.from(readImage(bytes, hdu).data as ArrayLike<number>)
    const sorted = sampleOf(data).sort()
    const whole = /MASK|FOOTPRINT/.test(name)
    const interval = intervalOf(
      sorted,
      whole ? { by: 'percentile', low: 0, high: 100 } : { by: 'percentile', low: 1, high: 99.5 },
    )
    const shades = shadesOf(data, interval, 'linear')
    const palette = paletteOf('grey')
    const pixels = new Uint8ClampedArray(4 * width * height)
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const shade = shades[row * width + column]!
        pixels.set(palette.subarray(4 * shade, 4 * shade + 4), 4 * ((height - 1 - row) * width + column))
      }
    const at = cornerOf(x, y, width, height)
    return [{ name, width, height, pixels, at }]
  })
}

/** A source lies in the middle of its cut-out unless the edge of the frame cut it. */
function cornerOf(
  x: number | undefined,
  y: number | undefined,
  width: number,
  height: number,
): [number, number] | null {
  if (x === undefined || y === undefined) return null
  const half = (Math.max(width, height) - 1) / 2
  if (width !== height) return null
  return [half + x - Math.round(x), half + y - Math.round(y)]
}
