/** The plane that touches the sphere at a direction. */

/** Unit vectors east (first three numbers) and north (last three) of a direction; at a pole east is +y. */
export function tangentFrame(x: number, y: number, z: number): readonly number[] {
  const across = Math.sqrt(x * x + y * y)
  const [ex, ey] = across > 1e-12 ? [-y / across, x / across] : [0, 1]
  return [ex, ey, 0, -z * ey, z * ex, x * ey - y * ex]
}
