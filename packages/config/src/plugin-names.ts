import { parseYaml } from './source.ts';

/** What stands under `plugins:` of a hub file, before anything else in it is understood; faults of the file are told later. */
export function pluginNames(text: string): string[] {
  if (!/^["']?plugins["']?\s*:/m.test(text)) return [];
  try {
    const file = parseYaml(text).toJS({ maxAliasCount: 0 }) as { plugins?: unknown } | null;
    return Array.isArray(file?.plugins) ? file.plugins.filter((name): name is string => typeof name === 'string' && name !== '') : [];
  } catch {
    return [];
  }
}
