import type { z } from 'zod'
import type { Platform } from '#platform/platform.ts'

/**
 * What a kind of channel is: settings, and one message put where people see it. Kinds are plug-ins, listed in
 * `channels/registry.ts` and keyed by what the database stores. A channel knows nothing of rules.
 */
export interface ChannelKind<Settings extends z.ZodObject = z.ZodObject> {
  /** What the database stores: `slack`, `mail`, `webhook`, `tree`, `inbox`. */
  readonly key: string
  readonly title: string
  readonly settings: Settings
  /** Settings that are sealed at rest and never shown again. */
  readonly secret: readonly string[]
  /** Whether it writes to people (and reminders, quiet hours, rehearsals apply) or keeps files. */
  readonly reaches: 'people' | 'files'
  /**
   * How single people are reached: `mail` by the address of their account (or one they gave), `given` by an address they
   * gave (a Slack member id), `person` by their account alone. Left out: it has one fixed audience only.
   */
  readonly addresses?: 'mail' | 'given' | 'person'
  /**
   * Puts one message in place. May be called again for a message of which it is not known whether it went out
   * (`uncertain`), and then makes sure that it does not appear twice. Whatever is thrown is tried again later, except a
   * Problem `channel.refused`, which is final until a person acts.
   */
  deliver(
    needs: ChannelNeeds,
    settings: z.output<Settings>,
    message: ChannelMessage,
    signal: AbortSignal,
  ): Promise<Delivered>
}

export type ChannelNeeds = Pick<Platform, 'net' | 'storage' | 'log'>

/** A bulletin on its way: its bytes are in storage, so that it says the same however often it is sent. */
export interface ChannelMessage {
  /** The same for every attempt. */
  readonly key: string
  readonly uncertain: boolean
  /** `reminder` and `digest` are made by the room itself from bulletins that went before. */
  readonly form: 'news' | 'reminder' | 'digest'
  readonly kind: string
  readonly role: 'start' | 'news' | 'end'
  readonly thread: {
    readonly kind: string
    readonly id: string
    readonly name: string
    /** Under what people file threads of its sort: GW, GRB. */
    readonly group: string
  }
  /** What `deliver` answered last for this thread on this channel; null for the first message. */
  readonly threadState: Readonly<Record<string, unknown>> | null
  readonly headline: string
  readonly text: string
  readonly facts: readonly { readonly label: string; readonly value: string }[]
  readonly links: readonly { readonly label: string; readonly url: string }[]
  readonly pictures: readonly StoredAttachment[]
  readonly files: readonly (StoredAttachment & { readonly path: string })[]
  readonly folders: readonly string[]
  readonly actions: readonly {
    readonly action: string
    readonly label: string
    readonly value: string
    readonly primary?: boolean
  }[]
  readonly rehearsal: boolean
  /** Addresses on this channel (mail addresses, Slack user ids); empty for channels with one fixed audience. */
  readonly to: readonly string[]
  readonly at: Date
}

export interface StoredAttachment {
  readonly name: string
  readonly mediaType: string
  readonly sha256: string
  readonly byteLength: number
}

export interface Delivered {
  /** Kept for the thread in place of what was kept before: `{ channel, ts }` of Slack, Message-ID of mail. */
  readonly threadState?: Record<string, unknown>
  /** Where it can be seen, if it has an address. */
  readonly url?: string
  /** One line for the delivery log. */
  readonly receipt: string
}
