import { useEffect, useRef, useState } from 'react'
import { ApiProblem } from '#interface/web/api/client.ts'
import type { Field } from '#interface/web/pieces/sky-map.tsx'
import { Problem } from '#interface/web/pieces/problem.tsx'
import type { SkyRegion } from '#science/chart/sky-chart.ts'

/** The parts of Aladin Lite that are used; the package ships no types. */
interface Aladin {
  gotoRaDec(ra: number, dec: number): void
  setFoV(degrees: number): void
  addOverlay(overlay: { addFootprints(shapes: unknown[]): void }): void
}
interface AladinModule {
  init: Promise<void>
  aladin(element: HTMLElement, options: Record<string, unknown>): Aladin
  graphicOverlay(options: Record<string, unknown>): { addFootprints(shapes: unknown[]): void }
  polygon(vertices: number[][]): unknown
}

const survey = { id: 'P/DSS2/color', probe: 'https://alasky.cds.unistra.fr/DSS/DSSColor/properties' }

/** Survey images under the 50 % and 90 % outlines; says so when no survey answers from here. */
export function Survey({
  field,
  regions,
  close,
}: {
  field: Field
  regions: readonly SkyRegion[]
  close: () => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const [failure, setFailure] = useState<Error | null>(null)
  const [ready, setReady] = useState(false)
  const viewer = useRef<Aladin | null>(null)

  useEffect(() => {
    let gone = false
    const show = async () => {
      await fetch(survey.probe, { mode: 'no-cors', signal: AbortSignal.timeout(5000) }).catch(() => {
        throw new ApiProblem(
          0,
          'survey.unreachable',
          'No survey answers from here',
          'This machine does not reach alasky.cds.unistra.fr. The maps above need no network.',
        )
      })
      const { default: library } = (await import('aladin-lite')) as { default: AladinModule }
      await library.init
      if (gone || !box.current) return
      const aladin = library.aladin(box.current, {
        survey: survey.id,
        fov: field.fieldDeg,
        target: `${field.ra} ${field.dec}`,
        cooFrame: 'ICRSd',
        showLayersControl: true,
        showGotoControl: false,
        showFrame: true,
      })
      for (const region of regions.filter((one) => one.level === 0.5 || one.level === 0.9)) {
        const overlay = library.graphicOverlay({
          color: region.level === 0.5 ? '#f0e442' : '#56b4e9',
          lineWidth: 2,
          name: `${region.level * 100} %`,
        })
        aladin.addOverlay(overlay)
        const parts =
          region.geometry.type === 'Polygon' ? [region.geometry.coordinates] : region.geometry.coordinates
        overlay.addFootprints(parts.flatMap((rings) => rings.map((ring) => library.polygon(ring))))
      }
      viewer.current = aladin
      setReady(true)
    }
    show().catch((error: unknown) => {
      if (!gone) setFailure(error instanceof Error ? error : new Error(String(error)))
    })
    return () => {
      gone = true
    }
  }, []) // eslint-disable-line -- one viewer per opening; it follows the field below

  useEffect(() => {
    viewer.current?.gotoRaDec(field.ra, field.dec)
    viewer.current?.setFoV(field.fieldDeg)
  }, [field.ra, field.dec, field.fieldDeg, ready])

  return (
    <section aria-label="Survey images" style={{ margin: '-8px 0 20px' }}>
      <div className="row" style={{ marginBottom: 6 }}>
        <h2>Over survey images</h2>
        <span className="dim">DSS2 colour, CDS</span>
        <button type="button" className="link-button" onClick={close}>
          Hide
        </button>
      </div>
      {failure ? <Problem error={failure} /> : <div ref={box} className="survey" />}
    </section>
  )
}
