// A browser started under LANG=C names its language `en-US@posix`, which Intl refuses; the chart library asks Intl for it at load.
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
