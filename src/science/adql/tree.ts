/**
 * The tree of an ADQL condition or statement, and its text. Nodes carry the offset of the word they came from, so that
 * a fault found later still names its place.
 */

export type CompareSign = '=' | '<>' | '<' | '>' | '<=' | '>='
export type ArithmeticSign = '+' | '-' | '*' | '/' | '||'

export type Node = { readonly at: number } & (
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'name'; readonly name: Name; readonly table?: Name }
  /** The `*` of COUNT(*). */
  | { readonly kind: 'star' }
  | { readonly kind: 'negative'; readonly arg: Node }
  | { readonly kind: 'arithmetic'; readonly sign: ArithmeticSign; readonly left: Node; readonly right: Node }
  /** Names of functions are kept in capitals. */
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'compare'; readonly sign: CompareSign; readonly left: Node; readonly right: Node }
  | {
      readonly kind: 'between'
      readonly not: boolean
      readonly value: Node
      readonly low: Node
      readonly high: Node
    }
  | { readonly kind: 'in'; readonly not: boolean; readonly value: Node; readonly list: readonly Node[] }
  | {
      readonly kind: 'like'
      readonly not: boolean
      readonly anyCase: boolean
      readonly value: Node
      readonly pattern: Node
    }
  | { readonly kind: 'null'; readonly not: boolean; readonly value: Node }
  | { readonly kind: 'not'; readonly arg: Node }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Node[] }
)

export interface Name {
  readonly text: string
  /** Written in double quotes: then capitals count. */
  readonly exact: boolean
}

export interface Selected {
  readonly value: Node
  readonly as?: Name
}

export interface Ordered {
  readonly value: Node
  readonly descending: boolean
}

export interface Select {
  readonly distinct: boolean
  readonly top?: number
  /** Empty for `*`. */
  readonly list: readonly Selected[]
  readonly from: { readonly schema?: Name; readonly table: Name; readonly as?: Name; readonly at: number }
  readonly where?: Node
  readonly groupBy: readonly Node[]
  readonly having?: Node
  readonly orderBy: readonly Ordered[]
  readonly offset?: number
}

/** How tightly each kind binds; what binds less than its place asks for is put in parentheses. */
const bond = { or: 1, and: 2, not: 3, predicate: 4, concat: 5, sum: 6, product: 7, sign: 8, atom: 9 }

function bondOf(node: Node): number {
  switch (node.kind) {
    case 'or':
    case 'and':
    case 'not':
      return bond[node.kind]
    case 'compare':
    case 'between':
    case 'in':
    case 'like':
    case 'null':
      return bond.predicate
    case 'arithmetic':
      if (node.sign === '||') return bond.concat
      return node.sign === '+' || node.sign === '-' ? bond.sum : bond.product
    case 'negative':
      return bond.sign
    default:
      return bond.atom
  }
}

export function printName({ text, exact }: Name): string {
  return exact ? `"${text.replaceAll('"', '""')}"` : text
}

/** ADQL text of a tree; parsing it again gives the same tree. */
export function printNode(node: Node, least = 0): string {
  const text = bare(node)
  return bondOf(node) < least ? `(${text})` : text
}

function bare(node: Node): string {
  const not = 'not' in node && node.not ? ' NOT' : ''
  const inner = (each: Node) => printNode(each, bond.concat)
  switch (node.kind) {
    case 'number':
      return node.text
    case 'string':
      return `'${node.value.replaceAll("'", "''")}'`
    case 'boolean':
      return node.value ? 'TRUE' : 'FALSE'
    case 'name':
      return (node.table ? `${printName(node.table)}.` : '') + printName(node.name)
    case 'star':
      return '*'
    case 'negative':
      // Two signs in a row would read as the start of a comment.
      return `-${printNode(node.arg, bond.atom)}`
    case 'arithmetic': {
      const own = bondOf(node)
      return `${printNode(node.left, own)} ${node.sign} ${printNode(node.right, own + 1)}`
    }
    case 'call':
      return `${node.name}(${node.args.map((each) => printNode(each)).join(', ')})`
    case 'compare':
      return `${inner(node.left)} ${node.sign} ${inner(node.right)}`
    case 'between':
      return `${inner(node.value)}${not} BETWEEN ${inner(node.low)} AND ${inner(node.high)}`
    case 'in':
      return `${inner(node.value)}${not} IN (${node.list.map((each) => inner(each)).join(', ')})`
    case 'like':
      return `${inner(node.value)}${not} ${node.anyCase ? 'ILIKE' : 'LIKE'} ${inner(node.pattern)}`
    case 'null':
      return `${inner(node.value)} IS${not} NULL`
    case 'not':
      return `NOT ${printNode(node.arg, bond.not)}`
    case 'and':
    case 'or': {
      const own = bondOf(node)
      return node.terms.map((each) => printNode(each, own + 1)).join(node.kind === 'and' ? ' AND ' : ' OR ')
    }
  }
}

/** ADQL text of a statement. */
export function printSelect(select: Select): string {
  const { from } = select
  const list = select.list.map(
    ({ value, as }) => printNode(value, bond.concat) + (as ? ` AS ${printName(as)}` : ''),
  )
  const table = (from.schema ? `${printName(from.schema)}.` : '') + printName(from.table)
  const order = select.orderBy.map(
    ({ value, descending }) => printNode(value, bond.concat) + (descending ? ' DESC' : ''),
  )
  return [
    'SELECT',
    ...(select.distinct ? ['DISTINCT'] : []),
    ...(select.top === undefined ? [] : [`TOP ${select.top}`]),
    list.length > 0 ? list.join(', ') : '*',
    `FROM ${table}${from.as ? ` AS ${printName(from.as)}` : ''}`,
    ...(select.where ? [`WHERE ${printNode(select.where)}`] : []),
    ...(select.groupBy.length > 0
      ? [`GROUP BY ${select.groupBy.map((each) => printNode(each, bond.concat)).join(', ')}`]
      : []),
    ...(select.having ? [`HAVING ${printNode(select.having)}`] : []),
    ...(order.length > 0 ? [`ORDER BY ${order.join(', ')}`] : []),
    ...(select.offset === undefined ? [] : [`OFFSET ${select.offset}`]),
  ].join(' ')
}
