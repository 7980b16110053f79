import { createTheme, type CSSVariablesResolver } from '@mantine/core';

/** Mantine's theme, mapped onto tokens.css: the tokens stay the only place that knows a colour or a size. */
export const theme = createTheme({
  primaryColor: 'gray',
  fontFamily: 'var(--omh-font)',
  fontFamilyMonospace: 'var(--omh-mono)',
  defaultRadius: 'var(--omh-r-2)',
  focusRing: 'auto',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

const names = {
  '--mantine-color-body': 'var(--omh-page)',
  '--mantine-color-text': 'var(--omh-text)',
  '--mantine-color-default': 'var(--omh-raised)',
  '--mantine-color-default-border': 'var(--omh-control-line)',
  '--mantine-color-dimmed': 'var(--omh-text-3)',
  '--mantine-color-placeholder': 'var(--omh-text-3)',
  '--mantine-color-anchor': 'var(--omh-accent)',
  '--mantine-color-error': 'var(--omh-bad)',
};
export const variables: CSSVariablesResolver = () => ({ variables: {}, light: names, dark: names });
