import { nearest } from '#platform/config/nearest.ts'
import { sites, type Observatory } from '#science/sky/sites.ts'

/** Listed observatories by each of their names, without case, accents and punctuation. */
const byName = new Map(
  sites.flatMap((site) =>
    [site.slug, site.name, ...site.aliases].map((name) => [plain(name), site] as const),
  ),
)

/** The listed observatory of that name, if there is one. */
export function siteNamed(name: string): Observatory | undefined {
  return byName.get(plain(name))
}

/** Words that tell one observatory from another, with its slug. */
const ownWords = sites.flatMap((site) =>
  [site.slug, site.name, ...site.aliases].map((each) => [own(each), site.slug] as const),
)

/** Slug of a listed observatory whose name is so like this one that a slip of the pen is likely. */
export function likePlace(name: string): string | undefined {
  const wanted = own(name)
  const near = nearest(
    wanted,
    ownWords.map(([word]) => word).filter((word) => Math.abs(word.length - wanted.length) <= 2),
  )
  return ownWords.find(([word]) => word === near)?.[1]
}

/** What is left without the words that most of them share. */
function own(name: string): string {
  return plain(name.replaceAll(/observator(y|ies|io|ium)|station|mount|the\b/gi, ''))
}

function plain(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
}
