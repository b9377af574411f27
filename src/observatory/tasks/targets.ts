import { isProblem } from '#problem.ts'
import { parseDirection } from '#science/sky/angles.ts'
import type { SkySources } from './sky/sources.ts'
import type { Target } from './task.ts'

/** Targets as people write them: one per line, a name, coordinates, or a pixel. */

export interface TargetLine {
  readonly text: string
  readonly kind: 'pixel' | 'sky' | 'name'
  readonly x?: number
  readonly y?: number
  readonly ra?: number
  readonly dec?: number
}

const number = String.raw`[+-]?\d+(?:\.\d*)?`
const pixelForm = new RegExp(String.raw`^x\s*=\s*(${number})[\s,;]+y\s*=\s*(${number})$`, 'i')

/** Reads the lines; empty ones and "None" are nothing. Pixels are FITS pixels, 1-based. */
export function readTargets(text: string): TargetLine[] {
  return text
    .split(/[\n;]/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(none|null|undefined)$/i.test(line))
    .map((line): TargetLine => {
      const pixel = pixelForm.exec(line)
      if (pixel) return { text: line, kind: 'pixel', x: Number(pixel[1]), y: Number(pixel[2]) }
      try {
        const { ra, dec } = directionIn(line)
        return { text: line, kind: 'sky', ra, dec }
      } catch (error) {
        if (!isProblem(error)) throw error
        return { text: line, kind: 'name' }
      }
    })
}

function directionIn(line: string): { ra: number; dec: number } {
  const found = parseDirection(line)
  return { ra: found.ra, dec: found.dec }
}

/** Finds where the targets are. What no service knows, or cannot be asked, is said and left out. */
export async function resolveTargets(
  lines: readonly TargetLine[],
  sky: Pick<SkySources, 'resolve'>,
  options: { signal: AbortSignal; log: (line: string) => void; warn: (line: string) => void },
): Promise<Target[]> {
  const found: Target[] = []
  for (const { text, kind, x, y, ra, dec } of lines) {
    if (kind === 'pixel') found.push({ name: text, ra: null, dec: null, x: x!, y: y!, resolver: null })
    else if (kind === 'sky') found.push({ name: text, ra: ra!, dec: dec!, x: null, y: null, resolver: null })
    else {
      try {
        const resolved = await sky.resolve(text, options)
        if (resolved)
          found.push({
            name: text,
            ra: resolved.ra,
            dec: resolved.dec,
            x: null,
            y: null,
            resolver: resolved.by,
          })
        else options.warn(`Nobody knows the target "${text}"; write its coordinates instead.`)
      } catch (error) {
        if (!isProblem(error) || options.signal.aborted) throw error
        options.warn(
          `The target "${text}" could not be looked up (${error.message}) Write its coordinates, or run the step again.`,
        )
      }
    }
  }
  return found
}
