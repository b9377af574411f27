/**
 * Colours for values. Perceptually uniform maps of matplotlib (van der Walt & Smith, released to the public domain) and
 * cividis (Nuñez et al. 2018) by ten of their colours, between which the rest is interpolated; grey and heat by their ends.
 */

export const colourMapNames = [
  'grey',
  'viridis',
  'inferno',
  'magma',
  'plasma',
  'cividis',
  'heat',
  'cool',
  'rainbow',
] as const
export type ColourMapName = (typeof colourMapNames)[number]

const stops: Readonly<Record<ColourMapName, string>> = {
  grey: '000000 ffffff',
  viridis: '440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725',
  inferno: '000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4',
  magma: '000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf',
  plasma: '0d0887 46039f 7201a8 9c179e bd3786 d8576b ed7953 fb9f3a fdca26 f0f921',
  cividis: '00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838',
  heat: '000000 800000 ff8000 ffff80 ffffff',
  cool: '000000 003060 0080c0 80e0ff ffffff',
  rainbow: '30123b 4662d7 35abf8 1ae4b6 72fe5e c7ef34 faba39 f66b19 cb2a04 7a0403',
}

/** Colour of a pixel without a value: a bluish grey that none of the maps has, so that holes are seen as holes. */
const holeColour = [44, 52, 70, 255] as const

/**
 * r, g, b, a of 256 values. Value 0 is a pixel without a value (`hole`, by default `holeColour`); 1 to 255 are the map from
 * its lowest to its highest colour, or the other way round where `inverted`.
 */
export function paletteOf(
  name: ColourMapName,
  { inverted = false, hole = holeColour }: { inverted?: boolean; hole?: readonly number[] } = {},
): Uint8Array {
  const colours = stops[name]
    .split(' ')
    .map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))
  const palette = new Uint8Array(1024)
  palette.set(hole)
  for (let i = 1; i < 256; i++) {
    const where = ((inverted ? 255 - i : i - 1) / 254) * (colours.length - 1)
    const low = Math.min(Math.floor(where), colours.length - 2)
    for (let c = 0; c < 3; c++)
      palette[4 * i + c] = Math.round(
        colours[low][c] + (where - low) * (colours[low + 1][c] - colours[low][c]),
      )
    palette[4 * i + 3] = 255
  }
  return palette
}
