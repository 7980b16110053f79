/** Names of devices, groups, tags, apps, rules, … become topic levels, so no / + # and nothing invisible. */
export const namePattern = '^[\\p{L}\\p{N}_]([\\p{L}\\p{M}\\p{N}_ .:()%-]*[\\p{L}\\p{M}\\p{N}_)%])?$';
export const maxNameLength = 128;
/** A namespace path: topic levels without wildcards, none of them empty. */
export const pathPattern = '^(?!\\$)[^/+#\\u0000-\\u001f]+(/[^/+#\\u0000-\\u001f]+)*$';

const name = new RegExp(namePattern, 'u');

/** Why this is no name, or undefined. */
export function nameFault(text: string): string | undefined {
  if (text.length === 0) return 'it is empty';
  if (text === '__proto__') return 'it means something else to programs that read JSON';
  if (text.length > maxNameLength) return `it has ${text.length} characters`;
  const bad = /[/+#]/.exec(text);
  if (bad !== null) return `it holds ${bad[0]}, which separates or matches topic levels`;
  return name.test(text) ? undefined : 'it begins, ends or is made with characters that are not allowed';
}

/** Why this name is no tag's, or undefined: below each tag's topic the namespace has two of its own. */
export const tagNameFault = (text: string): string | undefined =>
  text === '_meta' || text === 'set' ? `each tag has a topic ${text} of its own` : undefined;
