/** Tree → typed tree: names against the schema, types against each other, units compared, geometry understood. */
import type { Problem, ProblemCode } from '#problem.ts'
import { conversionFactor, isVoUnit } from '#science/table/units.ts'
import { momentOf } from './evaluate.ts'
import { mathFunctions, otherNames } from './functions.ts'
import { createGeometry, geometryNames } from './geometry.ts'
import { faultAt, shown } from './lexer.ts'
import { closest, names } from './schema.ts'
import type { Schema, SchemaColumn, ValueType } from './schema.ts'
import { printNode } from './tree.ts'
import type { CompareSign, Name, Node } from './tree.ts'
import type { Typed } from './typed.ts'

type Call = Extract<Node, { kind: 'call' }>

export interface Checker {
  condition(node: Node): Typed
  value(node: Node): Typed
  number(node: Node, what: string): Typed
  fault(node: Node, sentence: string, code?: ProblemCode, details?: Record<string, unknown>): Problem
}

export interface CheckOptions {
  /** Other name of the table (FROM … AS …). */
  alias?: Name
  /** Take COUNT, SUM, …: in the list of a statement and its HAVING. */
  aggregates?: boolean
}

const aggregateNames = new Set(['COUNT', 'SUM', 'AVG', 'MIN', 'MAX'])
const lettersOf: Record<string, 'lower' | 'upper'> = { LOWER: 'lower', UPPER: 'upper' }
const flipped: Record<CompareSign, CompareSign> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
}

const isNumeric = (type: ValueType) => type === 'integer' || type === 'number'
const article = (type: ValueType) => (type === 'integer' ? 'an integer' : `a ${type}`)
const conditionOps = new Set(['compare', 'in', 'like', 'null', 'not', 'and', 'or', 'circle', 'polygon'])
const makesCondition = (node: Node) =>
  ['compare', 'between', 'in', 'like', 'null', 'not', 'and', 'or'].includes(node.kind)

/** A checker of one text against a schema. Its functions throw `adql.unknown_name`, `adql.type`, `adql.unit`, …. */
export function createChecker(source: string, schema: Schema, options: CheckOptions = {}): Checker {
  const fault: Checker['fault'] = (node, sentence, code = 'adql.type', details = {}) =>
    faultAt(source, node.at, sentence, code, details)
  const bool = (typed: object): Typed => ({ ...typed, type: 'boolean' }) as Typed

  function unknown(node: Node, what: string, word: string, candidates: readonly string[]): Problem {
    const near = closest(word, candidates)
    const list = candidates.length <= 12 ? candidates.join(', ') : `${candidates.slice(0, 12).join(', ')}, …`
    const remedy = near
      ? `did you mean "${near}"?`
      : `there ${candidates.length === 1 ? 'is' : 'are'} ${list || 'none'}`
    const sentence = `there is no ${what} "${shown(word)}"; ${remedy}`
    return faultAt(source, node.at, sentence.replace(/\?$/, ''), 'adql.unknown_name', {
      word: shown(word),
      ...(near ? { suggestion: near } : {}),
    })
  }

  function columnOf(node: Extract<Node, { kind: 'name' }>): SchemaColumn {
    const { name, table } = node
    if (
      table &&
      !(schema.name && names(table, schema.name)) &&
      !(options.alias && sameName(table, options.alias))
    )
      throw unknown(node, 'table', table.text, [options.alias?.text ?? schema.name ?? ''].filter(Boolean))
    const found =
      schema.columns.find((each) => each.name === name.text) ??
      schema.columns.find((each) => names(name, each.name))
    if (found) return found
    const all = schema.columns.map((each) => each.name)
    throw unknown(node, 'column', name.text, all)
  }

  function literal(node: Extract<Node, { kind: 'number' }>): Typed {
    const { text } = node
    if (/^(\d+|0[xX][0-9a-fA-F]+)$/.test(text) && BigInt(text) < 1n << 63n) {
      const value = BigInt(text)
      const plain = Number(value)
      return { op: 'literal', type: 'integer', value: Number.isSafeInteger(plain) ? plain : value }
    }
    const value = Number(text)
    if (!Number.isFinite(value)) throw fault(node, `the number ${shown(text)} is too large`)
    return { op: 'literal', type: 'number', value }
  }

  function number(node: Node, what: string): Typed {
    const typed = value(node)
    if (isNumeric(typed.type)) return typed
    throw fault(node, `${what} must be a number, not ${article(typed.type)} (${shown(printNode(node))})`)
  }

  function text(node: Node, what: string): Typed {
    const typed = value(node)
    if (typed.type === 'string') return typed
    throw fault(node, `${what} must be text, not ${article(typed.type)} (${shown(printNode(node))})`)
  }

  /** The unit of both, where they agree; a fault where both have one and they differ. */
  function commonUnit(node: Node, left: Typed, right: Typed): string | undefined {
    if (left.unit && right.unit && left.unit !== right.unit) {
      let factor: number | undefined
      try {
        factor = conversionFactor(left.unit, right.unit)
      } catch {
        factor = undefined
      }
      if (factor !== 1) {
        const remedy =
          factor === undefined ? 'one cannot be turned into the other' : `write IN_UNIT(…, '${left.unit}')`
        throw fault(node, `one side is in ${left.unit}, the other in ${right.unit}; ${remedy}`, 'adql.unit', {
          left: left.unit,
          right: right.unit,
        })
      }
    }
    return left.unit ?? right.unit
  }

  /** Both sides brought to one type: text becomes a moment beside a timestamp. */
  function matched(node: Node, left: Typed, right: Typed): { mode: ValueType; left: Typed; right: Typed } {
    if (isNumeric(left.type) && isNumeric(right.type)) {
      commonUnit(node, left, right)
      const mode = left.type === 'integer' && right.type === 'integer' ? 'integer' : 'number'
      return { mode, left, right }
    }
    if (left.type === 'timestamp' && right.type === 'string')
      return { mode: 'timestamp', left, right: moment(node, right) }
    if (left.type === 'string' && right.type === 'timestamp')
      return { mode: 'timestamp', left: moment(node, left), right }
    if (left.type === right.type) return { mode: left.type, left, right }
    const truth = left.type === 'boolean' || right.type === 'boolean' ? '; compare with TRUE or FALSE' : ''
    throw fault(node, `${article(left.type)} cannot be compared with ${article(right.type)}${truth}`)
  }

  function moment(node: Node, typed: Typed): Typed {
    const at = typed.op === 'literal' && typeof typed.value === 'string' ? momentOf(typed.value) : undefined
    if (at === undefined) {
      const word = typed.op === 'literal' ? `'${shown(String(typed.value))}'` : 'this text'
      throw fault(node, `${word} is no time; write it as '2026-01-31T12:00:00' (UTC)`)
    }
    return { op: 'literal', type: 'timestamp', value: at }
  }

  function compared(node: Node, sign: CompareSign, a: Typed, b: Typed): Typed {
    const flag = flagTest(sign, a, b) ?? flagTest(flipped[sign], b, a)
    if (flag) return flag
    const { mode, left, right } = matched(node, a, b)
    if (mode === 'boolean' && sign !== '=' && sign !== '<>')
      throw fault(node, 'TRUE and FALSE have no order; compare with = or <>')
    return bool({ op: 'compare', sign, mode, left, right })
  }

  /** `1 = CONTAINS(…)` and its kin become the condition itself, so that an index can serve it. */
  function flagTest(sign: CompareSign, a: Typed, b: Typed): Typed | undefined {
    if (a.op !== 'flag' || b.op !== 'literal' || (sign !== '=' && sign !== '<>')) return undefined
    const one = b.value === 1 || b.value === true
    if (!one && b.value !== 0 && b.value !== false) return undefined
    return one === (sign === '=') ? a.condition : bool({ op: 'not', arg: a.condition })
  }

  function arithmetic(node: Extract<Node, { kind: 'arithmetic' }>): Typed {
    if (node.sign === '||') {
      const [left, right] = [text(node.left, 'what || joins'), text(node.right, 'what || joins')]
      return { op: 'concat', type: 'string', left, right }
    }
    const { sign } = node
    const [left, right] = [number(node.left, `what ${sign} takes`), number(node.right, `what ${sign} takes`)]
    const base = { op: 'arithmetic', type: 'number', sign, left, right } as const
    if (sign === '+' || sign === '-') {
      const unit = commonUnit(node, left, right)
      return unit ? { ...base, unit } : base
    }
    // A bare number scales; the unit of a product of two units is not followed.
    const [bare, other] = left.unit ? [right, left] : [left, right]
    const keeps = !bare.unit && other.unit && (sign === '*' || other === left)
    return keeps ? { ...base, unit: other.unit } : base
  }

  function math(node: Call, name: string): Typed {
    const fn = mathFunctions[name]
    count(node, fn.least, fn.most)
    const args = node.args.map((each) => number(each, `the argument of ${name}`))
    if (name === 'ROUND') {
      const digits = node.args[1] ? wholeConstant(node.args[1], 'the digits of ROUND', 15) : 0
      args[1] = { op: 'literal', type: 'number', value: Number(`1e${digits}`) }
    }
    if (name === 'MOD' || name === 'ATAN2') commonUnit(node, args[0], args[1])
    const unit = fn.unit === 'same' ? args[0].unit : fn.unit === 'none' ? undefined : fn.unit
    return { op: 'math', type: 'number', name, args, ...(unit ? { unit } : {}) }
  }

  function wholeConstant(node: Node, what: string, most: number): number {
    const [sign, inner] = node.kind === 'negative' ? [-1, node.arg] : [1, node]
    const value = inner.kind === 'number' && /^\d+$/.test(inner.text) ? sign * Number(inner.text) : NaN
    if (Math.abs(value) <= most) return value
    throw fault(node, `${what} must be a whole number between -${most} and ${most}`)
  }

  function count({ args, name, ...node }: Call, least: number, most = least): void {
    if (args.length >= least && args.length <= most) return
    const wanted =
      least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`
    const word = most === 1 && least === 1 ? 'argument' : 'arguments'
    throw faultAt(source, node.at, `${name} takes ${wanted} ${word}, not ${args.length}`, 'adql.type')
  }

  function coalesce(node: Call): Typed {
    count(node, 1, Infinity)
    const args = node.args.map((each) => value(each))
    let type = args[0].type
    for (const [i, each] of args.entries()) {
      if (isNumeric(type) && isNumeric(each.type)) {
        commonUnit(node.args[i], args[0], each)
        if (each.type !== type) type = 'number'
      } else if (each.type !== type)
        throw fault(node.args[i], `COALESCE mixes ${article(type)} and ${article(each.type)}`)
    }
    const unit = args.find((each) => each.unit)?.unit
    return { op: 'coalesce', type, args, ...(unit ? { unit } : {}) }
  }

  function inUnit(node: Call): Typed {
    count(node, 2)
    const arg = number(node.args[0], 'the first argument of IN_UNIT')
    const wanted = node.args[1]
    if (wanted.kind !== 'string') throw fault(wanted, "IN_UNIT takes a unit in quotes, as in 'mJy'")
    if (!isVoUnit(wanted.value))
      throw fault(wanted, `'${shown(wanted.value)}' is no unit of VOUnits`, 'adql.unit')
    if (arg.unit === undefined)
      throw fault(node, 'the value has no unit that IN_UNIT could start from', 'adql.unit')
    try {
      const factor = conversionFactor(arg.unit, wanted.value)
      return { op: 'scale', type: 'number', unit: wanted.value, factor, arg }
    } catch {
      throw fault(node, `a value in ${arg.unit} cannot be given in ${wanted.value}`, 'adql.unit', {
        from: arg.unit,
        to: wanted.value,
      })
    }
  }

  function own(node: Call): Typed | undefined {
    const fn = schema.functions?.find((each) => each.name.toUpperCase() === node.name)
    if (!fn) return undefined
    count(node, fn.parameters.length)
    const args = node.args.map((each, i): Typed => {
      const { name, type, unit } = fn.parameters[i]
      const typed = value(each)
      const fits = typed.type === type || (type === 'number' && typed.type === 'integer')
      if (type === 'timestamp' && typed.type === 'string') return moment(each, typed)
      if (!fits) throw fault(each, `${fn.name} takes ${article(type)} as ${name}, not ${article(typed.type)}`)
      if (unit && typed.unit) commonUnit(each, typed, { ...typed, unit })
      return typed
    })
    return { op: 'own', type: fn.type, fn, args, ...(fn.unit ? { unit: fn.unit } : {}) }
  }

  function aggregate(node: Call): Typed {
    if (!options.aggregates)
      throw fault(node, `${node.name} counts over rows and has no place in a condition on one row`)
    count(node, 1)
    const [first] = node.args
    if (first.kind === 'star') {
      if (node.name !== 'COUNT') throw fault(first, `${node.name}(*) is not known; name a column`)
      return { op: 'aggregate', type: 'integer', name: 'count' }
    }
    const inner = createChecker(source, schema, { ...options, aggregates: false })
    const sums = node.name === 'SUM' || node.name === 'AVG'
    const arg = sums ? inner.number(first, `the argument of ${node.name}`) : inner.value(first)
    if (node.name === 'COUNT') return { op: 'aggregate', type: 'integer', name: 'count', arg }
    const type = sums ? 'number' : arg.type
    return {
      op: 'aggregate',
      type,
      name: node.name.toLowerCase(),
      arg,
      ...(arg.unit ? { unit: arg.unit } : {}),
    }
  }

  function call(node: Call): Typed {
    const name = otherNames[node.name] ?? node.name
    const mine = own(node)
    if (mine) return mine
    if (Object.hasOwn(mathFunctions, name)) return math(node, name)
    if (Object.hasOwn(lettersOf, name)) {
      count(node, 1)
      const arg = text(node.args[0], `the argument of ${name}`)
      return { op: 'letters', type: 'string', name: lettersOf[name], arg }
    }
    if (name === 'COALESCE') return coalesce(node)
    if (name === 'IN_UNIT') return inUnit(node)
    if (geometryNames.includes(name)) return geometry.value(node)
    if (aggregateNames.has(name)) return aggregate(node)
    throw unknown(node, 'function', node.name, [
      ...Object.keys(mathFunctions),
      'LOWER',
      'UPPER',
      'COALESCE',
      'IN_UNIT',
      ...geometryNames,
      ...(schema.functions ?? []).map((each) => each.name),
    ])
  }

  function value(node: Node): Typed {
    switch (node.kind) {
      case 'number':
        return literal(node)
      case 'string':
        return { op: 'literal', type: 'string', value: node.value }
      case 'boolean':
        return { op: 'literal', type: 'boolean', value: node.value }
      case 'name': {
        const column = columnOf(node)
        return { op: 'column', type: column.type, column, ...(column.unit ? { unit: column.unit } : {}) }
      }
      case 'negative': {
        const arg = number(node.arg, 'what follows a minus sign')
        if (arg.op === 'literal' && typeof arg.value !== 'string' && typeof arg.value !== 'boolean')
          return { ...arg, value: -arg.value }
        return {
          op: 'negative',
          type: arg.type === 'integer' ? 'integer' : 'number',
          arg,
          ...(arg.unit ? { unit: arg.unit } : {}),
        }
      }
      case 'arithmetic':
        return arithmetic(node)
      case 'call':
        return call(node)
      case 'star':
        throw fault(node, '"*" stands where a value is expected', 'adql.syntax')
      default:
        return condition(node)
    }
  }

  function condition(node: Node): Typed {
    const not = (turned: boolean, arg: Typed): Typed => (turned ? bool({ op: 'not', arg }) : arg)
    switch (node.kind) {
      case 'and':
      case 'or':
        return bool({ op: node.kind, terms: node.terms.map((each) => condition(each)) })
      case 'not':
        return bool({ op: 'not', arg: condition(node.arg) })
      case 'compare':
        return compared(node, node.sign, value(node.left), value(node.right))
      case 'between': {
        const middle = value(node.value)
        const low = compared(node, '>=', middle, value(node.low))
        const high = compared(node, '<=', middle, value(node.high))
        return not(node.not, bool({ op: 'and', terms: [low, high] }))
      }
      case 'in': {
        const wanted = value(node.value)
        const pairs = node.list.map((each) => matched(each, wanted, value(each)))
        const mode = pairs.some((each) => each.mode === 'number') ? 'number' : pairs[0].mode
        return not(
          node.not,
          bool({ op: 'in', mode, value: pairs[0].left, list: pairs.map((each) => each.right) }),
        )
      }
      case 'like': {
        const word = node.anyCase ? 'ILIKE' : 'LIKE'
        if (node.pattern.kind !== 'string')
          throw fault(node.pattern, `${word} takes a pattern in quotes, as in '%nova%'`)
        const left = text(node.value, `what ${word} looks at`)
        return not(
          node.not,
          bool({ op: 'like', anyCase: node.anyCase, value: left, pattern: node.pattern.value }),
        )
      }
      case 'null':
        return not(node.not, bool({ op: 'null', value: value(node.value) }))
      default: {
        const typed = value(node)
        if (typed.op === 'flag') return typed.condition
        if (typed.type === 'boolean') return typed
        throw fault(
          node,
          `"${shown(printNode(node))}" is ${article(typed.type)}, where a condition (true or false) is expected`,
        )
      }
    }
  }

  const checker: Checker = {
    condition,
    value: (node) => {
      const typed = makesCondition(node) ? condition(node) : value(node)
      return typed
    },
    number,
    fault,
  }
  const geometry = createGeometry(checker)
  return checker
}

function sameName(a: Name, b: Name): boolean {
  return names(a, b.text) || names(b, a.text)
}

/** Whether a typed tree is a condition by itself (not a boolean value). */
export function isCondition(typed: Typed): boolean {
  return conditionOps.has(typed.op)
}
