import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { pageQuery } from '#platform/http/pages.ts'
import { dispositionOf } from '#platform/http/bytes.ts'
import { problems } from '#platform/http/responses.ts'
import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { parseDirection } from '#science/sky/angles.ts'
import type { Table } from '#science/table/table.ts'
import { curveTable, lightCurve, requireRadius, rowsOf, taskTable } from './measurements.ts'
import { taskRow } from './access.ts'
import { sentTable } from './table-work.ts'
import { filesOf } from './task-store.ts'

const tags = ['Tasks']
const params = z.object({ id: z.string().max(100) })
const Format = z.enum(['json', 'votable', 'ecsv', 'csv', 'fits']).default('json')
type Format = z.output<typeof Format>

const Cell = z.union([z.null(), z.boolean(), z.number(), z.string()])
const Rows = z
  .object({
    columns: z.array(
      z.object({ name: z.string(), unit: z.string().nullable(), description: z.string().nullable() }),
    ),
    items: z.array(z.record(z.string(), Cell)),
    total: z.int(),
    next: z.string().nullable().describe('`cursor` of the next page'),
    meta: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'TaskRows' })

const answers = {
  200: {
    description: 'Rows, in the format asked for',
    content: {
      'application/json': { schema: Rows },
      'application/x-votable+xml': { schema: z.string() },
      'text/csv': { schema: z.string() },
      'application/x-ecsv': { schema: z.string() },
      'application/fits': { schema: z.string() },
    },
  },
  ...problems(404),
}

const files: Record<Exclude<Format, 'json'>, { ending: string; type: string }> = {
  votable: { ending: '.vot', type: 'application/x-votable+xml' },
  ecsv: { ending: '.ecsv', type: 'application/x-ecsv' },
  csv: { ending: '.csv', type: 'text/csv; charset=utf-8' },
  fits: { ending: '.fits', type: 'application/fits' },
}

/** Tables of a task, and light curves over tasks. */
export function tableRoutes(app: Router, platform: Platform): void {
  const tables = [
    ['objects', 'Objects that were measured', ['objects.parquet']],
    ['stars', 'Stars of the catalogue in the field', ['cat.parquet']],
    ['calibrators', 'Stars that calibrate, with what the zero point leaves', ['calibrators.parquet']],
    ['targets', 'Targets, on the frame', ['target.parquet']],
    ['difference-targets', 'Targets, on the difference', ['sub_target.parquet']],
    [
      'candidates',
      'Candidates of the difference, else of the comparison with catalogues',
      ['candidates.parquet', 'candidates_simple.parquet'],
    ],
    ['simple-candidates', 'Candidates of the comparison with catalogues', ['candidates_simple.parquet']],
  ] as const
  for (const [path, summary, names] of tables) {
    app.openapi(
      createRoute({
        method: 'get',
        path: `/tasks/{id}/${path}`,
        tags,
        summary,
        request: { params, query: pageQuery({ default: 100, max: 5_000 }).extend({ format: Format }) },
        responses: answers,
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const { cursor, limit, format } = c.req.valid('query')
        const row = await taskRow(platform, c.var.actor, id)
        const there = new Set((await filesOf(platform.db, row.id)).map((file) => file.name))
        const name = names.find((each) => there.has(each)) ?? names[0]
        const table = await taskTable(platform, c.var.actor, id, name, c.req.raw.signal)
        if (format !== 'json') return sendTable(c, platform, table, format, name)
        const from = Math.max(0, Number(cursor ?? 0) || 0)
        const items = rowsOf(table, from, from + limit)
        return c.json(
          {
            ...headOf(table),
            items,
            total: table.rows,
            next: from + limit < table.rows ? String(from + limit) : null,
          },
          200,
        )
      },
    )
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/light-curve',
      tags,
      summary: 'What was measured near a place on all frames that you may see',
      request: {
        query: z.object({
          ra: z.coerce.number().min(0).max(360).optional(),
          dec: z.coerce.number().min(-90).max(90).optional(),
          position: z.string().max(200).optional().describe('Coordinates in any form, instead of ra and dec'),
          radius: z.coerce.number().default(5).describe('arcsec'),
          what: z.enum(['objects', 'targets', 'all']).default('all'),
          query: z.string().max(200).optional().describe('Words that must be in name, title or owner'),
          format: Format,
        }),
      },
      responses: answers,
    }),
    async (c) => {
      const { ra, dec, position, radius, what, query, format } = c.req.valid('query')
      const place =
        position === undefined ? { ra: ra ?? Number.NaN, dec: dec ?? Number.NaN } : parseDirection(position)
      const { points, frames } = await lightCurve(
        platform,
        c.var.actor,
        {
          ra: place.ra,
          dec: place.dec,
          radiusArcsec: requireRadius(Number.isFinite(place.ra + place.dec) ? radius : Number.NaN),
          what,
          words: query?.split(/\s+/).filter((word) => word !== '') ?? [],
        },
        c.req.raw.signal,
      )
      const table = curveTable(points)
      if (format !== 'json') return sendTable(c, platform, table, format, 'light-curve.parquet')
      return c.json(
        {
          ...headOf(table),
          items: rowsOf(table, 0, table.rows),
          total: table.rows,
          next: null,
          meta: { frames },
        },
        200,
      )
    },
  )
}

function headOf(table: Table) {
  return {
    columns: table.columns.map(({ name, unit, description }) => ({
      name,
      unit: unit ?? null,
      description: description ?? null,
    })),
    meta: { ...table.meta } as Record<string, unknown>,
  }
}

async function sendTable(
  c: Context,
  platform: Platform,
  table: Table,
  format: Exclude<Format, 'json'>,
  name: string,
): Promise<never> {
  const { ending, type } = files[format]
  const bytes = await sentTable(platform, table, ending, c.req.raw.signal)
  return c.body(new Uint8Array(bytes), 200, {
    'Content-Type': type,
    'Content-Disposition': dispositionOf('attachment', name.replace(/\.parquet$/, ending)),
    'Cache-Control': 'private, no-cache',
  }) as never
}
