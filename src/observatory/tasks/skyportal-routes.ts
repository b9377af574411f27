import type { Router } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'

export function skyportalRoutes(_app: Router, _platform: Platform): void {}
