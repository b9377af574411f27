/** `altitude 12, Moon 3`: to what fields were lost, most first. */
export function lostText(lost: Readonly<Record<string, number>>): string {
  return Object.entries(lost)
    .toSorted((a, b) => b[1] - a[1])
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ')
}
