import { Field } from './field.tsx';
import type { Schema } from './schema.ts';

/** Why this is no name for a new thing, or undefined. `among` is the schema of the map it becomes a key of. */
export function nameFault(name: string, noun: string, taken: readonly string[], among: Schema | undefined): string | undefined {
  if (name === '') return `The ${noun} needs a name.`;
  if (taken.includes(name)) return `There is a ${noun} ${name} already. Choose another name.`;
  const { pattern, maxLength } = (among?.['propertyNames'] ?? {}) as { pattern?: string; maxLength?: number };
  if (maxLength !== undefined && name.length > maxLength) return `A name has at most ${maxLength} characters; this one has ${name.length}.`;
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(name))
    return `“${name}” cannot be a name. Use letters, digits, spaces and _ - . : ( ) %.`;
  return undefined;
}

/** The name of a new thing; it cannot be changed later without losing what hangs on it. */
export function NameField({
  value,
  onChange,
  onLeave,
  fault,
  noun,
  testid,
  placeholder,
}: {
  value: string;
  onChange: (value: string) => void;
  onLeave: () => void;
  fault: string | undefined;
  noun: string;
  testid: string;
  placeholder: string;
}) {
  return (
    <Field
      schema={{ type: 'string', title: 'Name', description: `How the ${noun} is called everywhere; part of its topics.` }}
      name="name"
      value={value}
      onChange={(v) => onChange(typeof v === 'string' ? v : '')}
      onLeave={onLeave}
      fault={fault}
      required
      readOnly={false}
      testid={testid}
      placeholder={placeholder}
      autoFocus
    />
  );
}
