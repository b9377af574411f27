import type { Table } from '#science/table/table.ts'

/**
 * What the steps ask of the outside world. Local data come first; a service that cannot be reached is a Problem (`net.*`),
 * never an empty answer.
 */

export interface Cone {
  readonly ra: number
  readonly dec: number
  readonly radiusDeg: number
}

/**
 * Stars of a catalogue. Columns of every answer: `ra`, `dec` (deg, of the epoch asked for where the catalogue has proper
 * motions), and for each band it has `<band>mag` and `e_<band>mag`; NaN where a star has none.
 */
export interface StarAnswer {
  readonly table: Table
  /** Where it came from, in words: "gaiadr3syn of this observatory (version 2)", "ps1 of VizieR". */
  readonly from: string
  readonly bands: readonly string[]
  /** A table that a person gave instead of the catalogue. */
  readonly given?: boolean
}

export interface Resolved {
  readonly name: string
  readonly ra: number
  readonly dec: number
  /** Who knew it. */
  readonly by: string
}

/** A minor planet at the time of a frame. */
export interface Mover {
  readonly name: string
  readonly ra: number
  readonly dec: number
  readonly mag: number | null
  readonly errorArcsec: number | null
}

/** What of a picture is not data, in a file of the same size. */
export interface PictureMask {
  readonly file: string
  /** Pixels with any of these bits set, or `zero`: those of no weight, where the value is 0 or NaN. */
  readonly bad: number | 'zero'
}

/** Files of a picture in the work folder: FITS with WCS. */
export interface PictureFiles {
  readonly image: string
  readonly masks: readonly PictureMask[]
  /** Its pixels times this are on the flux scale that the pictures of one answer share. */
  readonly scale: number
}

/** A picture of the field that was brought. */
export interface TemplatePicture extends PictureFiles {
  readonly gain: number
  readonly saturation: number | null
  /** In words, for the log. */
  readonly from: string
  readonly filter: string
}

export interface PictureRequest {
  readonly cone: Cone
  readonly filter: string
  readonly pixelScaleArcsec: number
  /** Folder into which the files are put. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

/** A small picture of a survey around a place. */
export interface FinderRequest {
  readonly ra: number
  readonly dec: number
  /** What it holds at least, degrees, and its pixel. */
  readonly radiusDeg: number
  readonly pixelScaleArcsec: number
  readonly filter: string
  readonly signal: AbortSignal
}

/** FITS with WCS, north up. */
export interface Finder {
  readonly bytes: Uint8Array
  /** The survey and its band in words. */
  readonly from: string
}

export interface SkySources {
  /** A table of stars that a person gave; it answers for every catalogue, wherever the frame lies. */
  readonly given?: { readonly name: string; readonly table: Table } | undefined
  /** @param limit faintest magnitude of the catalogue's depth column; null for all */
  stars(
    catalogue: string,
    cone: Cone,
    options: { limit: number | null; mjd: number | null; signal: AbortSignal; log: (line: string) => void },
  ): Promise<StarAnswer>
  /** Null where every service that could be asked does not know the name. */
  resolve(
    name: string,
    options: { signal: AbortSignal; log: (line: string) => void },
  ): Promise<Resolved | null>
  /** From the first service that answers. @throws Problem where none does */
  movers(
    cone: Cone,
    mjd: number,
    options: { signal: AbortSignal; log: (line: string) => void },
  ): Promise<{ readonly movers: readonly Mover[]; readonly from: string }>
  /** Pictures of a survey that cover a cone, put into `folder`. */
  template(survey: string, request: PictureRequest): Promise<readonly TemplatePicture[]>
  /** How a survey saw a place; null where none of those that are asked did. @throws Problem `net.*` */
  finder(request: FinderRequest): Promise<Finder | null>
  /** The objects of another task, and its frame, where they may be seen. */
  task(id: string): Promise<{
    objects: Table | null
    image: string | null
    gain: number | null
    saturation: number | null
    filter: string | null
  } | null>
}
