import { Section } from '#interface/web/pieces/facts.tsx'
import { significant } from '#interface/web/pieces/format.ts'
import type { Task, TaskProduct } from '#observatory/tasks/task.ts'
import { findingsOf } from './columns.tsx'
import { Cutout } from './cutouts.tsx'
import { previewAddress } from './picture.tsx'

const planes = [
  ['sub_image.fits', 'frame'],
  ['sub_conv.fits', 'convolved template'],
  ['sub_diff.fits', 'difference'],
  ['sub_sdiff.fits', 'difference in σ'],
  ['sub_kernels.fits', 'kernels over the region'],
] as const

/** How a picture is drawn that is no sky: noise in the middle of the greys, a kernel from its least to its greatest. */
function looks(name: string): Record<string, string | number> {
  if (name.includes('diff')) return { stretch: 'linear', qmin: 1, qmax: 99 }
  return name === 'sub_kernels.fits' ? { stretch: 'asinh', qmin: 0, qmax: 100, cmap: 'viridis' } : {}
}

/** The subtraction as pictures: what went in, what was made of the template, and what is left; and what each tile gave. */
export function Difference({ task, products }: { task: Task; products: readonly TaskProduct[] }) {
  const found = findingsOf(task).subtraction
  const there = planes.flatMap(([name, words]) => {
    const product = products.find((one) => one.name === name)
    return product ? [{ product, words }] : []
  })
  const target = products.find((one) => one.name === 'sub_target.cutout.fits')
  return (
    <>
      <Section title="Pictures" aside="residuals of stars tell how well the kernel fits">
        <div className="difference">
          {there.map(({ product, words }) => (
            <figure key={product.name}>
              <a href={previewAddress(task.id, product, { width: 2_048 })} target="_blank" rel="noreferrer">
                <img
                  loading="lazy"
                  src={previewAddress(task.id, product, {
                    width: 420,
                    ...looks(product.name),
                  })}
                  alt={words}
                />
              </a>
              <figcaption className="dim">{words}</figcaption>
            </figure>
          ))}
        </div>
        {target && (
          <div className="cutout">
            <b>Primary target</b>
            <Cutout task={task.id} file={target} name="primary target" />
          </div>
        )}
      </Section>
      {found && found.tiles.length > 1 && (
        <details>
          <summary>
            <b>Tiles</b> <span className="dim">{found.tiles.length}</span>
          </summary>
          <div className="scroll-x" tabIndex={0} role="region" aria-label="Tiles">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">From (pix)</th>
                  <th scope="col">Size (pix)</th>
                  <th scope="col" className="right">
                    Kernel sum
                  </th>
                  <th scope="col">Convolved</th>
                  <th scope="col">What failed</th>
                </tr>
              </thead>
              <tbody>
                {found.tiles.map((tile) => (
                  <tr key={`${tile.x} ${tile.y}`}>
                    <td>
                      {tile.x}, {tile.y}
                    </td>
                    <td>
                      {tile.width} × {tile.height}
                    </td>
                    <td className="right">
                      {tile.kernelSum === null ? (
                        <span className="dim">–</span>
                      ) : (
                        significant(tile.kernelSum, 5)
                      )}
                    </td>
                    <td>{tile.direction}</td>
                    <td>{tile.failed ?? <span className="dim">nothing</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  )
}
