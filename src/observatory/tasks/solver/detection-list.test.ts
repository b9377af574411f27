import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { writeFits } from '#science/fits/write.ts'
import { tableOf } from '#science/table/table.ts'
import { tableBytes } from '#observatory/tasks/table-files.ts'
import { detectionList } from './detection-list.ts'

const folder = mkdtempSync(join(tmpdir(), 'urania-lists-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

describe('a list of detections', () => {
  it('is read from SExtractor’s ASCII_HEAD, columns of several numbers included', async () => {
    const head = [
      '#   1 FLUX_APER              Flux vector within fixed circular aperture(s)   [count]',
      '#   3 XWIN_IMAGE             Windowed position estimate along x              [pixel]',
      '#   4 YWIN_IMAGE             Windowed position estimate along y              [pixel]',
      '#   5 MAG_AUTO               Kron-like elliptical aperture magnitude         [mag]',
      '  10.5  12   1.0   5.0 -10.0',
      '  20.5  22  11.0  15.5 -12.5',
    ]
    const found = await detectionList(file('ascii.cat', `${head.join('\n')}\n`))
    expect(found).toMatchObject({ width: 11, height: 16 })
    expect([...found!.x, ...found!.y, ...found!.flux]).toEqual([0, 10, 4, 14.5, 10.5, 20.5])
    await expect(
      detectionList(file('short.cat', `${head.slice(0, 5).join('\n').slice(0, -6)}\n`)),
    ).rejects.toThrow('Line 5 does not hold the 5 numbers')
  })

  it('is read back from what urania detect writes', async () => {
    const table = tableOf({
      columns: [
        { name: 'x', values: Float64Array.of(3, 7), unit: 'pixel' },
        { name: 'y', values: Float64Array.of(4, 8), unit: 'pixel' },
        { name: 'flux', values: Float64Array.of(5, 9) },
      ],
    })
    for (const ending of ['.cat', '.csv', '.fits', '.vot', '.ecsv']) {
      const found = await detectionList(file(`list${ending}`, await tableBytes(table, ending)), '30x40')
      expect([...found!.x, ...found!.y, ...found!.flux, found!.width, found!.height]).toEqual([
        2, 6, 3, 7, 5, 9, 30, 40,
      ])
    }
  })

  it('leaves out rows without a place', async () => {
    const found = await detectionList(file('holes.csv', 'x,y,mag\n1,2,3\n,,4\nnan,5,6\n7,8,9\n'))
    expect([...found!.x, ...found!.y]).toEqual([0, 6, 1, 7])
    expect(found).toMatchObject({ width: 7, height: 8 })
  })

  it('is none where the file is a FITS picture, compressed by gzip or not', async () => {
    const picture = new Uint8Array(
      writeFits([{ kind: 'image', shape: [16, 16], data: new Float32Array(256) }]),
    )
    expect(await detectionList(file('picture.fits', picture))).toBeUndefined()
    expect(await detectionList(file('picture.fits.gz', gzipSync(picture)))).toBeUndefined()
  })

  it('refuses a JPEG in words', async () => {
    await expect(
      detectionList(file('sky.jpg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16))),
    ).rejects.toThrow('sky.jpg is a JPEG picture, and only FITS is read')
  })
})
