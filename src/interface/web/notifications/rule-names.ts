import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { groupsOptions, peopleOptions } from '#interface/web/api/queries.ts'
import type { NotificationRule } from '#observatory/notifications/rule.ts'

/** What a rule is without its name and what the server adds. */
export function definitionOf(rule: NotificationRule) {
  const { name: _name, problem: _problem, updatedBy: _by, updatedAt: _at, ...definition } = rule
  return definition
}

/** Names of people and groups by what rules call them. */
export function useNames(): ReadonlyMap<string, string> {
  const people = useInfiniteQuery(peopleOptions()).data
  const groups = useInfiniteQuery(groupsOptions()).data
  return useMemo(
    () =>
      new Map([
        ...(people?.pages.flatMap((page) => page.items) ?? []).flatMap((person) => [
          [person.id, person.name] as const,
          ...(person.email ? [[person.email, person.name] as const] : []),
        ]),
        ...(groups?.pages.flatMap((page) => page.items) ?? []).map(
          (group) => [group.id, group.name] as const,
        ),
      ]),
    [people, groups],
  )
}
