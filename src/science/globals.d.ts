// What every host of `science` has: Node, worker threads and browsers. Nothing else may be named there.
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: ArrayBufferView | ArrayBufferLike, options?: { stream?: boolean }): string
}
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}
declare function structuredClone<T>(value: T): T
declare namespace WebAssembly {
  class Module {
    constructor(bytes: ArrayBufferView | ArrayBufferLike)
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean })
    readonly buffer: ArrayBufferLike
    grow(pages: number): number
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>)
    readonly exports: Record<string, unknown>
  }
}
interface ImportMeta {
  readonly url: string
}
