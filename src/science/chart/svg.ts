/** A tiny SVG tree: what a chart returns, what the page mounts and what the server writes out. */
export interface SvgNode {
  readonly tag: string
  /** Attribute names as in SVG (`stroke-width`); undefined ones are left out. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>
  readonly children: readonly (SvgNode | string)[]
}

type Child = SvgNode | string | null | undefined | false

/** One element; empty children are dropped. */
export function element(
  tag: string,
  attributes: Record<string, string | number | undefined> = {},
  ...children: (Child | readonly Child[])[]
): SvgNode {
  return {
    tag,
    attributes,
    children: children
      .flat()
      .filter((child): child is SvgNode | string => child !== null && child !== undefined && child !== false),
  }
}

/** A number as short as a picture needs: one decimal (tenths of a pixel). */
export function px(value: number): number {
  return Math.round(value * 10) / 10 + 0
}

/** The tree as SVG text, root with its namespace, ready for a file or a rasteriser. */
export function serialize(root: SvgNode): string {
  return write({ ...root, attributes: { xmlns: 'http://www.w3.org/2000/svg', ...root.attributes } })
}

function write(node: SvgNode): string {
  let open = `<${node.tag}`
  for (const [name, value] of Object.entries(node.attributes))
    if (value !== undefined) open += ` ${name}="${escape(String(value))}"`
  if (node.children.length === 0) return `${open}/>`
  const inside = node.children.map((child) => (typeof child === 'string' ? escape(child) : write(child)))
  return `${open}>${inside.join('')}</${node.tag}>`
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
