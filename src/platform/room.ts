import type { BulletinSource } from './bulletin.ts'
import type { Section } from './config/config.ts'
import type { Router } from './http/router.ts'
import type { JobHandler } from './jobs/job.ts'
import type { Platform } from './platform.ts'
import type { Command } from './terminal/command.ts'

/** A long-lived piece of a running program: matching start and stop, nothing at import time. */
export interface Service {
  name: string
  /** Runs only in processes that have this role. */
  role: 'api' | 'worker' | 'streams' | 'scheduler'
  start(): Promise<void>
  stop(): Promise<void>
}

/** What a room contributes; exported as `room` from its `module.ts` and listed in `src/interface/rooms.ts`. */
export interface Room {
  name: string
  sections?: Section[]
  /** Mounted under `/api/v1`. */
  routes?(platform: Platform): Router
  jobs?(platform: Platform): JobHandler[]
  /** Registers durable event listeners. */
  listeners?(platform: Platform): void
  /** What it tells people. */
  bulletins?(platform: Platform): BulletinSource[]
  services?(platform: Platform): Service[]
  commands?: Command[]
}
