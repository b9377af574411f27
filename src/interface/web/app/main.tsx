import '@mantine/core/styles/baseline.css'
import '@mantine/core/styles/default-css-variables.css'
import '@mantine/core/styles/global.css'
import '@mantine/core/styles/UnstyledButton.layer.css'
import '@mantine/core/styles/CloseButton.layer.css'
import '@mantine/core/styles/Overlay.layer.css'
import '@mantine/core/styles/Popover.layer.css'
import '@mantine/core/styles/Paper.layer.css'
import '@mantine/core/styles/ModalBase.layer.css'
import '@mantine/core/styles/Modal.layer.css'
import '@mantine/core/styles/Menu.layer.css'
import './theme.css'
import './frame.css'
import '#interface/web/pieces/pieces.css'
import { createTheme, MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiProblem } from '#interface/web/api/client.ts'
import { NowProvider } from './now.tsx'
import { PreferencesProvider, usePreferences } from './preferences.tsx'
import { createPageRouter } from './router.tsx'

// After an upgrade the parts that an open page has not loaded yet are gone: it starts again, once.
addEventListener('vite:preloadError', (event) => {
  const key = 'urania.reloaded'
  if (Date.now() - Number(sessionStorage.getItem(key) ?? 0) < 60_000) return
  sessionStorage.setItem(key, String(Date.now()))
  event.preventDefault()
  location.reload()
})

const theme = createTheme({
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { sm: '13px' },
  defaultRadius: 5,
  respectReducedMotion: true,
})

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      // What the server refuses it will refuse again; what it did not answer may be a matter of a moment.
      retry: (count, error) =>
        count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
    },
  },
})
const router = createPageRouter(client)

function Themed() {
  const { theme: name } = usePreferences()
  return (
    <MantineProvider theme={theme} forceColorScheme={name === 'light' ? 'light' : 'dark'}>
      <NowProvider>
        <RouterProvider router={router} />
      </NowProvider>
    </MantineProvider>
  )
}

// The frame's shape from index.html stays until there is a page to put in its place.
void router
  .load()
  .catch(() => undefined)
  .then(() =>
    createRoot(document.getElementById('root')!).render(
      <StrictMode>
        <QueryClientProvider client={client}>
          <PreferencesProvider>
            <Themed />
          </PreferencesProvider>
        </QueryClientProvider>
      </StrictMode>,
    ),
  )
