/** Parts of a frame. */
import { Problem } from '#problem.ts'
import type { Mask, Plane } from '#science/image/plane.ts'

/** 0-based, the ends not included; negative numbers count from the far edge; what is left out is the frame's edge. */
export interface CropBox {
  readonly x1?: number
  readonly y1?: number
  readonly x2?: number
  readonly y2?: number
}

export interface Section {
  readonly x0: number
  readonly y0: number
  readonly width: number
  readonly height: number
}

/** The pixels that a box means. Throws `image.invalid` where it holds none. */
export function sectionOf(width: number, height: number, box: CropBox): Section {
  const place = (value: number | undefined, size: number, otherwise: number): number => {
    const wanted = Math.round(value ?? otherwise)
    return Math.min(size, Math.max(0, wanted < 0 || Object.is(wanted, -0) ? size + wanted : wanted))
  }
  const x0 = place(box.x1, width, 0)
  const y0 = place(box.y1, height, 0)
  const x1 = place(box.x2, width, width)
  const y1 = place(box.y2, height, height)
  if (!(x1 > x0 && y1 > y0))
    throw new Problem(
      'image.invalid',
      `Nothing of ${width} × ${height} pixels is left between x ${x0} and ${x1} and y ${y0} and ${y1}.`,
      { ...box },
    )
  return { x0, y0, width: x1 - x0, height: y1 - y0 }
}

/**
 * A copy of a part of a plane. What a WCS needs: its reference pixel moves by `shift` (CRPIX1 += shift[0], CRPIX2 +=
 * shift[1]), and so does DATASEC.
 */
export function cropPlane(
  plane: Plane,
  box: CropBox,
): { plane: Plane; section: Section; shift: [number, number] } {
  const section = sectionOf(plane.width, plane.height, box)
  const data = new Float32Array(section.width * section.height)
  copyPart(plane.data, plane.width, section, data)
  return {
    plane: { width: section.width, height: section.height, data },
    section,
    shift: [0 - section.x0, 0 - section.y0],
  }
}

/** The same part of a mask. */
export function cropMask(mask: Mask, section: Section): Mask {
  const data = new Uint8Array(section.width * section.height)
  copyPart(mask.data, mask.width, section, data)
  return { width: section.width, height: section.height, data }
}

function copyPart<T extends Float32Array | Uint8Array>(
  from: T,
  stride: number,
  section: Section,
  to: T,
): void {
  for (let y = 0; y < section.height; y++) {
    const start = (y + section.y0) * stride + section.x0
    to.set(from.subarray(start, start + section.width), y * section.width)
  }
}
