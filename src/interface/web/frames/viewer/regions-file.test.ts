import { describe, expect, it } from 'vitest'
import { tanWcs } from '#science/fits/wcs/make.ts'
import { overlayFromRegions, regionsFrom } from './regions-file.ts'

const wcs = tanWcs({ crval: [150, 2], crpix: [100, 100], cd: [-1e-4, 0, 0, 1e-4] })

describe('region files on the viewer', () => {
  it('come in by sky and pixel, and go out as they came', () => {
    const content = [
      '# Region file format: DS9 version 4.1',
      'icrs',
      'circle(150.001,2.002,3") # text={one} color=red',
      'image',
      'polygon(1,1,10,1,10,10)',
      'nonsense(3)',
    ].join('\n')
    const { overlay, skipped } = overlayFromRegions('a.reg', content, wcs)
    expect(overlay.marks).toHaveLength(2)
    expect(overlay.marks[0]).toMatchObject({ on: 'sky', shape: 'circle', label: 'one', colour: 'red' })
    expect(overlay.marks[1]!.points[0]).toEqual([0, 0])
    expect(skipped).toHaveLength(1)
    const again = overlayFromRegions('b.reg', regionsFrom([overlay], wcs), wcs).overlay
    expect(again.marks.map(({ on, shape }) => [on, shape])).toEqual([
      ['sky', 'circle'],
      ['pixel', 'polygon'],
    ])
    expect(again.marks[0]!.points[0]![0]).toBeCloseTo(150.001, 6)
    expect(again.marks[1]!.points[2]![1]).toBeCloseTo(9, 6)
  })

  it('says what an image without a WCS cannot show', () => {
    const { overlay, skipped } = overlayFromRegions('a.reg', 'icrs\ncircle(1,2,3")', null)
    expect(overlay.marks).toEqual([])
    expect(skipped[0]).toContain('no WCS')
  })
})
