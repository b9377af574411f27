import { z } from 'zod'
import type { Section } from '#platform/config/config.ts'

const address = z.string().regex(/^https?:\/\//, 'must begin with http:// or https://')

/** Settings of the tasks room: where the services of astronomy are, so that a mirror or a site without network can say so. */
export const tasksSection = {
  name: 'tasks',
  settings: {
    vizierUrl: {
      schema: address.default('https://vizier.cds.unistra.fr/viz-bin/votable'),
      doc: 'VizieR, for catalogues that are not here',
    },
    sesameUrl: {
      schema: address.default('https://cds.unistra.fr/cgi-bin/nph-sesame'),
      doc: 'Sesame, for names of objects',
    },
    finkUrl: { schema: address.default('https://api.fink-portal.org'), doc: 'Fink, for names of the TNS' },
    skybotUrl: {
      schema: address.default('https://ssp.imcce.fr/webservices/skybot/api/conesearch.php'),
      doc: 'SkyBoT, for minor planets',
    },
    mpcUrl: {
      schema: address.default('https://minorplanetcenter.net/cgi-bin/mpcheck.cgi'),
      doc: 'MPChecker of the Minor Planet Center, asked where SkyBoT gives no answer',
    },
    panstarrsUrl: {
      schema: address.default('https://ps1images.stsci.edu/cgi-bin'),
      doc: 'Pan-STARRS pictures',
    },
    legacyUrl: {
      schema: address.default('https://portal.nersc.gov/cfs/cosmo/data/legacysurvey'),
      doc: 'Legacy Survey pictures: the folder of its releases',
    },
    hipsUrls: {
      schema: z
        .array(address)
        .min(1)
        .default([
          'https://alasky.cds.unistra.fr/hips-image-services/hips2fits',
          'https://alaskybis.cds.unistra.fr/hips-image-services/hips2fits',
        ]),
      doc: 'hips2fits and its mirrors, for pictures of HiPS',
    },
    offline: {
      schema: z.boolean().default(false),
      doc: 'Ask no service of astronomy: only what is here, and what was asked before',
    },
    skyGigabytes: {
      schema: z.coerce.number().positive().default(20),
      doc: 'Gigabytes of survey pictures that are kept',
    },
    skyportalUrl: { schema: address.nullable().default(null), doc: 'SkyPortal to which photometry is sent' },
    skyportalToken: {
      schema: z.string().min(1).nullable().default(null),
      doc: 'Token of an account there',
      secret: true,
    },
    skyportalGroups: {
      schema: z.array(z.coerce.number().int().positive()).default([]),
      doc: 'Groups of SkyPortal that see what is sent',
    },
  },
} as const satisfies Section
