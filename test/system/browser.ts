import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { administrator, makeAdministrator, root, startProgram } from './program.ts'
import type { Program, ProgramOptions } from './program.ts'

/** Chromium of this machine, where there is one. */
export const chromiumPath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
)

/** How a page is looked at. */
interface Look {
  /** CSS pixels. */
  width?: number
  theme?: 'dark' | 'light'
  /** Whose cookies; the desk's own unless told. */
  as?: BrowserContext
}

/** The real program with a real browser before it. */
export interface Desk {
  readonly program: Program
  readonly browser: Browser
  /** Signed in as the administrator, unless the desk was opened without one. */
  readonly context: BrowserContext
  /** What pages and their consoles complained of since the desk was opened. */
  readonly faults: string[]
  open(path: string, look?: Look): Promise<Page>
  /** Cookies of somebody else. */
  signedIn(who: { email: string; password: string }): Promise<BrowserContext>
}

/** Starts the program and a browser, makes the first administrator (unless `empty`) and signs in. */
export async function openDesk({
  empty = false,
  ...options
}: ProgramOptions & { empty?: boolean } = {}): Promise<Desk> {
  if (!existsSync(join(root, 'dist/web/index.html')))
    throw new Error('The page is not built; run node scripts/build-page.js first.')
  const [program, browser] = await Promise.all([
    startProgram(options),
    chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox', '--disable-gpu'] }),
  ])
  const faults: string[] = []
  const signedIn = async ({
    email,
    password,
  }: {
    email: string
    password: string
  }): Promise<BrowserContext> => {
    const made = await browser.newContext()
    const answer = await made.request.post(`${program.url}/api/auth/sign-in/email`, {
      data: { email, password },
      headers: { origin: program.url },
    })
    if (!answer.ok()) throw new Error(`${email} cannot sign in: ${await answer.text()}`)
    return made
  }
  if (!empty) await makeAdministrator(program)
  const context = empty ? await browser.newContext() : await signedIn(administrator)
  return {
    program,
    browser,
    context,
    faults,
    signedIn,
    async open(path, { width = 1440, theme = 'dark', as = context } = {}) {
      const page = await as.newPage()
      page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`))
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(`${page.url()}: ${message.text()}`)
      })
      await page.setViewportSize({ width, height: 900 })
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
      await page.goto(program.url + path, { waitUntil: 'load' })
      return page
    },
  }
}
