import type { HubConfig } from '@omh/config';

export interface Changes {
  /** Blocks that are no more, or not as they were. */
  readonly gone: readonly string[];
  /** Blocks that are new, or not as they were. */
  readonly come: readonly string[];
}

/** The names of a section whose blocks differ between two configurations. */
export function changesOf(section: 'devices' | 'apps' | 'rules', from: HubConfig, to: HubConfig): Changes {
  const a = from[section];
  const b = to[section];
  const same = (name: string): boolean =>
    Object.hasOwn(a, name) && Object.hasOwn(b, name) && JSON.stringify(a[name]) === JSON.stringify(b[name]);
  return { gone: Object.keys(a).filter((name) => !same(name)), come: Object.keys(b).filter((name) => !same(name)) };
}
