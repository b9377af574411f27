/**
 * Numeric functions of ADQL 2.1: the value in memory and the SQL, guarded alike: outside its domain a function has no
 * value, where PostgreSQL would fail the whole query and JavaScript say NaN.
 */
import type { Fragment } from './fragment.ts'
import { sql } from './fragment.ts'

export interface MathFunction {
  readonly least: number
  readonly most: number
  /** What comes out: the unit of the first argument, radians, degrees, or a bare number. */
  readonly unit: 'same' | 'rad' | 'deg' | 'none'
  readonly evaluate: (x: number, y: number) => number | null
  readonly sql: (x: Fragment, y: Fragment) => Fragment
}

type Shape = Pick<MathFunction, 'evaluate' | 'sql'> & Partial<Pick<MathFunction, 'unit'>>

const one = ({ unit = 'none', ...rest }: Shape): MathFunction => ({ least: 1, most: 1, unit, ...rest })
const two = ({ unit = 'none', ...rest }: Shape): MathFunction => ({ least: 2, most: 2, unit, ...rest })

// Half away from zero, by the same three operations everywhere: PostgreSQL's own round() goes to even.
const rounded = (x: number) => Math.sign(x) * Math.floor(Math.abs(x) + 0.5)
const logarithm = one({
  evaluate: (x) => (x > 0 ? Math.log(x) : null),
  sql: (x) => sql`ln(case when ${x} > 0 then ${x} end)`,
})

/** Exponents beyond which e^x leaves the range of a double. */
const steep = 700

function power(x: number, y: number): number | null {
  if (x === 0) return y >= 0 ? x ** y : null
  if (x < 0 && y !== Math.floor(y)) return null
  return Math.abs(y * Math.log(Math.abs(x))) < steep ? x ** y : null
}

export const mathFunctions: Readonly<Record<string, MathFunction>> = {
  ABS: one({ unit: 'same', evaluate: Math.abs, sql: (x) => sql`abs(${x})` }),
  CEILING: one({ unit: 'same', evaluate: Math.ceil, sql: (x) => sql`ceil(${x})` }),
  FLOOR: one({ unit: 'same', evaluate: Math.floor, sql: (x) => sql`floor(${x})` }),
  TRUNCATE: one({ unit: 'same', evaluate: Math.trunc, sql: (x) => sql`trunc(${x})` }),
  SIGN: one({ evaluate: Math.sign, sql: (x) => sql`sign(${x})` }),
  ROUND: {
    least: 1,
    most: 2,
    unit: 'same',
    // The second argument arrives as the power of ten that it means.
    evaluate: (x, scale) => (Math.abs(x) < 1e290 ? rounded(x * scale) / scale : x),
    sql: (x, scale) =>
      sql`case when abs(${x}) < 1e290 then sign(${x}) * floor(abs(${x} * ${scale}) + 0.5) / ${scale} else ${x} end`,
  },
  SQRT: one({
    evaluate: (x) => (x >= 0 ? Math.sqrt(x) : null),
    sql: (x) => sql`sqrt(case when ${x} >= 0 then ${x} end)`,
  }),
  EXP: one({
    evaluate: (x) => (x < steep ? Math.exp(Math.max(x, -steep)) : null),
    sql: (x) => sql`exp(case when ${x} < 700 then greatest(${x}, -700) end)`,
  }),
  LN: logarithm,
  LOG: logarithm,
  LOG10: one({
    evaluate: (x) => (x > 0 ? Math.log10(x) : null),
    sql: (x) => sql`log10(case when ${x} > 0 then ${x} end)`,
  }),
  POWER: two({
    evaluate: power,
    sql: (x, y) =>
      sql`case when ${x} = 0 then case when ${y} >= 0 then power(0::float8, ${y}) end when ${x} < 0 and ${y} <> floor(${y}) then null when abs(${y} * ln(case when ${x} <> 0 then abs(${x}) end)) < 700 then power(${x}, ${y}) end`,
  }),
  MOD: two({
    unit: 'same',
    evaluate: (x, y) => (y === 0 ? null : x - y * Math.trunc(x / y)),
    sql: (x, y) => sql`case when ${y} <> 0 then ${x} - ${y} * trunc(${x} / ${y}) end`,
  }),
  SIN: one({ evaluate: Math.sin, sql: (x) => sql`sin(${x})` }),
  COS: one({ evaluate: Math.cos, sql: (x) => sql`cos(${x})` }),
  TAN: one({ evaluate: Math.tan, sql: (x) => sql`tan(${x})` }),
  ASIN: one({
    unit: 'rad',
    evaluate: (x) => (Math.abs(x) <= 1 ? Math.asin(x) : null),
    sql: (x) => sql`asin(case when abs(${x}) <= 1 then ${x} end)`,
  }),
  ACOS: one({
    unit: 'rad',
    evaluate: (x) => (Math.abs(x) <= 1 ? Math.acos(x) : null),
    sql: (x) => sql`acos(case when abs(${x}) <= 1 then ${x} end)`,
  }),
  ATAN: one({ unit: 'rad', evaluate: Math.atan, sql: (x) => sql`atan(${x})` }),
  ATAN2: two({ unit: 'rad', evaluate: Math.atan2, sql: (x, y) => sql`atan2(${x}, ${y})` }),
  DEGREES: one({
    unit: 'deg',
    evaluate: (x) => x / (Math.PI / 180),
    sql: (x) => sql`degrees(${x})`,
  }),
  RADIANS: one({
    unit: 'rad',
    evaluate: (x) => x * (Math.PI / 180),
    sql: (x) => sql`radians(${x})`,
  }),
  PI: { least: 0, most: 0, unit: 'none', evaluate: () => Math.PI, sql: () => sql`pi()` },
}

/** Other names that people write. */
export const otherNames: Readonly<Record<string, string>> = {
  CEIL: 'CEILING',
  POW: 'POWER',
  TRUNC: 'TRUNCATE',
}
