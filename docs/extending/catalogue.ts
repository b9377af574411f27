import type { ReferenceCatalogue } from '#observatory/tasks/reference-catalogues.ts'

/** A survey of two bands; V follows from them. */
export const example: ReferenceCatalogue = {
  key: 'example',
  title: 'Example Survey DR1',
  aliases: ['EX1'],
  vizier: 'II/999/example',
  native: {
    g: { magnitude: ['gmag', 'g_psf'], error: ['e_gmag', 'g_psf_err'] },
    r: { magnitude: ['rmag', 'r_psf'], error: ['e_rmag', 'r_psf_err'] },
  },
  derived: { V: { base: 'g', polynomials: [{ pair: ['g', 'r'], coefficients: [-0.565, -0.016] }] } },
  sloan: 'Pan-STARRS',
  depth: 'rmag',
  colourLimits: [['g', 'r', -0.5, 2.5]],
}
