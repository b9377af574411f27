import type { CatalogueKind, Mappings } from './catalogue.ts'

/** Catalogues whose columns are known, so that nobody has to map them. */

export interface KnownCatalogue {
  readonly id: string
  readonly title: string
  readonly kind: CatalogueKind
  /** Names of the columns of its file without a header line, in order. */
  readonly headerless?: readonly string[]
  /** Of a headerless file: fields by which it is told from others with as many. */
  readonly marks?: readonly { readonly column: number; readonly pattern: RegExp }[]
  /** Of a file with a header: columns that must be there, one of each list. */
  readonly needs: readonly (readonly string[])[]
  /** Columns that are not in a file are passed over, but for the position. */
  readonly mapping: Mappings
  readonly citation: string
}

const gladePlus =
  'glade pgc gwgc hyperleda twomass wisexscos sdss_dr16q object_type ra dec b b_err b_flag b_abs j j_err h h_err k k_err ' +
  'w1 w1_err w2 w2_err w1_flag b_j b_j_err z_helio z_cmb z_flag v_err z_err d_l d_l_err dist_flag mstar mstar_err mstar_flag ' +
  'merger_rate merger_rate_err'
const glade2 =
  'pgc gwgc hyperleda twomass sdss_dr12 object_type ra dec dist dist_err z b b_err b_abs j j_err h h_err k k_err ' +
  'dist_flag velocity_flag'

export const knownCatalogues: readonly KnownCatalogue[] = [
  {
    id: 'gladeplus',
    title: 'GLADE+',
    kind: 'galaxy',
    headerless: gladePlus.split(' '),
    marks: [
      { column: 7, pattern: /^[GQ]$/ },
      { column: 0, pattern: /^\d+$/ },
    ],
    needs: [['glade'], ['d_l'], ['mstar'], ['wisexscos']],
    mapping: {
      name: { columns: ['gwgc', 'hyperleda', 'twomass', 'wisexscos', 'sdss_dr16q', 'pgc'] },
      ra: { columns: ['ra'], unit: 'deg' },
      dec: { columns: ['dec'], unit: 'deg' },
      distance: { columns: ['d_l'], unit: 'Mpc' },
      redshift: { columns: ['z_cmb', 'z_helio'] },
      mag_b: { columns: ['b'] },
      mag_k: { columns: ['k'] },
      mass: { columns: ['mstar'], unit: '10**10.solMass' },
    },
    citation: 'Dálya et al. 2022, MNRAS 514, 1403',
  },
  {
    id: 'glade2',
    title: 'GLADE 2',
    kind: 'galaxy',
    headerless: glade2.split(' '),
    marks: [{ column: 5, pattern: /^[GQC]$/ }],
    needs: [['pgc'], ['gwgc'], ['hyperleda'], ['sdss_dr12'], ['dist']],
    mapping: {
      name: { columns: ['gwgc', 'hyperleda', 'twomass', 'sdss_dr12', 'pgc'] },
      ra: { columns: ['ra'], unit: 'deg' },
      dec: { columns: ['dec'], unit: 'deg' },
      distance: { columns: ['dist'], unit: 'Mpc' },
      redshift: { columns: ['z'] },
      mag_b: { columns: ['b'] },
      mag_k: { columns: ['k'] },
    },
    citation: 'Dálya et al. 2018, MNRAS 479, 2374',
  },
  {
    id: 'nedlvs',
    title: 'NED Local Volume Sample',
    kind: 'galaxy',
    needs: [['objname'], ['ra'], ['dec'], ['DistMpc']],
    mapping: {
      name: { columns: ['objname'] },
      ra: { columns: ['ra'], unit: 'deg' },
      dec: { columns: ['dec'], unit: 'deg' },
      distance: { columns: ['DistMpc'], unit: 'Mpc' },
      redshift: { columns: ['z'] },
      mag_k: { columns: ['m_Ks'] },
      mass: { columns: ['Mstar'], unit: 'solMass' },
    },
    citation: 'Cook et al. 2023, ApJS 268, 14',
  },
  {
    id: 'mangrove',
    title: 'MANGROVE',
    kind: 'galaxy',
    needs: [['stellarmass', 'stellar_mass', 'Mstar'], ['dist'], ['RA', 'ra'], ['B_mag', 'B']],
    mapping: {
      name: { columns: ['GWGC_name', 'GWGC', 'HyperLEDA_name', 'HyperLEDA', '2MASS_name', 'PGC'] },
      ra: { columns: ['RA', 'ra'], unit: 'deg' },
      dec: { columns: ['dec', 'Dec', 'DEC'], unit: 'deg' },
      distance: { columns: ['dist'], unit: 'Mpc' },
      redshift: { columns: ['z'] },
      mag_b: { columns: ['B_mag', 'B'] },
      mag_k: { columns: ['K_mag', 'K'] },
      mass: { columns: ['stellarmass', 'stellar_mass', 'Mstar'], unit: 'log(solMass)' },
    },
    citation: 'Ducoin et al. 2020, MNRAS 492, 4768',
  },
  {
    id: '2mrs',
    title: '2MASS Redshift Survey',
    kind: 'galaxy',
    needs: [['RAJ2000', 'RAdeg', '_RAJ2000'], ['DEJ2000', 'DEdeg', '_DEJ2000'], ['cz'], ['Ktmag', 'Kcmag']],
    mapping: {
      name: { columns: ['ID', '2MASS'] },
      ra: { columns: ['RAJ2000', 'RAdeg', '_RAJ2000'], unit: 'deg' },
      dec: { columns: ['DEJ2000', 'DEdeg', '_DEJ2000'], unit: 'deg' },
      redshift: { columns: ['cz'], unit: 'km/s' },
      mag_k: { columns: ['Ktmag', 'Kcmag'] },
    },
    citation: 'Huchra et al. 2012, ApJS 199, 26',
  },
]

/** Names under which columns are looked for in files of other catalogues; units must be told by the file. */
export const usualNames: Readonly<Record<string, readonly string[]>> = {
  name: ['name', 'objname', 'main_id', 'designation', 'object', 'id', 'source_id', 'objid'],
  ra: ['ra', 'raj2000', '_raj2000', 'ra_deg', 'radeg', 'ra_icrs', '_ra', 'ra_j2000', 'alpha_j2000', 's_ra'],
  dec: [
    'dec',
    'dej2000',
    '_dej2000',
    'dec_deg',
    'decdeg',
    'dedeg',
    'de_icrs',
    '_de',
    'dec_j2000',
    'delta_j2000',
    's_dec',
  ],
  distance: ['distmpc', 'dist_mpc', 'distance_mpc', 'd_l', 'dl', 'dist', 'distance', 'lumdist'],
  redshift: ['z_cmb', 'zcmb', 'redshift', 'z', 'z_helio', 'zhelio', 'z_best', 'z_spec'],
  mag_b: ['bmag', 'b_mag', 'mag_b', 'magb', 'btmag', 'btot'],
  mag_k: ['kmag', 'k_mag', 'mag_k', 'magk', 'ktmag', 'kcmag', 'm_ks'],
  mass: ['mass', 'mstar', 'stellar_mass', 'stellarmass'],
}
