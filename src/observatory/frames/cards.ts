import { numberOf, valueOf } from '#science/fits/header.ts'
import type { Header } from '#science/fits/header.ts'

/** Looks a keyword up in an image's own header, then in the primary one. */
export interface Cards {
  value(keyword: string): ReturnType<typeof valueOf>
  number(keyword: string): number | undefined
  comment(keyword: string): string
  has(keyword: string): boolean
}

export function cardsOf(own: Header, primary: Header): Cards {
  const where = (keyword: string): Header => (valueOf(own, keyword) === undefined ? primary : own)
  return {
    value: (keyword) => valueOf(where(keyword), keyword),
    number: (keyword) => numberOf(where(keyword), keyword),
    comment: (keyword) => where(keyword).first.get(keyword)?.comment ?? '',
    has: (keyword) => own.first.has(keyword) || primary.first.has(keyword),
  }
}
