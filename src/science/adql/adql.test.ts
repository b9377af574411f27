import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { angleBetween, unitVector } from '#science/sky/vectors.ts'
import { polygon as regionOf, vectorOfDirection } from '#science/sky/regions.ts'
import { seeded } from '#science/sky/seeded.ts'
import { tableOf } from '#science/table/table.ts'
import { schemaOf, tableMask } from './columns.ts'
import { conditionSql, formatCondition, readCondition, rowTest } from './condition.ts'
import { matchesLike } from './evaluate.ts'
import { numbered } from './fragment.ts'
import { parseCondition, parseSelect } from './parse.ts'
import { insidePolygon, preparePolygon } from './polygon.ts'
import type { Schema } from './schema.ts'
import { readSelect } from './select.ts'
import { printNode, printSelect } from './tree.ts'
import type { Node } from './tree.ts'

const schema: Schema = {
  name: 'sources',
  columns: [
    { name: 'id', type: 'integer' },
    { name: 'ra', type: 'number', unit: 'deg' },
    { name: 'dec', type: 'number', unit: 'deg' },
    { name: 'flux', type: 'number', unit: 'uJy', sql: 's.flux', nan: true },
    { name: 'mag', type: 'number', unit: 'mag' },
    { name: 'peak', type: 'number', unit: 'mJy' },
    { name: 'name', type: 'string' },
    { name: 'kept', type: 'boolean' },
    { name: 'seen', type: 'timestamp' },
  ],
  functions: [
    {
      name: 'SKYMAP_LEVEL',
      parameters: [
        { name: 'localization', type: 'string' },
        { name: 'ra', type: 'number', unit: 'deg' },
        { name: 'dec', type: 'number', unit: 'deg' },
      ],
      type: 'number',
      evaluate: (_map, ra) => Number(ra) / 360,
    },
  ],
  position: { ra: 'ra', dec: 'dec', hpx: 's.hpx' },
}

/** The sentence and code of what a text is refused with. */
function refusal(source: string): {
  code: string
  message: string
  details: Readonly<Record<string, unknown>>
} {
  try {
    readCondition(source, schema)
  } catch (error) {
    if (isProblem(error)) return { code: error.code, message: error.message, details: error.details }
    throw error
  }
  throw new Error(`was taken: ${source}`)
}

/** A tree without the places of its words. */
function bareTree(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(bareTree)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== 'at')
      .map(([key, each]) => [key, bareTree(each)]),
  )
}

describe('parse and print', () => {
  const random = seeded(7)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
  const name = (): Node => ({
    at: 0,
    kind: 'name',
    name: pick([
      { text: 'ra', exact: false },
      { text: 'a "b', exact: true },
      { text: 'select', exact: true },
    ]),
  })
  function value(depth: number): Node {
    const leaf = (): Node =>
      pick<() => Node>([
        () => ({ at: 0, kind: 'number', text: pick(['1', '2.5', '.5', '1e-9', '0x1F', '9007199254740993']) }),
        () => ({ at: 0, kind: 'string', value: pick(["O'Neil", '', '--', '/*', ';"', 'é']) }),
        name,
      ])()
    if (depth <= 0) return leaf()
    return pick<() => Node>([
      leaf,
      () => ({ at: 0, kind: 'negative', arg: value(depth - 1) }),
      () => ({
        at: 0,
        kind: 'arithmetic',
        sign: pick(['+', '-', '*', '/', '||'] as const),
        left: value(depth - 1),
        right: value(depth - 1),
      }),
      () => ({
        at: 0,
        kind: 'call',
        name: pick(['ABS', 'POINT']),
        args: [value(depth - 1), value(depth - 1)],
      }),
    ])()
  }
  function condition(depth: number): Node {
    const not = random() < 0.5
    const [a, b, c] = [value(2), value(2), value(1)]
    if (depth > 0 && random() < 0.6) {
      const kind = pick(['and', 'or', 'not'] as const)
      if (kind === 'not') return { at: 0, kind, arg: condition(depth - 1) }
      const terms = Array.from({ length: 2 + Math.floor(random() * 2) }, () => condition(depth - 1))
      return { at: 0, kind, terms: terms.flatMap((each) => (each.kind === kind ? each.terms : [each])) }
    }
    return pick<() => Node>([
      () => ({
        at: 0,
        kind: 'compare',
        sign: pick(['=', '<>', '<', '>', '<=', '>='] as const),
        left: a,
        right: b,
      }),
      () => ({ at: 0, kind: 'between', not, value: a, low: b, high: c }),
      () => ({ at: 0, kind: 'in', not, value: a, list: [b, c] }),
      () => ({ at: 0, kind: 'like', not, anyCase: random() < 0.5, value: a, pattern: b }),
      () => ({ at: 0, kind: 'null', not, value: a }),
    ])()
  }

  it('a printed tree parses to the same tree, 2,000 random trees', () => {
    for (let i = 0; i < 2000; i++) {
      const tree = condition(3)
      const text = printNode(tree)
      expect(bareTree(parseCondition(text)), text).toEqual(bareTree(tree))
    }
  })

  it('precedence: OR < AND < NOT < comparison < || < sum < product < sign', () => {
    expect(formatCondition(readCondition('not ra = 1 and dec < 2 or ra - 1 - 2 * 3 > (4 - 5)', schema))).toBe(
      'NOT ra = 1 AND dec < 2 OR ra - 1 - 2 * 3 > 4 - 5',
    )
    expect(printNode(parseCondition('1 - (2 - 3) = 0'))).toBe('1 - (2 - 3) = 0')
  })

  it('a statement is printed and parsed to the same tree', () => {
    const text =
      'SELECT DISTINCT TOP 10 ra, dec AS "d x", COUNT(*) AS n FROM ivoa.obs AS o WHERE o.ra < 1 GROUP BY ra, dec HAVING COUNT(*) > 1 ORDER BY ra DESC, dec OFFSET 5'
    expect(printSelect(parseSelect(text))).toBe(text)
    expect(
      printSelect(
        parseSelect(text.toLowerCase().replace('"d x"', '"d x" -- the height\n').replace('count', 'COUNT')),
      ),
    ).toBe(text.replace('AS o', 'AS o'))
  })
})

describe('faults name the column of the text, the word and a suggestion', () => {
  it.each([
    ['flx > 3', 'adql.unknown_name', 'Column 1: there is no column "flx"; did you mean "flux".'],
    [
      'ra > 1 AND SQR(ra) > 3',
      'adql.unknown_name',
      'Column 12: there is no function "SQR"; did you mean "SQRT".',
    ],
    ["flux > 'bright'", 'adql.type', 'Column 6: a number cannot be compared with a string.'],
    ['flux > peak', 'adql.unit', "Column 6: one side is in uJy, the other in mJy; write IN_UNIT(…, 'uJy')."],
    [
      'flux > mag',
      'adql.unit',
      'Column 6: one side is in uJy, the other in mag; one cannot be turned into the other.',
    ],
    ["IN_UNIT(mag, 'Jy') > 1", 'adql.unit', 'Column 1: a value in mag cannot be given in Jy.'],
    [
      'kept = 1',
      'adql.type',
      'Column 6: a boolean cannot be compared with an integer; compare with TRUE or FALSE.',
    ],
    ['flux', 'adql.type', 'Column 1: "flux" is a number, where a condition (true or false) is expected.'],
    [
      "seen > 'yesterday'",
      'adql.type',
      "Column 6: 'yesterday' is no time; write it as '2026-01-31T12:00:00' (UTC).",
    ],
    [
      'COUNT(*) > 1',
      'adql.type',
      'Column 1: COUNT counts over rows and has no place in a condition on one row.',
    ],
    [
      '1 = CONTAINS(POINT(ra, dec), CIRCLE(1, 91, 1))',
      'adql.type',
      'Column 40: 91 is no declination (-90 to 90 degrees).',
    ],
    ['ra >\n  flx', 'adql.unknown_name', 'Line 2, column 3: there is no column "flx"; did you mean "flux".'],
    ['ra > 1 ra', 'adql.syntax', 'Column 8: "ra" stands where the end, AND or OR is expected.'],
    [
      '1 < ra < 3',
      'adql.syntax',
      'Column 8: "<" stands where AND or OR (comparisons do not chain) is expected.',
    ],
  ])('%s', (source, code, message) => {
    expect(refusal(source)).toMatchObject({ code, message })
  })
})

describe('hostile text is refused in one sentence', () => {
  it.each([
    ['deep parentheses', '('.repeat(50_000)],
    ['deep NOT', `${'NOT '.repeat(20_000)}kept`],
    ['deep minus', `${'- '.repeat(5_000)}1 = 1`],
    ['a long sum', `${'ra + '.repeat(5_000)}1 = 1`],
    ['1 MB', `ra = 1 ${'OR ra = 1 '.repeat(100_000)}`],
    ['line comment', 'ra = 1 -- AND dec = 2'],
    ['block comment', 'ra = 1 /* x */'],
    ['second statement', 'ra = 1; DROP TABLE sources'],
    ['open quote', "name = 'x"],
    ['backslash quote', "name = 'x\\' OR 1 = 1 --'"],
    ['NUL', "name = '\u0000'"],
    ['half a surrogate', "name = '\ud800'"],
    ['dollar quote', 'name = $$x$$'],
    ['cast', 'id::text = 1'],
    ['subquery', 'id IN (SELECT id FROM users)'],
    ['function of the server', 'pg_sleep(10) = 1'],
    ['system column', 'ctid = 1'],
    ['growing SQL', `${'MOD('.repeat(40)}ra${', 3)'.repeat(40)} = 1`],
    ['name of an object', 'constructor = 1'],
    ['function of an object', 'TOSTRING(ra) = 1'],
    [
      'too many vertices',
      `1 = CONTAINS(POINT(ra, dec), POLYGON(${Array.from({ length: 300 }, (_, i) => `${i / 100}, ${Math.sin(i)}`).join(', ')}))`,
    ],
  ])('%s', (_, source) => {
    let error: unknown
    try {
      conditionSql(readCondition(source, schema), 'postgres')
    } catch (caught) {
      error = caught
    }
    expect(isProblem(error)).toBe(true)
    expect((error as Error).message.length).toBeLessThan(300)
    expect((error as Error).message).not.toMatch(/\n/)
  })

  it('what a user wrote is a parameter, never text', () => {
    const evil = `x'); DROP TABLE sources; --`
    const { text, values } = numbered(
      conditionSql(
        readCondition(`name = '${evil.replaceAll("'", "''")}' AND name LIKE '%''%' AND flux > 1.25`, schema),
        'postgres',
      ),
    )
    expect(text).toBe(
      `(("name" = $1::text) and ("name" like $2::text escape '') and (case when (s.flux)::float8 between -1.7976931348623157e308 and 1.7976931348623157e308 then s.flux end > $3::float8))`,
    )
    expect(values).toEqual([evil, "%'%", 1.25])
  })
})

describe('geometry', () => {
  it('a circle is ranges of pixels and the exact distance; NOT keeps both', () => {
    const sqlOf = (source: string) => numbered(conditionSql(readCondition(source, schema), 'postgres')).text
    expect(sqlOf('1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 0.5))')).toMatch(
      /^\(\(s\.hpx between \$1::int8 and \$2::int8 or .* <= /,
    )
    expect(sqlOf('DISTANCE(POINT(ra, dec), POINT(10, 20)) < 0.1')).toContain('s.hpx between')
    expect(sqlOf('1 = CONTAINS(POINT(10, 20), CIRCLE(ra, dec, 0.5))')).toContain('s.hpx between')
    expect(sqlOf('1 = CONTAINS(POINT(ra, dec), POLYGON(1, 2, 3, 2, 3, 4))')).toContain('s.hpx between')
    expect(sqlOf('DISTANCE(POINT(ra, dec), POINT(10, 20)) > 0.1')).not.toContain('hpx')
  })

  it('a row at exactly the radius is inside, also over the pole and at RA 0', () => {
    const inside = (source: string, ra: number, dec: number) =>
      rowTest(readCondition(source, schema))({ ra, dec })
    expect(inside('1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 1))', 123.4, 89)).toBe(true)
    expect(inside('1 = CONTAINS(POINT(ra, dec), CIRCLE(359.5, 0, 1))', 0.5, 0)).toBe(true)
    expect(inside('1 = CONTAINS(POINT(ra, dec), CIRCLE(359.5, 0, 1))', 0.5001, 0)).toBe(false)
    expect(inside('1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 89.5, 1))', 190, 89.5)).toBe(true)
    expect(inside('CONTAINS(POINT(ra, dec), CIRCLE(10, 89.5, 1)) = 0', 190, 80)).toBe(true)
    expect(
      rowTest(readCondition('0 = CONTAINS(POINT(ra, dec), CIRCLE(1, 2, 3))', schema))({ ra: null, dec: 1 }),
    ).toBeNull()
  })

  it('the polygon test agrees with the regions of science/sky on random points and polygons', () => {
    const random = seeded(11)
    for (let i = 0; i < 60; i++) {
      const [lon, lat, size] = [
        random() * 360,
        (Math.asin(2 * random() - 1) * 180) / Math.PI,
        1 + random() * 50,
      ]
      const corners = Array.from({ length: 3 + Math.floor(random() * 6) }, (_, k, n = 9) => {
        const angle = (k / n) * 2 * Math.PI
        const r = size * (0.3 + 0.7 * random())
        const y = Math.max(-89.9, Math.min(89.9, lat + r * Math.sin(angle)))
        return [(lon + r * Math.cos(angle) + 360) % 360, y] as const
      })
      const prepared = preparePolygon(corners)
      const region = regionOf(corners)
      for (let k = 0; k < 200; k++) {
        const [x, y] = [random() * 360, (Math.asin(2 * random() - 1) * 180) / Math.PI]
        const depth = region.depth(vectorOfDirection(x, y))
        if (Math.abs(depth) > 1e-9) expect(insidePolygon(prepared, x, y)).toBe(depth < 0)
      }
    }
    expect(angleBetween(unitVector(0, 0), unitVector(90, 0))).toBeCloseTo(90)
  })

  it('functions of the caller are known and typed', () => {
    const test = rowTest(readCondition("SKYMAP_LEVEL('m', ra, dec) < 0.5", schema))
    expect([test({ ra: 10, dec: 0 }), test({ ra: 300, dec: 0 }), test({ ra: null, dec: 0 })]).toEqual([
      true,
      false,
      null,
    ])
    expect(refusal('SKYMAP_LEVEL(ra, dec) < 0.5').message).toMatch(/takes 3 arguments, not 2/)
    expect(refusal("SKYMAP_LEVEL('m', mag, dec) < 0.5").code).toBe('adql.unit')
    expect(() => conditionSql(readCondition("SKYMAP_LEVEL('m', ra, dec) < 0.5", schema), 'postgres')).toThrow(
      /cannot be asked of the database/,
    )
  })
})

describe('rows and tables in memory', () => {
  it('64-bit ids compare exactly as numbers, bigints and text', () => {
    const test = rowTest(readCondition('id = 9007199254740993', schema))
    expect([
      test({ id: '9007199254740993' }),
      test({ id: 9007199254740993n }),
      test({ id: '9007199254740992' }),
    ]).toEqual([true, true, false])
  })

  it('a mask of a table, with nulls, NaN and units', () => {
    const table = tableOf({
      columns: [
        { name: 'flux', unit: 'mJy', values: Float64Array.of(1, NaN, 3, 4) },
        {
          name: 'id',
          values: BigInt64Array.of(9007199254740993n, 2n, 3n, 4n),
          nulls: Uint8Array.of(0, 0, 0, 1),
        },
        { name: 'name', values: ['a', 'B', 'b', 'c'] },
      ],
    })
    const own = schemaOf(table)
    const mask = (source: string) => [...tableMask(readCondition(source, own), table)]
    expect(mask("IN_UNIT(flux, 'uJy') >= 3000")).toEqual([0, 0, 1, 1])
    expect(mask('NOT flux >= 3')).toEqual([1, 0, 0, 0])
    expect(mask('id > 9007199254740992 OR id IS NULL')).toEqual([1, 0, 0, 1])
    expect(mask("name ILIKE 'B'")).toEqual([0, 1, 1, 0])
  })

  it('LIKE is quick on patterns made to be slow', () => {
    expect(matchesLike('a'.repeat(5000), `${'%a'.repeat(200)}%b`)).toBe(false)
  })
})

describe('statements', () => {
  it('become SQL with positions for what is grouped and ordered', () => {
    const statement = readSelect(
      'SELECT TOP 5 FLOOR(mag) AS bin, COUNT(*) AS n FROM sources WHERE kept GROUP BY FLOOR(mag) ORDER BY n DESC OFFSET 2',
      schema,
    )
    const { text, values } = numbered(statement.sql('postgres'))
    expect(text).toBe(
      'select (floor(("mag")::float8)) as "bin", count(*) as "n" from "sources" where "kept" group by 1 order by 2 desc nulls last limit $1::int8 offset $2::int8',
    )
    expect(values).toEqual(['5', '2'])
    expect(statement.columns).toEqual([
      { name: 'bin', type: 'number', unit: 'mag' },
      { name: 'n', type: 'integer' },
    ])
  })

  it('name what they cannot give', () => {
    expect(() => readSelect('SELECT ra, COUNT(*) FROM sources', schema)).toThrow(
      'Column 8: "ra" must be in GROUP BY',
    )
    expect(() => readSelect('SELECT ra FROM users', schema)).toThrow('there is no table "users"')
    expect(readSelect('SELECT * FROM sources', schema).columns.map((each) => each.name)).toEqual(
      schema.columns.map((each) => each.name),
    )
  })
})
