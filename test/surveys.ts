import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { compressImage } from '#science/fits/compress.ts'
import { card } from '#science/fits/header.ts'
import { writeFits } from '#science/fits/write.ts'
import { simulateField, type SimulatedField } from '#science/simulate/field.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { separation } from '#science/sky/vectors.ts'
import { atEnd } from './platform.ts'

/** A star of the fake sky, with its flux in units of the survey that shows it. */
export interface SurveyStar {
  ra: number
  dec: number
  flux: number
}

export interface FakeSurveys {
  base: string
  /** What was asked, in order. */
  asked: string[]
  /** What was asked wrongly. */
  faults: string[]
  /** Answers instead of the services; true where it has. */
  instead: ((request: IncomingMessage, response: ServerResponse, body: string) => boolean) | null
}

/**
 * Pan-STARRS' list and archive, the Legacy Survey's bricks and hips2fits on loopback, as they answer in the formats and with
 * the keywords of the real ones: sky cells asinh-scaled in 16 bits with long PC keywords and their own exposure time,
 * bricks tile-compressed with inverse variance and mask, pictures on the WCS that they are asked for.
 */
export async function startSurveys(
  stars: readonly SurveyStar[],
  sky: {
    /** Middles of the sky cells, with their exposure times. */
    cells?: readonly { ra: number; dec: number; exposure: number; scale: number }[]
    /** Middles of bricks that are there, by name, in which release. */
    bricks?: Readonly<Record<string, { ra: number; dec: number; path: string; scale: number }>>
    /** Width of a cell or brick, pixels; the real ones are ten times as wide and no different. */
    side?: number
    /** Width of a star, pixels of the survey. */
    fwhm?: number
    /** σ of a pixel of a sky cell, in units of the stars' flux. */
    noise?: number
    /** Most pixels of one answer of hips2fits. */
    mostPixels?: number
    /** HiPS that are there. */
    hips?: readonly string[]
  } = {},
): Promise<FakeSurveys> {
  const state: FakeSurveys = { base: '', asked: [], faults: [], instead: null }
  const { side: cellSide = 240, fwhm = 4, noise = 0 } = sky
  const random = seededRandom(9)
  const shown = (
    pointing: { ra: number; dec: number; scale: number },
    width: number,
    height: number,
    factor: number,
    centre?: readonly [number, number],
  ): SimulatedField =>
    simulateField({
      width,
      height,
      count: 0,
      sky: 0,
      readNoise: 0,
      noise: false,
      saturation: Infinity,
      zeroPoint: 25,
      pointing,
      psf: { profile: 'gauss', fwhm },
      wings: 1e-9,
      ...(centre ? { centre } : {}),
      catalogue: {
        ra: stars.map(({ ra }) => ra),
        dec: stars.map(({ dec }) => dec),
        mag: stars.map(({ flux }) => 25 - 2.5 * Math.log10(flux * factor)),
      },
    })
  const geometry = (field: SimulatedField) =>
    field.header.filter(({ keyword }) => /^(CTYPE|CRVAL|CRPIX|CUNIT|CD|RADESYS)/.test(keyword))

  const cells = sky.cells ?? []
  function list(body: string): string {
    const field = (name: string): string =>
      new RegExp(`name="${name}"[^\\r]*(?:\\r\\n[^\\r]+)*\\r\\n\\r\\n([\\s\\S]*?)\\r\\n--`).exec(body)?.[1] ??
      ''
    if (field('type') !== 'stack,stack.mask') state.faults.push(`list of type ${field('type')}`)
    if (!/^[grizy]$/.test(field('filters'))) state.faults.push(`list of filter ${field('filters')}`)
    const rows = field('file')
      .split('\n')
      .flatMap((line) => {
        const [ra, dec] = line.split(' ').map(Number)
        if (!Number.isFinite(ra! + dec!)) state.faults.push(`place ${line}`)
        const n = cells.findIndex(
          (cell) => separation(cell.ra, cell.dec, ra!, dec!) < (cellSide * cell.scale) / 5_000,
        )
        if (n < 0) return []
        const id = String(n).padStart(3, '0')
        const stem = `/rings.v3.skycell/1405/${id}/rings.v3.skycell.1405.${id}.stk.${field('filters')}.unconv`
        const short = stem.split('/').at(-1)
        return [
          `1405 ${n} ${ra} ${dec} ${field('filters')} 0.0 stack ${stem}.fits ${short}.fits 0`,
          `1405 ${n} ${ra} ${dec} ${field('filters')} 0.0 stack.mask ${stem}.mask.fits ${short}.mask.fits 0`,
        ]
      })
    return ['projcell subcell ra dec filter mjd type filename shortname badflag', ...rows, ''].join('\n')
  }

  /** 16-bit integers of the asinh scale: flux = BOFFSET + BSOFTEN (eˣ − e⁻ˣ), x = value · 0.4 · ln 10. */
  function skyCell(n: number): Uint8Array {
    const { exposure, ...pointing } = cells[n]!
    const [soften, offset, scale, zero, blank] = [0.5, 0.02, 6e-4, 8, 32_767]
    const field = shown(pointing, cellSide, cellSide, exposure)
    const data = Int16Array.from(field.plane.data, (flux, i) => {
      // A corner that no exposure covers.
      if (i % cellSide < 10 && i < 10 * cellSide) return blank
      const noisy = flux + noise * exposure * random.normal()
      const x = Math.asinh((noisy - offset) / (2 * soften))
      return Math.round((x / (0.4 * Math.LN10) - zero) / scale)
    })
    const [cd1, cd2] = [-pointing.scale / 3_600, pointing.scale / 3_600]
    return writeFits([
      {
        kind: 'image',
        shape: [cellSide, cellSide],
        data,
        cards: [
          card('BSCALE', scale),
          card('BZERO', zero),
          card('BLANK', blank),
          card('BSOFTEN', soften),
          card('BOFFSET', offset),
          card('EXPTIME', exposure),
          card('FPA.TELESCOPE', 'PS1'),
          card('FPA.FILTERID', 'r.00000'),
          ...geometry(field).filter(({ keyword }) => !/^(CD|RADESYS)/.test(keyword)),
          card('CDELT1', Math.abs(cd1)),
          card('CDELT2', cd2),
          card('PC001001', -1),
          card('PC001002', 0),
          card('PC002001', 0),
          card('PC002002', 1),
        ],
      },
    ])
  }

  function cellMask(): Uint8Array {
    // All pixels are marked with a bit that means nothing; a block near the upper right corner is saturated.
    const data = Int16Array.from({ length: cellSide * cellSide }, (_, i) => {
      const [x, y] = [i % cellSide, Math.floor(i / cellSide)]
      return -32_768 | (x >= cellSide - 20 && y >= cellSide - 20 ? 0x20 : 0)
    })
    return writeFits([
      { kind: 'image', shape: [], cards: [] },
      compressImage({
        kind: 'image',
        shape: [cellSide, cellSide],
        data: Uint16Array.from(data, (v) => v & 0xffff),
      }),
    ])
  }

  function brick(name: string, what: string): Uint8Array | null {
    const found = sky.bricks?.[name]
    if (!found) return null
    const field = shown(found, cellSide, cellSide, 1)
    const data =
      what === 'maskbits'
        ? Int16Array.from(field.plane.data, (_, i) =>
            i % cellSide >= cellSide - 15 ? 0x1 : i % cellSide < 15 ? 0x2 : 0,
          )
        : what.startsWith('invvar')
          ? Float32Array.from(field.plane.data, (_, i) => (i < 15 * cellSide ? 0 : 400))
          : field.plane.data
    return writeFits([
      { kind: 'image', shape: [], cards: [] },
      compressImage(
        { kind: 'image', shape: [cellSide, cellSide], data, cards: geometry(field) },
        { method: 'GZIP_2' },
      ),
    ])
  }

  function hips2fits(query: URLSearchParams, response: ServerResponse): void {
    const refuse = (description: string): void =>
      void response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ title: 'Bad Request', description }))
    const wcs = JSON.parse(query.get('wcs') ?? '{}') as Record<string, number | string>
    const [width, height] = [Number(query.get('width')), Number(query.get('height'))]
    if (wcs['NAXIS1'] !== width || wcs['NAXIS2'] !== height || wcs['CTYPE1'] !== 'RA---TAN')
      state.faults.push(`wcs ${query.get('wcs')}`)
    if (query.get('format') !== 'fits') state.faults.push(`format ${query.get('format')}`)
    if (!(sky.hips ?? []).includes(query.get('hips') ?? ''))
      return refuse(`No HiPS is known as ${query.get('hips')}`)
    if (width * height > (sky.mostPixels ?? 50e6)) return refuse('The requested image is too large')
    const pointing = {
      ra: Number(wcs['CRVAL1']),
      dec: Number(wcs['CRVAL2']),
      scale: Number(wcs['CDELT2']) * 3_600,
    }
    const field = shown(pointing, width, height, 1, [Number(wcs['CRPIX1']) - 1, Number(wcs['CRPIX2']) - 1])
    // The survey ends in the west.
    const edge = pointing.ra - 0.028
    for (let i = 0; i < field.plane.data.length; i++)
      if (field.wcs.toSky(i % width, Math.floor(i / width))[0] < edge) field.plane.data[i] = Number.NaN
    response
      .writeHead(200, { 'content-type': 'image/fits' })
      .end(
        writeFits([
          { kind: 'image', shape: [width, height], data: field.plane.data, cards: geometry(field) },
        ]),
      )
  }

  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost')
      state.asked.push(`${request.method} ${url.pathname}${url.pathname === '/hips2fits' ? url.search : ''}`)
      if (state.instead?.(request, response, body)) return
      const send = (bytes: Uint8Array | string | null): void =>
        void (bytes === null ? response.writeHead(404).end('Not Found') : response.writeHead(200).end(bytes))
      const cell = /^\/rings\.v3\.skycell\/1405\/(\d{3})\/.*\.unconv(\.mask)?\.fits$/.exec(url.pathname)
      const coadd =
        /^\/ls\/(dr10\/south|dr9\/north)\/coadd\/(\d{3})\/(\d{4}[pm]\d{3})\/legacysurvey-(\d{4}[pm]\d{3})-(image-[griz]|invvar-[griz]|maskbits)\.fits\.fz$/.exec(
          url.pathname,
        )
      if (url.pathname === '/cgi-bin/ps1filenames.py') {
        if (request.method !== 'POST') state.faults.push('list by GET')
        send(list(body))
      } else if (cell) send(cell[2] ? cellMask() : skyCell(Number(cell[1])))
      else if (coadd) {
        if (coadd[3] !== coadd[4] || coadd[2] !== coadd[3]!.slice(0, 3)) state.faults.push(url.pathname)
        send(sky.bricks?.[coadd[3]!]?.path === coadd[1] ? brick(coadd[3]!, coadd[5]!) : null)
      } else if (url.pathname === '/hips2fits') hips2fits(url.searchParams, response)
      else {
        state.faults.push(`unknown address ${url.pathname}`)
        response.writeHead(404).end()
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  state.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  atEnd(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return state
}
