import { describe, expect, it } from 'vitest'
import { lookFrom, searchFrom } from './link-state.ts'
import { usualLook, type ViewerState } from './viewer/model.ts'

describe('the address of what a viewer shows', () => {
  it('brings all of it back', () => {
    const state: ViewerState = {
      view: { x: 12.25, y: 3000.5, zoom: 0.125, turn: 1.25, mirrored: true },
      look: {
        stretch: 'log',
        interval: { by: 'values', low: -3, high: 1e5 },
        map: 'viridis',
        inverted: true,
        smooth: 2,
      },
      plane: 1,
      slice: 3,
      hdu: 4,
      grid: true,
      shown: { 'catalogue gaia': false, 'regions my stars.reg': true },
    }
    expect(lookFrom(searchFrom(state))).toEqual(state)
  })

  it('leaves out what is usual and mends what makes no sense', () => {
    expect(
      searchFrom({ view: null, look: usualLook, plane: 0, slice: 0, hdu: null, grid: false, shown: {} }),
    ).toEqual({})
    expect(lookFrom({ stretch: 'loud', interval: '9,1', cmap: 'x', x: 1, y: 1, zoom: -2 })).toMatchObject({
      look: usualLook,
      view: null,
    })
  })
})
