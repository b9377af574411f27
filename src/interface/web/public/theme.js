// Before the first paint, so that a dark room stays dark: the theme chosen last, else the one the system asks for.
;(function () {
  var theme
  try {
    theme = JSON.parse(localStorage.getItem('urania.preferences') || '{}').theme
  } catch {
    theme = undefined
  }
  if (theme !== 'dark' && theme !== 'light' && theme !== 'red')
    theme = matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'
  document.documentElement.dataset.theme = theme
  // Pages outside of the frame do not begin with its shape.
  if (/^\/(sign-in|setup|join)/.test(location.pathname)) document.documentElement.dataset.plain = ''
  document.documentElement.dataset.mantineColorScheme = theme === 'light' ? 'light' : 'dark'
})()
