import type { ColumnType } from 'kysely'
import type { RawBuilder } from 'kysely'
import type { Facts, Frame, FrameImage, FrameKind } from './frame.ts'

type Big = ColumnType<string, number | string, number | string>
type Made = ColumnType<Date, Date | undefined, Date>
type Json<T> = ColumnType<T, RawBuilder<unknown>, RawBuilder<unknown>>

/** What the last scan of a folder found. */
export interface ScanCounts {
  seen: number
  added: number
  known: number
  failed: number
}

declare module '#platform/db/database.ts' {
  interface Database {
    frame: {
      sha256: string
      name: string
      byte_length: Big
      packing: 'none' | 'gzip'
      kind: FrameKind | null
      telescope: string | null
      instrument: string | null
      filter: string | null
      filter_name: string | null
      object: string | null
      exposure: number | null
      mjd: number | null
      ra: number | null
      dec: number | null
      radius_deg: number | null
      hpx: ColumnType<string | null, bigint | string | null, bigint | string | null>
      sky: ColumnType<string | null, RawBuilder<unknown> | null, RawBuilder<unknown> | null>
      words: string
      facts: Json<Facts>
      images: Json<FrameImage[]>
      main_image: number
      footprint: ColumnType<Frame['footprint'], RawBuilder<unknown> | null, RawBuilder<unknown> | null>
      origin: string
      owner_id: string | null
      holders: string[]
      groups: string[]
      public_at: ColumnType<Date | null, Date | null | undefined, Date | null>
      note: string | null
      in_storage: boolean
      added_at: Made
      added_by: string
    }
    frame_place: {
      path: string
      sha256: string
      byte_length: Big
      modified_ms: number
      checked_at: Made
    }
    frame_product: {
      sha256: string
      what: 'thumbnail' | 'levels'
      hdu: number
      variant: string
      object_sha256: string
      byte_length: Big
      made_at: Made
    }
    frame_folder: {
      id: string
      path: string
      recursive: boolean
      copied: boolean
      groups: string[]
      public_at: ColumnType<Date | null, Date | null | undefined, Date | null>
      owner_id: string | null
      added_by: string
      added_at: Made
      job_id: string | null
      scanned_at: ColumnType<Date | null, Date | null | undefined, Date | null>
      counts: ColumnType<
        ScanCounts | null,
        RawBuilder<unknown> | null | undefined,
        RawBuilder<unknown> | null
      >
    }
    frame_failure: {
      id: string
      origin: string
      byte_length: ColumnType<string | null, number | string | null, number | string | null>
      code: string
      reason: string
      owner_id: string | null
      by_name: string
      at: Made
    }
    frame_upload: {
      id: string
      name: string
      byte_length: Big
      groups: string[]
      public_at: ColumnType<Date | null, Date | null | undefined, Date | null>
      note: string | null
      owner_id: string | null
      by_name: string
      sha256: string | null
      problem: ColumnType<
        { code: string; message: string } | null,
        RawBuilder<unknown> | null | undefined,
        RawBuilder<unknown> | null
      >
      created_at: Made
      touched_at: Made
    }
  }
}
