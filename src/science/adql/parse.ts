/**
 * Words → tree. One grammar for conditions and values (what is which is judged later, with the columns' types), by
 * precedence climbing with bounded depth. Standard: ADQL 2.1, appendix A.
 */
import { faultAt, shown, tokensOf } from './lexer.ts'
import type { Token } from './lexer.ts'
import type { ArithmeticSign, CompareSign, Name, Node, Ordered, Select, Selected } from './tree.ts'

/** Deepest nesting. People write less than ten; the rest of the program may then recurse safely. */
export const depthLimit = 100

/** Words that cannot be names unless quoted: those of this grammar. */
const reserved = new Set(
  'ALL AND AS ASC BETWEEN BY DESC DISTINCT FALSE FROM GROUP HAVING ILIKE IN IS LIKE NOT NULL OFFSET OR ORDER SELECT TOP TRUE UNION WHERE'.split(
    ' ',
  ),
)

const compareSigns = new Set<string>(['=', '<>', '<', '>', '<=', '>='])

/** A union that keeps `Omit` from melting its members. */
type Bare = Node extends infer N ? (N extends Node ? Omit<N, 'at'> : never) : never

function createParser(text: string, tokens: readonly Token[]) {
  let next = 0
  const depths = new WeakMap<Node, number>()

  const peek = () => tokens[next]
  const isWord = (word: string, token = peek()) => token.kind === 'word' && token.upper === word
  const isSign = (sign: string) => peek().kind === 'sign' && peek().text === sign

  function take(what: string): boolean {
    const token = peek()
    const found = token.kind === 'word' ? token.upper === what : token.kind === 'sign' && token.text === what
    if (found) next++
    return found
  }

  function unexpected(wanted: string): never {
    const token = peek()
    if (token.kind === 'end') throw faultAt(text, token.at, `the text ends where ${wanted} is expected`)
    const word = token.kind === 'string' ? `'${shown(token.text)}'` : `"${shown(token.text)}"`
    throw faultAt(text, token.at, `${word} stands where ${wanted} is expected`, 'adql.syntax', {
      word: shown(token.text),
    })
  }

  function need(what: string): void {
    if (!take(what)) unexpected(`"${what}"`)
  }

  function tooDeep(at: number): never {
    throw faultAt(text, at, `more than ${depthLimit} levels of nesting; write it flatter`, 'adql.too_large')
  }

  function node(at: number, made: Bare, inner: readonly Node[] = []): Node {
    let depth = 0
    for (const each of inner) depth = Math.max(depth, depths.get(each) ?? 0)
    if (depth + 1 > depthLimit) tooDeep(at)
    const out = { ...made, at } as Node
    depths.set(out, depth + 1)
    return out
  }

  let level = 0
  function deeper<T>(read: () => T): T {
    if (++level > depthLimit) tooDeep(peek().at)
    const out = read()
    level--
    return out
  }

  function listOf(kind: 'and' | 'or', word: string, one: () => Node): Node {
    const first = one()
    if (!isWord(word)) return first
    const terms = [first]
    while (take(word)) terms.push(one())
    // Terms in parentheses of the same kind melt in: (a AND b) AND c is one list.
    const flat = terms.flatMap((each) => (each.kind === kind ? each.terms : [each]))
    return node(first.at, { kind, terms: flat }, flat)
  }

  const disjunction = (): Node => listOf('or', 'OR', conjunction)
  const conjunction = (): Node => listOf('and', 'AND', negation)

  function negation(): Node {
    const { at } = peek()
    if (!take('NOT')) return predicate()
    const arg = deeper(negation)
    return node(at, { kind: 'not', arg }, [arg])
  }

  function predicate(): Node {
    const left = concatenation()
    const token = peek()
    if (token.kind === 'sign' && compareSigns.has(token.text)) {
      next++
      const right = concatenation()
      if (peek().kind === 'sign' && compareSigns.has(peek().text))
        unexpected('AND or OR (comparisons do not chain)')
      const sign = token.text as CompareSign
      return node(token.at, { kind: 'compare', sign, left, right }, [left, right])
    }
    if (take('IS')) {
      const not = take('NOT')
      need('NULL')
      return node(token.at, { kind: 'null', not, value: left }, [left])
    }
    const not = isWord('NOT') && take('NOT')
    if (take('BETWEEN')) {
      const low = concatenation()
      need('AND')
      const high = concatenation()
      return node(token.at, { kind: 'between', not, value: left, low, high }, [left, low, high])
    }
    if (take('IN')) {
      need('(')
      const list = separated(concatenation)
      need(')')
      return node(token.at, { kind: 'in', not, value: left, list }, [left, ...list])
    }
    if (isWord('LIKE') || isWord('ILIKE')) {
      const anyCase = peek().upper === 'ILIKE'
      next++
      const pattern = concatenation()
      return node(token.at, { kind: 'like', not, anyCase, value: left, pattern }, [left, pattern])
    }
    if (not) unexpected('BETWEEN, IN or LIKE')
    return left
  }

  function chain(signs: readonly ArithmeticSign[], one: () => Node): Node {
    let left = one()
    for (;;) {
      const token = peek()
      const sign = token.kind === 'sign' ? signs.find((each) => each === token.text) : undefined
      if (!sign) return left
      next++
      const right = one()
      left = node(token.at, { kind: 'arithmetic', sign, left, right }, [left, right])
    }
  }

  const concatenation = (): Node => chain(['||'], sum)
  const sum = (): Node => chain(['+', '-'], product)
  const product = (): Node => chain(['*', '/'], signed)

  function signed(): Node {
    const { at } = peek()
    if (take('+')) return deeper(signed)
    if (!take('-')) return atom()
    const arg = deeper(signed)
    return node(at, { kind: 'negative', arg }, [arg])
  }

  function separated(one: () => Node): Node[] {
    const list = [one()]
    while (take(',')) list.push(one())
    return list
  }

  function nameHere(what: string): Name {
    const token = peek()
    if (token.kind === 'quoted') {
      next++
      return { text: token.text, exact: true }
    }
    if (token.kind !== 'word' || reserved.has(token.upper)) unexpected(what)
    next++
    return { text: token.text, exact: false }
  }

  function atom(): Node {
    const token = peek()
    const { at } = token
    if (token.kind === 'number') {
      next++
      return node(at, { kind: 'number', text: token.text })
    }
    if (token.kind === 'string') {
      next++
      return node(at, { kind: 'string', value: token.text })
    }
    if (isWord('TRUE') || isWord('FALSE')) {
      next++
      return node(at, { kind: 'boolean', value: token.upper === 'TRUE' })
    }
    if (take('(')) {
      const inner = deeper(disjunction)
      need(')')
      return inner
    }
    const following = tokens[next + 1]
    if (
      token.kind === 'word' &&
      !reserved.has(token.upper) &&
      following?.kind === 'sign' &&
      following.text === '('
    ) {
      next += 2
      return call(token)
    }
    const first = nameHere('a value')
    if (!take('.')) return node(at, { kind: 'name', name: first })
    return node(at, { kind: 'name', name: nameHere('a column'), table: first })
  }

  function call(token: Token): Node {
    let args: Node[] = []
    if (isSign('*')) {
      args = [node(peek().at, { kind: 'star' })]
      next++
    } else if (!isSign(')')) args = deeper(() => separated(disjunction))
    need(')')
    return node(token.at, { kind: 'call', name: token.upper, args }, args)
  }

  function whole(what: string): number {
    const token = peek()
    if (token.kind !== 'number' || !/^\d{1,15}$/.test(token.text)) unexpected(`a whole number (${what})`)
    next++
    return Number(token.text)
  }

  function select(): Select {
    need('SELECT')
    const distinct = take('DISTINCT')
    if (!distinct) take('ALL')
    const top = take('TOP') ? whole('TOP') : undefined
    const list: Selected[] = []
    if (!take('*')) {
      do {
        const value = concatenation()
        const named = take('AS') || peek().kind === 'quoted' || isPlainName(peek())
        list.push(named ? { value, as: nameHere('a name') } : { value })
      } while (take(','))
    }
    need('FROM')
    const { at } = peek()
    const first = nameHere('a table')
    const second = take('.') ? nameHere('a table') : undefined
    const named = take('AS') || peek().kind === 'quoted' || isPlainName(peek())
    const from = {
      at,
      table: second ?? first,
      ...(second ? { schema: first } : {}),
      ...(named ? { as: nameHere('a name') } : {}),
    }
    const where = take('WHERE') ? disjunction() : undefined
    const groupBy = take('GROUP') ? (need('BY'), separated(concatenation)) : []
    const having = take('HAVING') ? disjunction() : undefined
    const orderBy: Ordered[] = []
    if (take('ORDER')) {
      need('BY')
      do {
        const value = concatenation()
        const descending = take('DESC')
        if (!descending) take('ASC')
        orderBy.push({ value, descending })
      } while (take(','))
    }
    const offset = take('OFFSET') ? whole('OFFSET') : undefined
    return {
      distinct,
      ...(top === undefined ? {} : { top }),
      list,
      from,
      ...(where ? { where } : {}),
      groupBy,
      ...(having ? { having } : {}),
      orderBy,
      ...(offset === undefined ? {} : { offset }),
    }
  }

  const isPlainName = (token: Token) => token.kind === 'word' && !reserved.has(token.upper)

  function end(): void {
    if (peek().kind !== 'end') unexpected('the end, AND or OR')
  }

  return { disjunction, select, end }
}

/**
 * Tree of an ADQL search condition (what follows WHERE). Throws `adql.syntax` or `adql.too_large` with line, column and
 * the offending word.
 */
export function parseCondition(text: string): Node {
  const parser = createParser(text, tokensOf(text))
  const tree = parser.disjunction()
  parser.end()
  return tree
}

/** Tree of a SELECT statement on one table; `--` comments are skipped. Throws as `parseCondition`. */
export function parseSelect(text: string): Select {
  const parser = createParser(text, tokensOf(text, { comments: true }))
  const tree = parser.select()
  parser.end()
  return tree
}
