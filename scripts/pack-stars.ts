// Packs the Tycho-2 stars that Debian's astrometry-data-tycho2-10-19-littleendian carries into the file that the blind
// solver ships with: `node scripts/pack-stars.ts /usr/share/astrometry/index-tycho2-10.littleendian.fits`.
// Tycho-2: Høg et al. 2000, A&A 355, L27; positions at J2000.0 without proper motion, 0.04″ steps; VT in 0.001 mag.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIndexStars } from '#science/image/astrometry/index-file.ts'
import { packStars } from '#science/image/astrometry/stars.ts'

const [from] = process.argv.slice(2)
if (!from) {
  console.error('Name an index file of astrometry.net that carries MAG_VT.')
  process.exit(2)
}
const stars = readIndexStars(readFileSync(from), 'MAG_VT')
const target = join(import.meta.dirname, '../src/science/image/astrometry/tycho2.stars')
const bytes = packStars(stars)
writeFileSync(target, bytes)
console.log(`${stars.rows} stars, ${bytes.length} bytes`)
