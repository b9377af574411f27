/**
 * What an engine is. For each piece of work that an external program may do (a port) there is a built-in engine and engines that run a
 * program; they take and give the same things: 0-based pixels, our flags and masks, NaN where there is no value.
 */
import type { z } from 'zod'
import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import type { Solution, SolveHints } from '#science/image/astrometry/solve.ts'
import type { Extraction, ExtractOptions } from '#science/image/detection/extract.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { PsfModel, PsfModelOptions } from '#science/image/psf/model.ts'
import type { Resampled, ResampleInput, ResampleTarget } from '#science/image/resample/resample.ts'
import type { Difference, SubtractInput, SubtractOptions } from '#science/image/subtract/options.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import type { Workshop } from '#science/image/workshop.ts'
import type { ProgramFacts } from '#platform/engines/find.ts'
import type { Scratch } from '#platform/engines/scratch.ts'

export interface DetectionWork {
  /** Loses its background. */
  readonly plane: Plane
  readonly options: Omit<ExtractOptions, 'overwrite' | 'measure' | 'measured' | 'noise'>
  readonly workshop: Workshop
}

export interface PsfWork {
  /** Without background. */
  readonly plane: Plane
  /** Stars, 0-based pixels. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly options: PsfModelOptions
}

export interface RefineWork {
  /** About right. */
  readonly terms: WcsTerms
  /** Detections, 0-based pixels, the most trusted first, and their fluxes. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly flux: Float64Array
  readonly fluxErr: Float64Array
  /** Stars of the catalogue, degrees ICRS. */
  readonly ra: Float64Array
  readonly dec: Float64Array
  readonly mag: Float64Array
  readonly width: number
  readonly height: number
  /** Error of a detection, and how far off the WCS may be, pixels. */
  readonly jitterPx: number
  readonly errorPx: number
  readonly order: number
}

export interface Refined {
  readonly terms: WcsTerms
  /** Pairs of detections and stars, and how far they are apart, pixels. */
  readonly stars: number
  readonly rmsPx: number
  readonly order: number
}

export interface SolveWork {
  /** Detections, 0-based pixels. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly flux: Float64Array
  readonly width: number
  readonly height: number
  /** Index files, tried in this order. */
  readonly indexes: readonly string[]
  readonly hints: SolveHints
  readonly order: number
  /** Seconds of work of one core after which the search is given up; of a program, by its own clock. */
  readonly seconds: number
}

export interface Solved {
  readonly solution: Solution
  readonly index: string
}

export interface WarpWork {
  readonly input: ResampleInput & { readonly wcs: Wcs }
  readonly target: ResampleTarget & { readonly wcs: Wcs }
  /** 'flux': a star keeps its sum of pixels; 'surface': the sky keeps its level. */
  readonly conserve: 'flux' | 'surface'
  readonly workshop: Workshop
}

export interface SubtractionWork {
  /** Without their backgrounds. */
  readonly science: SubtractInput
  readonly template: SubtractInput
  readonly options: SubtractOptions
  readonly workshop: Workshop
}

export interface Ports {
  /** Finds and measures sources. */
  detection: { work: DetectionWork; result: Extraction }
  /** Models the point spread. */
  psf: { work: PsfWork; result: PsfModel }
  /** Fits a WCS anew to a catalogue; null where too few stars are found again. */
  refine: { work: RefineWork; result: Refined | null }
  /** Finds the position from the pattern of stars. */
  solve: { work: SolveWork; result: Solved }
  /** Brings a picture to another grid. */
  warp: { work: WarpWork; result: Resampled }
  /** Subtracts a template. */
  subtraction: { work: SubtractionWork; result: Difference }
}
export type PortName = keyof Ports

/** What an engine is given besides its work. */
export interface Ground {
  /** Working folder of the task; scratch folders are made in it. */
  readonly folder: string
  /** Threads that may be used. */
  readonly hands: number
  readonly log: (line: string) => void
  /** How far a search has come. */
  readonly progress?: (done: number, total: number) => void
  /** Ends what runs; where it is left out, the end of the thread does. */
  readonly signal?: AbortSignal
}

/** What an engine that runs programs is given: a scratch folder, and its programs by the name people call them. */
export interface Bench extends Ground {
  readonly scratch: Scratch
  readonly programs: Readonly<Record<string, string>>
}

/** Options of a program by its own names; those that name files or servers are never among them. */
export type EngineSettings = Readonly<Record<string, string | number>>

interface EngineFacts<P extends PortName> {
  /** What configurations call it. */
  readonly key: string
  readonly port: P
  readonly title: string
}

export interface BuiltinEngine<P extends PortName> extends EngineFacts<P> {
  readonly key: 'builtin'
  run(work: Ports[P]['work'], ground: Ground): Promise<Ports[P]['result']> | Ports[P]['result']
}

export interface ProgramEngine<P extends PortName> extends EngineFacts<P> {
  /** All of them are needed. */
  readonly programs: readonly ProgramFacts[]
  /** What may be set of it. */
  readonly settings: z.ZodType<EngineSettings>
  run(work: Ports[P]['work'], settings: EngineSettings, bench: Bench): Promise<Ports[P]['result']>
}

export type Engine<P extends PortName> = BuiltinEngine<P> | ProgramEngine<P>

/** Of a mask that may be absent: true where the pixel is good and has a value. */
export function isUsable({ data }: Plane, mask: Mask | null | undefined, i: number): boolean {
  return Number.isFinite(data[i]) && (!mask || mask.data[i] === 0)
}
