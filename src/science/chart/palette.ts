/** The colours a chart uses; each one means one thing. */
export interface Palette {
  /** Outside the sky, and behind labels. */
  ground: string
  /** The sky itself. */
  sky: string
  /** Graticule and frame. */
  grid: string
  /** Labels. */
  text: string
  /** Probability, fills (with opacity) and the 50 % and 90 % outlines. */
  region: string
  outline90: string
  outline50: string
  milkyWay: string
  sun: string
  moon: string
  ecliptic: string
  /** Points of interest: peak, error circle centre, sources. */
  mark: string
  /** Altitudes: day, civil, nautical, astronomical twilight, night. */
  day: string
  civil: string
  nautical: string
  astronomical: string
  night: string
  now: string
}

/** For a tree mounted in a page: the page's themes set these variables. */
export const cssPalette: Palette = {
  ground: 'var(--chart-ground)',
  sky: 'var(--chart-sky)',
  grid: 'var(--chart-grid)',
  text: 'var(--chart-text)',
  region: 'var(--chart-region)',
  outline90: 'var(--chart-outline90)',
  outline50: 'var(--chart-outline50)',
  milkyWay: 'var(--chart-milky-way)',
  sun: 'var(--chart-sun)',
  moon: 'var(--chart-moon)',
  ecliptic: 'var(--chart-ecliptic)',
  mark: 'var(--chart-mark)',
  day: 'var(--chart-day)',
  civil: 'var(--chart-civil)',
  nautical: 'var(--chart-nautical)',
  astronomical: 'var(--chart-astronomical)',
  night: 'var(--chart-night)',
  now: 'var(--chart-now)',
}

export const darkPalette: Palette = {
  ground: '#0e1116',
  sky: '#141922',
  grid: '#2d3643',
  text: '#9aa7b8',
  region: '#5ec8d8',
  outline90: '#56b4e9',
  outline50: '#f0e442',
  milkyWay: '#7d8da3',
  sun: '#f5b83d',
  moon: '#d5dbe4',
  ecliptic: '#8a7a4f',
  mark: '#ffffff',
  day: '#2c4566',
  civil: '#243853',
  nautical: '#1d2c44',
  astronomical: '#172337',
  night: '#0f1522',
  now: '#e8643c',
}

export const lightPalette: Palette = {
  ground: '#ffffff',
  sky: '#f5f7fa',
  grid: '#d3dae3',
  text: '#3f4b5a',
  region: '#1b7f8c',
  outline90: '#0b6aa8',
  outline50: '#b3430f',
  milkyWay: '#8793a3',
  sun: '#c98500',
  moon: '#3d4757',
  ecliptic: '#a48a3d',
  mark: '#101418',
  day: '#f3f8fd',
  civil: '#dfe9f4',
  nautical: '#cad8e8',
  astronomical: '#b6c8dc',
  night: '#a3b8d0',
  now: '#c43e12',
}

export const redPalette: Palette = {
  ground: '#0a0202',
  sky: '#120404',
  grid: '#3a0f0c',
  text: '#b5453a',
  region: '#c23c2e',
  outline90: '#a8372b',
  outline50: '#ff6a55',
  milkyWay: '#6e221b',
  sun: '#ff7a66',
  moon: '#d05546',
  ecliptic: '#5a1d17',
  mark: '#ff9a8a',
  day: '#4a130e',
  civil: '#38100c',
  nautical: '#290b08',
  astronomical: '#1c0705',
  night: '#100303',
  now: '#ff8f7d',
}
