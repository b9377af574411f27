import { ApiProblem } from '#interface/web/api/client.ts'

/** What a refusal has against which part of a form. */
export interface FieldErrors {
  /** By slug of the telescope. */
  telescopes: Record<string, string[]>
  /** What belongs nowhere in particular. */
  rest: string[]
}

interface Stated {
  path?: unknown
  message?: unknown
}

/** Sorts the mistakes of a refusal to the telescopes that they name, by place in the request or by their words. */
export function fieldErrors(error: unknown, slugs: readonly string[]): FieldErrors {
  const found: FieldErrors = { telescopes: {}, rest: [] }
  if (!(error instanceof ApiProblem)) return found
  const stated = error.details['errors']
  for (const one of Array.isArray(stated) ? (stated as Stated[]) : []) {
    const message = String(one.message)
    const index = /telescopes[.[](\d+)/.exec(String(one.path))?.[1]
    const slug =
      index === undefined
        ? slugs.find((name) => new RegExp(`(^|[^\\w-])${name}([^\\w-]|$)`).test(message))
        : slugs[Number(index)]
    if (slug === undefined) found.rest.push(message)
    else (found.telescopes[slug] ??= []).push(message)
  }
  return found
}
