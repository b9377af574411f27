/** Elementary functions to the last bit, where a pixel boundary hangs on it. */

export function cosOf(x: number): number {
  return Math.cos(x)
}
export function sinOf(x: number): number {
  return Math.sin(x)
}
export function acosOf(x: number): number {
  return Math.acos(x)
}
export function atan2Of(y: number, x: number): number {
  return Math.atan2(y, x)
}
