/** The external programs that engines run. */
import type { ProgramFacts } from '#platform/engines/find.ts'

export const sourceExtractorProgram: ProgramFacts = {
  names: ['source-extractor', 'sex', 'sextractor'],
  package: 'source-extractor',
  purpose: 'detection and photometry',
  version: { args: ['--version'], pattern: /version (\d[\w.]*)/i },
}

export const psfexProgram: ProgramFacts = {
  names: ['psfex'],
  package: 'psfex',
  purpose: 'models of the PSF',
  version: { args: ['--version'], pattern: /version (\d[\w.]*)/i },
}

export const scampProgram: ProgramFacts = {
  names: ['scamp'],
  package: 'scamp',
  purpose: 'refinement of the astrometry',
  version: { args: ['--version'], pattern: /version (\d[\w.]*)/i },
}

export const swarpProgram: ProgramFacts = {
  names: ['swarp', 'SWarp'],
  package: 'swarp',
  purpose: 'resampling',
  version: { args: ['--version'], pattern: /version (\d[\w.]*)/i },
}

export const solveFieldProgram: ProgramFacts = {
  names: ['solve-field'],
  package: 'astrometry.net',
  purpose: 'blind astrometric solutions',
  version: { args: ['--help'], pattern: /Revision (\d[\w.]*)/ },
}

export const hotpantsProgram: ProgramFacts = {
  names: ['hotpants'],
  package: 'hotpants',
  purpose: 'subtraction of a template',
  version: { args: [], pattern: /Version (\d[\w.]*)/ },
}

/** All of them. */
export const enginePrograms: readonly ProgramFacts[] = [
  sourceExtractorProgram,
  psfexProgram,
  scampProgram,
  swarpProgram,
  solveFieldProgram,
  hotpantsProgram,
]
