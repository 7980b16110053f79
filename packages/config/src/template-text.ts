import type { DeviceConfig } from './hub-schema.ts';
import { withoutDefaults } from './tag-defaults.ts';
import type { TagConfig } from './tag-schema.ts';
import { blockPair } from './yaml-style.ts';

export interface TemplateParts {
  readonly variables: Readonly<Record<string, { readonly default?: string | number | boolean; readonly description?: string }>>;
  readonly driver: string;
  /** Texts may hold `{variable}`. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly groups: DeviceConfig['groups'];
}

/** A `templates:` block of a hub file with one template, as a person writes it; remarks stand above it as comments. */
export function templateText(
  name: string,
  { variables, driver, settings, groups }: TemplateParts,
  remarks: readonly string[] = [],
): string {
  const block = {
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    driver,
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    groups: Object.fromEntries(
      Object.entries(groups).map(([group, { interval, tags }]) => [
        group,
        { interval, tags: Object.fromEntries(Object.entries(tags).map(([tag, definition]) => [tag, written(definition)])) },
      ]),
    ),
  };
  const comments = remarks.map((remark) => `# ${remark.replace(/\s+/g, ' ')}\n`).join('');
  return `${comments}${blockPair('templates', { [name]: block }, ['templates'], 'block')}\n`;
}

const written = (tag: TagConfig): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(withoutDefaults(tag)).map(([key, value]) => [
      key,
      typeof value === 'string' && key !== 'address' ? withBraces(value) : value,
    ]),
  );
/** A text in a template whose braces name no variable. */
export const withBraces = (text: string): string => text.replaceAll('{', '{{').replaceAll('}', '}}');
