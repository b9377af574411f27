import { sql } from 'kysely'
import type { Expression, Insertable, Selectable, SqlBool } from 'kysely'
import type { Database, Db } from '#platform/db/database.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { visibleTo } from '#observatory/people/rights.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import './tables.ts'

export type FrameRow = Selectable<Database['frame']>
export type NewFrame = Insertable<Database['frame']>
export type PlaceRow = Selectable<Database['frame_place']>
export type ProductRow = Selectable<Database['frame_product']>
export type FailureRow = Selectable<Database['frame_failure']>

const rights = { owner: 'frame.owner_id', groups: 'frame.groups', publicAt: 'frame.public_at' }

/** Frames that an actor may see: by owner, groups and date as everywhere, and those whose very bytes it brought itself. */
function seenBy(actor: Actor): Expression<SqlBool> {
  const usual = visibleTo(actor, rights)
  if (actor.userId === null || !actor.scopes.includes('read')) return usual
  return sql<SqlBool>`(${usual} or ${actor.userId} = any (frame.holders))`
}

/** Pairs as an int8multirange. */
export function multirange(ranges: Ranges): ReturnType<typeof sql> {
  const parts: string[] = []
  for (let i = 0; i < ranges.length; i += 2) parts.push(`[${ranges[i]},${ranges[i + 1]})`)
  return sql`${`{${parts.join(',')}}`}::int8multirange`
}

const mostParts = 8

/**
 * The ranges in groups that lie near each other. An index of multiranges knows them by their ends alone: a circle about a pole
 * has pixels in four faces, and in one piece it would be compared with a third of the sky.
 */
export function neighbours(ranges: Ranges): Ranges[] {
  const gaps: { at: number; size: bigint }[] = []
  for (let i = 2; i < ranges.length; i += 2) gaps.push({ at: i, size: ranges[i]! - ranges[i - 1]! })
  const cuts = gaps
    .toSorted((a, b) => (a.size < b.size ? 1 : -1))
    .slice(0, mostParts - 1)
    .map(({ at }) => at)
    .toSorted((a, b) => a - b)
  return [0, ...cuts].map((from, n) => ranges.slice(from, cuts[n] ?? ranges.length))
}

/** Ranges of an int8multirange as PostgreSQL writes it. */
export function rangesIn(text: string | null): Ranges {
  const bounds = text?.match(/\d+/g) ?? []
  return BigInt64Array.from(bounds, BigInt)
}

export async function frameRow(db: Db, actor: Actor, sha256: string): Promise<FrameRow | undefined> {
  return db
    .selectFrom('frame')
    .selectAll()
    .where('sha256', '=', sha256)
    .where(seenBy(actor))
    .executeTakeFirst()
}

/** The row whoever it belongs to, for adding and for background work. */
export async function anyFrame(db: Db, sha256: string): Promise<FrameRow | undefined> {
  return db.selectFrom('frame').selectAll().where('sha256', '=', sha256).executeTakeFirst()
}

/** Additions, changes and removals of one frame come one after the other for the rest of the transaction. */
export async function lockFrame(tx: Db, sha256: string): Promise<FrameRow | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`frame ${sha256}`}, 0))`.execute(tx)
  return anyFrame(tx, sha256)
}

export async function insertFrame(tx: Db, row: NewFrame): Promise<void> {
  await tx.insertInto('frame').values(row).execute()
}

export async function updateFrame(
  tx: Db,
  sha256: string,
  change: Partial<Pick<NewFrame, 'groups' | 'public_at' | 'note' | 'holders' | 'in_storage' | 'owner_id'>>,
): Promise<void> {
  await tx.updateTable('frame').set(change).where('sha256', '=', sha256).execute()
}

export async function deleteFrame(tx: Db, sha256: string): Promise<void> {
  await tx.deleteFrom('frame').where('sha256', '=', sha256).execute()
}

export interface FrameQuery {
  /** Centre within `radius` degrees. */
  cone?: { ra: number; dec: number; radius: number; ranges: Ranges } | undefined
  /** The footprint holds this order-29 pixel. */
  pixel?: bigint | undefined
  /** The footprint shares sky with these ranges. */
  touches?: Ranges | undefined
  fromMjd?: number | undefined
  toMjd?: number | undefined
  kinds?: readonly string[] | undefined
  instrument?: string | undefined
  telescope?: string | undefined
  filters?: readonly string[] | undefined
  object?: string | undefined
  words?: readonly string[] | undefined
  mine?: boolean | undefined
  /** Time of addition and hash of the last row of the page before. */
  after?: readonly [string, string] | undefined
  limit: number
}

const rad = Math.PI / 180

/** Frames that an actor may see, the last added first. */
export async function listFrames(db: Db, actor: Actor, q: FrameQuery): Promise<FrameRow[]> {
  let query = db
    .selectFrom('frame')
    .selectAll()
    .where(seenBy(actor))
    .orderBy('added_at', 'desc')
    .orderBy('sha256', 'desc')
    .limit(q.limit)
  if (q.cone) {
    const { ra, dec, radius, ranges } = q.cone
    const scans: Expression<SqlBool>[] = []
    for (let i = 0; i < ranges.length; i += 2)
      scans.push(sql<SqlBool>`(hpx >= ${ranges[i]!} and hpx < ${ranges[i + 1]!})`)
    query = query.where(
      scans.length === 0 ? sql<SqlBool>`false` : sql<SqlBool>`(${sql.join(scans, sql` or `)})`,
    )
    // Haversine: exact for small circles, where the cosine of the distance is not.
    const half = Math.sin((radius * rad) / 2) ** 2
    query = query.where(
      sql<SqlBool>`power(sin(radians(dec - ${dec}::float8) / 2), 2) + cos(radians(dec)) * ${Math.cos(dec * rad)}::float8 * power(sin(radians(ra - ${ra}::float8) / 2), 2) <= ${half}::float8`,
    )
  }
  if (q.pixel !== undefined) query = query.where(sql<SqlBool>`sky @> ${q.pixel}::int8`)
  if (q.touches) {
    const parts = neighbours(q.touches).map((part) => sql<SqlBool>`sky && ${multirange(part)}`)
    query = query.where(sql<SqlBool>`(${sql.join(parts, sql` or `)})`)
  }
  if (q.fromMjd !== undefined) query = query.where('mjd', '>=', q.fromMjd)
  if (q.toMjd !== undefined) query = query.where('mjd', '<', q.toMjd)
  if (q.kinds && q.kinds.length > 0) query = query.where(sql<SqlBool>`kind = any (${[...q.kinds]}::text[])`)
  if (q.filters && q.filters.length > 0)
    query = query.where(
      sql<SqlBool>`(filter = any (${[...q.filters]}::text[]) or filter_name = any (${[...q.filters]}::text[]))`,
    )
  if (q.instrument) query = query.where(sql<SqlBool>`lower(instrument) = ${q.instrument.toLowerCase()}`)
  if (q.telescope) query = query.where(sql<SqlBool>`lower(telescope) = ${q.telescope.toLowerCase()}`)
  if (q.object) query = query.where(sql<SqlBool>`lower(object) = ${q.object.toLowerCase()}`)
  for (const word of q.words ?? [])
    query = query.where(sql<SqlBool>`strpos(words, ${word.toLowerCase()}) > 0`)
  if (q.mine)
    query = query.where(sql<SqlBool>`(owner_id = ${actor.userId} or ${actor.userId} = any (holders))`)
  if (q.after) {
    const [at, sha256] = q.after
    query = query.where(sql<SqlBool>`(added_at, sha256) < (${at}::timestamptz, ${sha256})`)
  }
  return query.execute()
}

/** Places of a frame, the last checked first. */
export async function placesOf(db: Db, sha256: string): Promise<PlaceRow[]> {
  return db
    .selectFrom('frame_place')
    .selectAll()
    .where('sha256', '=', sha256)
    .orderBy('checked_at', 'desc')
    .execute()
}

export async function placeAt(db: Db, path: string): Promise<PlaceRow | undefined> {
  return db.selectFrom('frame_place').selectAll().where('path', '=', path).executeTakeFirst()
}

export async function putPlace(
  tx: Db,
  place: { path: string; sha256: string; byte_length: number; modified_ms: number },
): Promise<void> {
  const row = { ...place, checked_at: new Date() }
  await tx
    .insertInto('frame_place')
    .values(row)
    .onConflict((oc) => oc.column('path').doUpdateSet(row))
    .execute()
}

export async function productOf(
  db: Db,
  sha256: string,
  what: ProductRow['what'],
  hdu: number,
  variant: string,
): Promise<ProductRow | undefined> {
  return db
    .selectFrom('frame_product')
    .selectAll()
    .where('sha256', '=', sha256)
    .where('what', '=', what)
    .where('hdu', '=', hdu)
    .where('variant', '=', variant)
    .executeTakeFirst()
}

/** Adds a product unless the frame is gone meanwhile. */
export async function putProduct(
  tx: Db,
  row: Omit<Insertable<Database['frame_product']>, 'made_at'>,
): Promise<void> {
  await sql`
    insert into frame_product (sha256, what, hdu, variant, object_sha256, byte_length)
    select ${row.sha256}, ${row.what}, ${row.hdu}::int, ${row.variant}, ${row.object_sha256}, ${row.byte_length}::bigint
    where exists (select from frame where sha256 = ${row.sha256})
    on conflict (sha256, what, hdu, variant) do update
      set object_sha256 = excluded.object_sha256, byte_length = excluded.byte_length, made_at = now()`.execute(
    tx,
  )
}

export async function productsOf(db: Db, sha256: string): Promise<ProductRow[]> {
  return db.selectFrom('frame_product').selectAll().where('sha256', '=', sha256).execute()
}

/** Which of these have a thumbnail. */
export async function withThumbnail(db: Db, hashes: readonly string[]): Promise<Set<string>> {
  if (hashes.length === 0) return new Set()
  const rows = await db
    .selectFrom('frame_product')
    .select('sha256')
    .distinct()
    .where('sha256', 'in', [...hashes])
    .where('what', '=', 'thumbnail')
    .execute()
  return new Set(rows.map(({ sha256 }) => sha256))
}

/** Of these objects the ones that no frame and no product names. */
export async function unnamedObjects(db: Db, hashes: readonly string[]): Promise<string[]> {
  if (hashes.length === 0) return []
  const named = await sql<{ sha256: string }>`
    select object_sha256 as sha256 from frame_product where object_sha256 = any (${[...hashes]}::text[])
    union select sha256 from frame where sha256 = any (${[...hashes]}::text[])`.execute(db)
  const kept = new Set(named.rows.map(({ sha256 }) => sha256))
  return hashes.filter((each) => !kept.has(each))
}

export async function putFailure(db: Db, row: Insertable<Database['frame_failure']>): Promise<void> {
  const { id: _, ...rest } = row
  await db
    .insertInto('frame_failure')
    .values(row)
    .onConflict((oc) => oc.columns(['origin', 'owner_id']).doUpdateSet({ ...rest, at: new Date() }))
    .execute()
}

/** A file that became a frame after all is no failure any more. */
export async function clearFailure(tx: Db, origin: string, ownerId: string | null): Promise<void> {
  await tx
    .deleteFrom('frame_failure')
    .where('origin', '=', origin)
    .where(sql<SqlBool>`owner_id is not distinct from ${ownerId}`)
    .execute()
}

/** Failures that an actor may see, the last first. */
export async function listFailures(
  db: Db,
  actor: Actor,
  { after, limit }: { after?: readonly [string, string] | undefined; limit: number },
): Promise<FailureRow[]> {
  let query = db
    .selectFrom('frame_failure')
    .selectAll()
    .where(visibleTo(actor, { owner: 'frame_failure.owner_id' }))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (after) query = query.where(sql<SqlBool>`(at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`)
  return query.execute()
}
