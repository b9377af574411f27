import type { ColourMapName } from '#science/image/display/colour-maps.ts'
import type { DrawnMask } from '#science/image/preparation/mask-shapes.ts'
import type { PhysicalPixels } from '#science/image/display/regions.ts'
import type { IntervalRule, StretchName } from '#science/image/display/stretch.ts'

/** What the viewer is given and what it tells. Pixels are 0-based with whole numbers at pixel centres; sky is ICRS degrees. */

/** Where pixels come from: a frame of the room (levels made by the server), or any FITS file that serves ranges of bytes. */
export type PlaneSource =
  { readonly frame: string; readonly hdu?: number } | { readonly url: string; readonly hdu?: number }

export interface ViewerPlane {
  /** As the buttons and the readout call it: `science`, `difference`. */
  readonly name: string
  readonly source: PlaneSource
}

export const markShapes = [
  'dot',
  'cross',
  'plus',
  'circle',
  'ellipse',
  'box',
  'annulus',
  'polygon',
  'line',
  'text',
] as const
export type MarkShape = (typeof markShapes)[number]

export interface Mark {
  readonly on: 'pixel' | 'sky'
  readonly shape: MarkShape
  /** Centre; vertices of a polygon; ends of a line. */
  readonly points: readonly (readonly [number, number])[]
  /** Radius; radii of an annulus; half axes of an ellipse; width and height of a box. Pixels, or degrees on the sky. */
  readonly sizes?: readonly number[]
  /** Counter-clockwise from the x axis, of the pixels in either case. */
  readonly angleDeg?: number
  readonly label?: string
  readonly colour?: string
  /** Handed back by `onPick`. */
  readonly id?: string
}

/** Marks that are shown and hidden together. */
export interface Overlay {
  readonly id: string
  readonly name: string
  /** A CSS colour; default the next of the series. */
  readonly colour?: string
  readonly marks: readonly Mark[]
  /** Hidden until chosen. */
  readonly hidden?: boolean
}

/** The place that was clicked, and the mark within a few pixels of it. */
export interface Pick {
  readonly x: number
  readonly y: number
  readonly ra: number | null
  readonly dec: number | null
  readonly plane: number
  readonly mark: { readonly overlay: string; readonly mark: Mark } | null
}

/** A mask that is being drawn; `null` while there is none. */
export interface Drawing {
  readonly mask: DrawnMask
  readonly onChange: (mask: DrawnMask) => void
}

/** How pixels become colours. */
export interface Look {
  readonly stretch: StretchName
  readonly interval: IntervalRule
  readonly map: ColourMapName
  readonly inverted: boolean
  /** Width (σ) of the smoothing, pixels of the image. */
  readonly smooth: number
}

export const usualLook: Look = {
  stretch: 'asinh',
  interval: { by: 'percentile', low: 0.5, high: 99.5 },
  map: 'grey',
  inverted: false,
  smooth: 0,
}

/** Part of the image that is seen: the place at the middle, screen pixels per pixel, and how it is turned. */
export interface View {
  readonly x: number
  readonly y: number
  readonly zoom: number
  /** Radians, counter-clockwise. */
  readonly turn: number
  /** x grows to the left. */
  readonly mirrored: boolean
}

/** What a link can bring back. */
export interface ViewerState {
  readonly view: View | null
  readonly look: Look
  readonly plane: number
  /** Of a cube, from 0. */
  readonly slice: number
  readonly hdu: number | null
  readonly grid: boolean
  /** Overlays that were shown or hidden by hand. */
  readonly shown: Readonly<Record<string, boolean>>
}

/** What is known of an open image. */
export interface ImageInfo {
  readonly hdu: number
  readonly width: number
  readonly height: number
  /** Planes beyond the first two axes. */
  readonly slices: number
  readonly unit: string | null
  readonly levels: readonly { readonly level: number; readonly width: number; readonly height: number }[]
  /** Fraction of a sample that has a value. */
  readonly finite: number
  readonly least: number | null
  readonly most: number | null
  /** WCS as plain data, and why there is none. */
  readonly wcs: unknown
  readonly noWcs: string | null
  /** What region files call physical pixels. */
  readonly physical: PhysicalPixels
  readonly images: readonly {
    readonly hdu: number
    readonly name: string
    readonly shape: readonly number[]
  }[]
}
