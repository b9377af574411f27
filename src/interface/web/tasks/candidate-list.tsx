import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Section } from '#interface/web/pieces/facts.tsx'
import { Loading, Problem } from '#interface/web/pieces/problem.tsx'
import { servicesAt, SkyCoord } from '#interface/web/pieces/sky-coord.tsx'
import { Value } from '#interface/web/pieces/value.tsx'
import { significant } from '#interface/web/pieces/format.ts'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'
import { Cutout } from './cutouts.tsx'
import { tableOptions, type Cell } from './queries.ts'
import { rounded } from './results.tsx'
import { flagsInWords, NotStated } from './words.tsx'

export type CandidateKind = 'transients' | 'subtraction'

export interface Candidate {
  readonly name: string
  readonly ra: number
  readonly dec: number
  readonly row: Readonly<Record<string, Cell>>
}

const files = {
  transients: ['simple-candidates', 'candidates_simple.parquet', 'candidates_simple/'],
  subtraction: ['candidates', 'candidates.parquet', 'candidates/'],
} as const

/** Candidates of a step, brightest first as the table has them, more as one goes on. */
export function useCandidates(task: string, kind: CandidateKind, products: readonly TaskProduct[]) {
  const [name, path] = files[kind]
  const file = products.find((one) => one.name === path)
  const list = useInfiniteQuery(tableOptions(task, name, file?.sha256))
  const candidates = (list.data?.pages.flatMap((page) => page.items) ?? []).flatMap((row): Candidate[] =>
    typeof row['ra'] === 'number' && typeof row['dec'] === 'number'
      ? [{ name: String(row['name'] ?? ''), ra: row['ra'], dec: row['dec'], row }]
      : [],
  )
  return { list, candidates, there: file !== undefined, total: list.data?.pages[0]?.total ?? 0 }
}

export function cutoutOf(
  kind: CandidateKind,
  candidate: Pick<Candidate, 'name'>,
  products: readonly TaskProduct[],
): TaskProduct | undefined {
  const path = `${files[kind][2]}${candidate.name}.fits`
  return products.find((one) => one.name === path)
}

/** S/N of a candidate, negative of what fades; null where the table does not say it. */
export function signalOf({ row }: Pick<Candidate, 'row'>): number | null {
  const { sn, flux, fluxerr } = row
  if (typeof sn === 'number') return sn
  return typeof flux === 'number' && typeof fluxerr === 'number' && fluxerr > 0 ? flux / fluxerr : null
}

/** The ten brightest, on the page of the task. */
export function Brightest(props: { task: Task; of: CandidateKind; products: readonly TaskProduct[] }) {
  const { task, of, products } = props
  const { list, candidates, there, total } = useCandidates(task.id, of, products)
  if (!there) return null
  return (
    <Section
      title="Candidates"
      aside={
        total > 0 && (
          <Link
            to="/tasks/$id/candidates"
            params={{ id: task.id }}
            search={of === 'transients' ? { of } : {}}
          >
            all {total} on their own page
          </Link>
        )
      }
    >
      {list.isError && <Problem error={list.error} what="the candidates" />}
      {list.isPending && <Loading lines={3} />}
      {list.isSuccess && total === 0 && (
        <p className="dim">None: everything that was found is known or was dropped; the log says why.</p>
      )}
      <div className="candidates">
        {candidates.slice(0, 10).map((candidate) => (
          <CandidateRow
            key={candidate.name}
            task={task.id}
            kind={of}
            candidate={candidate}
            products={products}
          />
        ))}
      </div>
    </Section>
  )
}

/** One candidate: its planes, its numbers, and who else knows the place. */
export function CandidateRow(props: {
  task: string
  kind: CandidateKind
  candidate: Candidate
  products: readonly TaskProduct[]
  chosen?: boolean
  blink?: boolean
  choose?: () => void
}) {
  const { task, kind, candidate, products, chosen, blink, choose } = props
  const { name, ra, dec, row } = candidate
  const number = (key: string): number | null => (typeof row[key] === 'number' ? row[key] : null)
  const fading = row['fading'] === true
  const sn = signalOf(candidate)
  const flags = number('flags') ?? 0
  const shift = [number('adjust_dx'), number('adjust_dy')] as const
  return (
    <article
      className="candidate"
      id={`candidate-${name}`}
      aria-label={name}
      aria-current={chosen || undefined}
      onClick={choose}
    >
      <Cutout task={task} file={cutoutOf(kind, candidate, products)} name={name} blink={blink ?? false} />
      <div className="stack" style={{ gap: 4, alignContent: 'start' }}>
        <div className="candidate-head">
          <b>
            <Link to="/light-curve" search={{ ra: rounded(ra), dec: rounded(dec), radius: 5, name }}>
              {name}
            </Link>
          </b>
          {fading && <span className="tag">fading</span>}
        </div>
        <span>
          <SkyCoord ra={ra} dec={dec} digits={5} />
        </span>
        <span className="numbers">
          <span>
            <Value value={number('mag_calib')} error={number('mag_calib_err')} unit="mag" />
          </span>
          <span>S/N {sn === null ? <NotStated /> : sn.toFixed(1).replace('-', '−')}</span>
          <span>
            FWHM <Value value={number('fwhm')} unit="pix" />
          </span>
        </span>
        <span className="numbers dim">
          <span>
            flux <Value value={number('flux')} error={number('fluxerr')} unit="ADU" />
          </span>
          <span>
            pixel {number('x')?.toFixed(1)}, {number('y')?.toFixed(1)}
          </span>
          {shift[0] !== null && shift[1] !== null && (
            <span title="Shift and scale of the template that explain most of it">
              shift {signed(shift[0])}, {signed(shift[1])} pix, scale{' '}
              {significant(number('adjust_scale') ?? 1, 3)}
            </span>
          )}
        </span>
        {flags !== 0 && <span className="dim">{flagsInWords(flags)}</span>}
        <span className="links">
          {linksAt(ra, dec).map((link) => (
            <a key={link.name} href={link.url} target="_blank" rel="noreferrer">
              {link.name}
            </a>
          ))}
        </span>
      </div>
    </article>
  )
}

function signed(value: number): string {
  return value.toFixed(2).replace('-', '−')
}

/** Who else knows what is there. */
function linksAt(ra: number, dec: number): { name: string; url: string }[] {
  const at = encodeURIComponent(`${ra.toFixed(6)} ${dec >= 0 ? '+' : ''}${dec.toFixed(6)}`)
  const common = servicesAt(ra, dec)
  const named = (name: string) => common.filter((one) => one.name.startsWith(name))
  return [
    ...named('SIMBAD'),
    {
      name: 'VSX',
      url: `https://www.aavso.org/vsx/index.php?view=results.get&coords=${at}&format=d&size=10&unit=3`,
    },
    { name: 'VizieR', url: `https://vizier.cds.unistra.fr/viz-bin/VizieR?-c=${at}&-c.rs=5` },
    {
      name: 'TNS',
      url: `https://www.wis-tns.org/search?ra=${ra.toFixed(6)}&decl=${dec.toFixed(6)}&radius=5&coords_unit=arcsec`,
    },
    ...named('Aladin'),
  ]
}
