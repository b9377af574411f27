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

/** Phrases of at least five letters, by which a longer name may speak of an observatory: "Danish 1.54 m, La Silla". */
const phrases = sites.flatMap((site) =>
  [site.slug, site.name, ...site.aliases]
    .map((name) => [words(own(name)), site] as const)
    .filter(([phrase]) => phrase.length >= 5),
)

/** Listed observatories that a name is one of, or holds. */
export function sitesIn(name: string): Observatory[] {
  const exact = siteNamed(name)
  if (exact) return [exact]
  const text = ` ${words(name)} `
  return [...new Set(phrases.flatMap(([phrase, site]) => (text.includes(` ${phrase} `) ? [site] : [])))]
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
  return words(name.replaceAll(/observator(y|ies|io|ium)|station|mount|the\b/gi, ''))
}

/** Lower case, without accents, single blanks between words. */
function words(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
}

function plain(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
}
