import { describe, expect, it } from 'vitest'
import { separation } from '#science/sky/vectors.ts'
import { formatDs9, parseDs9 } from './regions.ts'

const file = `# Region file format: DS9 version 4.1
global color=cyan dashlist=8 3
image
circle(101,51,10)
-box(20.5,30.5,4,6,45) # text={a; b} tag={one} tag={two}
polygon(1,1,11,1,11,21)
fk5
ellipse(12:34:56.7,+01:02:03,5",2.5",30) # color=red
annulus(150.1d,2.2d,1',2',3')
galactic;circle(120.5,-30.25,0.1)
# text(10.5,-20.25) text={NGC 1; not a comment}
icrs;point(10.5,-20.25) # point=cross
`

describe('DS9 regions', () => {
  it('pixels become 0-based, directions ICRS degrees, sizes degrees', () => {
    const { regions, skipped } = parseDs9(file)
    expect(skipped).toEqual([])
    const [circle, box, polygon, ellipse, annulus, galactic, , point] = regions
    expect(circle).toEqual({
      on: 'image',
      shape: 'circle',
      points: [[100, 50]],
      sizes: [10],
      angleDeg: 0,
      excluded: false,
      colour: 'cyan',
    })
    expect(box).toMatchObject({ excluded: true, angleDeg: 45, text: 'a; b', tags: ['one', 'two'] })
    expect(polygon!.points).toEqual([
      [0, 0],
      [10, 0],
      [10, 20],
    ])
    expect(separation(...(ellipse!.points[0] as [number, number]), 188.73625, 1.0341667)).toBeLessThan(3e-5)
    expect(ellipse!.sizes.map((size) => size * 3600)).toEqual([5, 2.5])
    expect(ellipse!.colour).toBe('red')
    expect(annulus!.sizes).toEqual([1 / 60, 2 / 60, 3 / 60])
    expect(galactic!.on).toBe('sky')
    expect(point!.points).toEqual([[10.5, -20.25]])
  })

  it('what is written is read again as it was', () => {
    const { regions } = parseDs9(file)
    const again = parseDs9(formatDs9(regions))
    expect(again.skipped).toEqual([])
    for (const [i, region] of regions.entries()) {
      const other = again.regions[i]!
      expect(other.shape).toBe(region.shape)
      expect(other.excluded).toBe(region.excluded)
      expect(other.text).toBe(region.text)
      for (const [k, point] of region.points.entries())
        for (const j of [0, 1]) expect(Math.abs(other.points[k]![j]! - point[j]!)).toBeLessThan(1e-7)
      for (const [k, size] of region.sizes.entries()) expect(other.sizes[k]).toBeCloseTo(size, 6)
    }
  })

  it('physical pixels lie on those of the image as LTM and LTV say; rings of ellipses and boxes are read one by one', () => {
    const shapes = (system: string, places: readonly string[]) =>
      parseDs9(
        [
          '# Region file format: DS9 version 4.1',
          'global color=green dashlist=8 3 width=1 font="helvetica 10 normal roman" select=1 highlite=1 dash=0 fixed=0 edit=1 move=1 delete=1 include=1 source=1',
          system,
          '# composite(300,300,0) || composite=1',
          `circle(${places[0]}) || # color=pink width=3 font="times 10 normal roman" text={Circle} tag={foo} tag={foo bar} A comment`,
          `-ellipse(${places[1]},45) || # color=#0ff text={Ellipse} background`,
          `ellipse(${places[2]},45) # text={Ellipse Annulus}`,
          `box(${places[3]},30) # text={Box Annulus}`,
          `-line(${places[4]}) # line=1 1 color=cyan`,
          `point(${places[5]}) # point=boxcircle 14`,
        ].join('\n'),
        { scale: [0.5, 0.5], shift: [0.5, 0.5] },
      )
    // The same shapes as DS9 saves them in either system of a frame binned by two.
    const image = shapes('image', [
      '166,546,20',
      '248,529,40,20',
      '251,430,15,7.5,30,15',
      '338,429,40,20,60,30',
      '509,513,569,564',
      '252,241',
    ])
    const physical = shapes('physical', [
      '331,1091,40',
      '495,1057,80,40',
      '501,859,30,15,60,30',
      '675,857,80,40,120,60',
      '1017,1025,1137,1127',
      '503,481',
    ])
    expect(physical).toEqual(image)
    expect(image.skipped).toEqual([])
    expect(image.regions.map(({ shape, sizes, angleDeg }) => [shape, sizes, angleDeg])).toEqual([
      ['circle', [20], 0],
      ['ellipse', [40, 20], 45],
      ['ellipse', [15, 7.5], 45],
      ['ellipse', [30, 15], 45],
      ['box', [40, 20], 30],
      ['box', [60, 30], 30],
      ['line', [], 0],
      ['point', [], 0],
    ])
    expect(image.regions[0]).toMatchObject({ points: [[165, 545]], colour: 'pink', tags: ['foo', 'foo bar'] })
    expect(image.regions[1]).toMatchObject({ excluded: true, colour: '#0ff' })
  })

  it('what is not understood is told and skipped, the rest is read', () => {
    const { regions, skipped } = parseDs9(
      'fk4\ncircle(1,2,3)\nimage\nhexagon(1,2,3)\ncircle(a,2,3)\ncircle(1,2)\ncircle(1,2,3")\n\u0000\ncircle(5,6,7)',
    )
    expect(regions).toHaveLength(1)
    expect(skipped.map(({ line }) => line)).toEqual([2, 4, 5, 6, 7, 8])
  })
})
