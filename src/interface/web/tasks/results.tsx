import { Link } from '@tanstack/react-router'
import { Facts } from '#interface/web/pieces/facts.tsx'
import { percent, significant, thousands } from '#interface/web/pieces/format.ts'
import { Value } from '#interface/web/pieces/value.tsx'
import { SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import type {
  InspectFindings,
  Measured,
  PhotometryFindings,
  StackFindings,
  SubtractionFindings,
  TransientFindings,
} from '#observatory/tasks/findings.ts'
import type { StepName, Task, TaskProduct } from '#observatory/tasks/task.ts'
import { findingsOf } from './columns.tsx'
import { TargetCutouts } from './cutouts.tsx'
import { flagsInWords, NotStated } from './words.tsx'

/** What a step found, in numbers. */
export function Results(props: { task: Task; step: StepName; products: readonly TaskProduct[] }) {
  const { task, step, products } = props
  const found = findingsOf(task)
  if (step === 'inspect' && found.inspect) return <Inspected found={found.inspect} />
  if (step === 'photometry' && found.photometry)
    return (
      <>
        <Photometry found={found.photometry} />
        <Targets targets={found.photometry.targets} />
        <TargetCutouts task={task} products={products} targets={found.photometry.targets} />
      </>
    )
  if (step === 'transients' && found.transients) return <Transients task={task} found={found.transients} />
  if (step === 'subtraction' && found.subtraction)
    return (
      <>
        <Subtraction found={found.subtraction} />
        <Targets targets={found.subtraction.targets} difference />
      </>
    )
  if (step === 'stack' && found.stack) return <Stacked found={found.stack} />
  return null
}

const reasons: Readonly<Record<string, string>> = {
  nan: 'without a value',
  saturated: 'saturated',
  cosmic: 'cosmic rays',
  cosmics: 'cosmic rays',
  drawn: 'drawn by hand',
  file: 'in an uploaded mask',
}

function Inspected({ found }: { found: InspectFindings }) {
  const { masked } = found
  const parts = Object.entries(masked).filter(
    ([name, count]) => name !== 'pixels' && name !== 'masked' && typeof count === 'number' && count > 0,
  ) as [string, number][]
  return (
    <Facts
      facts={[
        [
          'Masked',
          `${percent(masked.masked / masked.pixels)}, ${thousands(masked.masked)} of ${thousands(masked.pixels)} pixels`,
        ],
        ...parts.map(
          ([name, count]) =>
            [
              `— ${reasons[name] ?? name.replace(/([A-Z])/g, ' $1').toLowerCase()}`,
              thousands(count),
            ] as const,
        ),
        ['Fill values', found.fills > 0 && `${thousands(found.fills)} pixels became NaN`],
        ['Background mesh', `${found.bgSize} pixels`],
        [
          'Targets',
          found.targets.length === 0
            ? 'none'
            : found.targets.map((target) => (
                <span key={target.name} style={{ display: 'block' }}>
                  {target.name}{' '}
                  <span className="dim">
                    {target.ra !== null && target.dec !== null ? (
                      <SkyCoord ra={target.ra} dec={target.dec} plain />
                    ) : (
                      `pixel ${target.x}, ${target.y}`
                    )}
                    {target.resolver && ` by ${target.resolver}`}
                  </span>
                </span>
              )),
        ],
        ['WCS', found.field ? `${found.field.projection}` : (found.noWcs ?? 'none')],
      ]}
    />
  )
}

function Photometry({ found }: { found: PhotometryFindings }) {
  const width = found.profileFwhm ?? found.fwhm
  return (
    <>
      {found.warnings.length > 0 && (
        <ul className="warnings">
          {found.warnings.map((warning) => (
            <li key={warning}>▲ {warning}</li>
          ))}
        </ul>
      )}
      <Facts
        facts={[
          [
            'Zero point',
            <span key="z">
              <Value value={found.zeroPoint} error={found.zeroPointErr} unit="mag" />{' '}
              <span className="dim">at the middle, for 1 ADU</span>
            </span>,
          ],
          [
            'Scatter',
            <span key="s">
              <Value value={found.scatter} digits={2} unit="mag" />
              <span className="dim">
                {' '}
                of stars
                {found.binnedScatter !== null &&
                  `; ${significant(found.binnedScatter, 2)} mag of parts of the frame`}
              </span>
            </span>,
          ],
          [
            'Stars',
            `${thousands(found.used)} used of ${thousands(found.matched)} matched, ${thousands(found.stars)} in ${found.catalogue}`,
          ],
          [
            'Colour term',
            found.colorTerm === null ? (
              'not fitted'
            ) : (
              <span key="c">
                {colourTerm(found)}{' '}
                <span className="dim">
                  mag per mag of {found.color?.join(' − ')}; magnitudes are in the instrument’s own{' '}
                  {found.filter}
                </span>
              </span>
            ),
          ],
          [
            'FWHM',
            `${width.toFixed(2)} pix, ${(width * found.field.pixelScaleArcsec).toFixed(2)}″ (${found.fwhmFrom})`,
          ],
          [
            'Aperture',
            `radius ${found.aperture.toFixed(2)} pix; apertures go by ${found.fwhm.toFixed(2)} pix, twice the half-light radius`,
          ],
          ...(found.completeness
            ? [
                [
                  'Completeness',
                  [found.completeness.limit90, found.completeness.limit50]
                    .map(
                      (limit, i) =>
                        `${i === 0 ? 90 : 50} % ${limit ? `at ${limit.magnitude.toFixed(2)} ± ${limit.error.toFixed(2)} mag` : 'not reached'}`,
                    )
                    .join(', '),
                ] as const,
              ]
            : []),
          [
            'Objects',
            `${thousands(found.objects)} measured, ${thousands(found.unflagged)} without flags, of ${thousands(found.detected)} detected`,
          ],
          [
            'Limits',
            <span key="l">
              {found.limits.map((limit) => (
                <span key={limit.sn} style={{ marginRight: 14, whiteSpace: 'nowrap' }}>
                  {limit.mag === null ? 'not known' : `${limit.mag.toFixed(2)} mag`}{' '}
                  <span className="dim">at S/N {limit.sn}</span>
                </span>
              ))}
            </span>,
          ],
          [
            'Limit by the sky alone',
            found.backgroundLimit ? (
              <Value
                key="b"
                value={found.backgroundLimit.mag}
                error={found.backgroundLimit.scatter}
                unit="mag"
              />
            ) : (
              'not known'
            ),
          ],
        ]}
      />
    </>
  )
}

function colourTerm({ colorTerm, solution }: PhotometryFindings): string {
  const errors = (solution as { colour?: { errors?: number[]; forced?: boolean } | null } | null)?.colour
  const error = errors?.errors?.[0]
  const text = colorTerm!.toFixed(3).replace('-', '−')
  if (errors?.forced) return `${text} (given)`
  return error !== undefined && error > 0 ? `${text} ± ${error.toFixed(3)}` : text
}

/** Targets as they were measured; a name leads to its light curve. */
export function Targets({ targets, difference }: { targets: readonly Measured[]; difference?: boolean }) {
  if (targets.length === 0) return null
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Targets">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Target{difference ? ' on the difference' : ''}</th>
            <th scope="col" className="right">
              Magnitude (mag)
            </th>
            <th scope="col" className="right">
              Limit (mag)
            </th>
            <th scope="col" className="right">
              S/N
            </th>
            <th scope="col" className="right">
              Flux (ADU)
            </th>
            <th scope="col">Position (ICRS)</th>
            <th scope="col">Flags</th>
          </tr>
        </thead>
        <tbody>
          {targets.map((target) => (
            <tr key={target.name}>
              <td>
                {target.ra !== null && target.dec !== null ? (
                  <Link
                    to="/light-curve"
                    search={{
                      ra: rounded(target.ra),
                      dec: rounded(target.dec),
                      radius: 5,
                      name: target.name,
                    }}
                  >
                    {target.name}
                  </Link>
                ) : (
                  target.name
                )}
              </td>
              <td className="right">
                {seen(target) ? (
                  <Value value={target.mag} error={target.magErr} />
                ) : target.limit === null ? (
                  <NotStated />
                ) : (
                  `> ${target.limit.toFixed(2)}`
                )}
              </td>
              <td className="right">{target.limit === null ? <NotStated /> : target.limit.toFixed(2)}</td>
              <td className="right">
                {target.sn === null ? <NotStated /> : target.sn.toFixed(1).replace('-', '−')}
              </td>
              <td className="right">
                <Value value={target.flux} error={target.fluxErr} />
              </td>
              <td>
                {target.ra !== null && target.dec !== null ? (
                  <SkyCoord ra={target.ra} dec={target.dec} digits={5} plain />
                ) : (
                  <NotStated />
                )}
              </td>
              <td className="dim">{flagsInWords(target.flags) || 'none'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function seen({ mag, magErr, sn }: Pick<Measured, 'mag' | 'magErr' | 'sn'>): boolean {
  return mag !== null && magErr !== null && sn !== null && sn >= 3
}

export function rounded(degrees: number): number {
  return Number(degrees.toFixed(6))
}

function Transients({ task, found }: { task: Task; found: TransientFindings }) {
  return (
    <Facts
      facts={[
        [
          'Candidates',
          <span key="c">
            <Link to="/tasks/$id/candidates" params={{ id: task.id }} search={{ of: 'transients' }}>
              {thousands(found.kept)}
            </Link>{' '}
            <span className="dim">
              of {thousands(found.considered)} objects
              {found.candidates > found.kept && `; the brightest of ${thousands(found.candidates)}`}
            </span>
          </span>,
        ],
        [
          'Not asked',
          found.without.length > 0 &&
            `${found.without.join(', ')} did not answer: known sources may be among them`,
        ],
      ]}
    />
  )
}

function Subtraction({ found }: { found: SubtractionFindings }) {
  const failed = found.tiles.filter((tile) => tile.failed !== null)
  const sums = found.tiles.flatMap((tile) => tile.kernelSum ?? [])
  return (
    <Facts
      facts={[
        ['Template', found.template],
        [
          'FWHM of the template',
          found.templateFwhm === null ? <NotStated key="f" /> : `${found.templateFwhm.toFixed(2)} pix`,
        ],
        ['Method', `${found.method}, mode ${found.mode}`],
        [
          'Tiles',
          `${found.tiles.length - failed.length} of ${found.tiles.length} subtracted, direction ${[...new Set(found.tiles.map((tile) => tile.direction))].join(', ')}`,
        ],
        [
          'Kernel sum',
          sums.length > 0 &&
            (Math.min(...sums) === Math.max(...sums)
              ? significant(sums[0]!, 4)
              : `${significant(Math.min(...sums), 4)} to ${significant(Math.max(...sums), 4)}`),
        ],
        ...failed.map(
          (tile) =>
            [
              `Tile at ${tile.x}, ${tile.y}`,
              <span key="t" style={{ color: 'var(--needs)' }}>
                ▲ {tile.failed}
              </span>,
            ] as const,
        ),
        [
          'Candidates',
          `${thousands(found.candidates)} (${thousands(found.negative)} fading) of ${thousands(found.detections)} detections`,
        ],
        [
          'Not asked',
          found.without &&
            found.without.length > 0 &&
            `${found.without.join(', ')} did not answer: what is known there may be among them`,
        ],
      ]}
    />
  )
}

function Stacked({ found }: { found: StackFindings }) {
  return (
    <Facts
      facts={[
        ['Frames', `${found.frames}, ${found.method.replace('_', ' ')}`],
        ['Exposure', found.exposure === null ? <NotStated key="e" /> : `${significant(found.exposure, 4)} s`],
        ['Gain', found.gain === null ? <NotStated key="g" /> : `${significant(found.gain, 4)} e⁻/ADU`],
        ['Mean time', found.mjd === null ? <NotStated key="t" /> : `MJD ${found.mjd.toFixed(5)} (UTC)`],
      ]}
    />
  )
}
