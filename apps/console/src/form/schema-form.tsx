import { useState } from 'react';
import { Field } from './field.tsx';
import type { FormFault } from './faults.ts';
import { isBlock, isShort, kindOf, resolve, same, type Block, type Schema } from './schema.ts';
import { TableField } from './table-field.tsx';
import { afterPress } from './after-press.ts';
import './form.css';

export interface SchemaFormProps {
  /** A schema of `type: object`; conditions (`allOf`, `if`) follow the value. */
  schema: Schema;
  /** Only what differs from the defaults (`withoutDefaults`). */
  value: Block;
  onChange: (value: Block) => void;
  /** What is wrong, from `faultsIn` and, after a plan, from the hub; told at a field once it was left, or when `tellAll`. */
  faults: readonly FormFault[];
  /** Tells all faults, also at fields that nobody visited: after the button was pressed. */
  tellAll: boolean;
  readOnly?: boolean | undefined;
  /** Properties that stand elsewhere. */
  omit?: readonly string[] | undefined;
  /** Begins the test ids of the fields: `{testid}-{path}`. */
  testid: string;
  /** Values offered while typing, and placeholders that say what is taken when the field is empty; by property. */
  suggestions?: Readonly<Record<string, readonly string[]>> | undefined;
  placeholders?: Readonly<Record<string, string>> | undefined;
}

/** A form made from a JSON Schema. Writes only what differs from the defaults, so that the file stays what a person would write. */
export function SchemaForm(props: SchemaFormProps) {
  const { schema, value, faults, tellAll, readOnly = false, omit = [] } = props;
  const resolved = resolve(schema, value);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [opened, setOpened] = useState(false);
  const shown = Object.entries(resolved.properties ?? {})
    .filter(([key, s]) => !omit.includes(key) && kindOf(s) !== 'none' && isAsked(s, resolved, value))
    .sort(([, a], [, b]) => (a['x-ui']?.order ?? 1e6) - (b['x-ui']?.order ?? 1e6));
  const advanced = shown.filter(([, s]) => s['x-ui']?.advanced === true);
  const plain = shown.filter(([, s]) => s['x-ui']?.advanced !== true);
  const set = (key: string, own: Schema, next: unknown): void => {
    const out: Record<string, unknown> = { ...value, [key]: next };
    if (next === undefined || (own.default !== undefined && same(next, own.default))) delete out[key];
    props.onChange(inOrder(resolved, out));
  };
  const draw = ([key, own]: [string, Schema]) => {
    const told = tellAll || left.includes(key);
    const below = faults.filter((f) => f.path[0] === key);
    const inner = below.map((f) => ({ ...f, path: f.path.slice(1) }));
    const kind = kindOf(own);
    const entry = value[key];
    if (kind === 'block')
      return (
        <fieldset key={key} className="wide inner">
          <legend>{own.title ?? key}</legend>
          <SchemaForm
            {...props}
            schema={own}
            value={isBlock(entry) ? entry : {}}
            faults={inner}
            omit={[]}
            testid={`${props.testid}-${key}`}
            onChange={(next) =>
              set(key, own, Object.keys(next).length === 0 && resolved.required?.includes(key) !== true ? undefined : next)
            }
          />
        </fieldset>
      );
    if (kind === 'table')
      return (
        <div key={key} className="wide">
          <TableField
            schema={own}
            name={key}
            value={Array.isArray(entry) ? (entry as Block[]) : []}
            faults={told ? inner : []}
            readOnly={readOnly}
            testid={`${props.testid}-${key}`}
            onLeave={() => afterPress(() => setLeft((l) => [...l, key]))}
            onChange={(next) => set(key, own, next.length === 0 ? undefined : next)}
          />
        </div>
      );
    return (
      <div key={key} className={isShort(own) && kind !== 'flag' ? 'short' : 'wide'}>
        <Field
          schema={own}
          name={key}
          value={entry}
          fault={told ? below[0]?.message : undefined}
          required={resolved.required?.includes(key) === true}
          readOnly={readOnly}
          testid={`${props.testid}-${key}`}
          suggestions={props.suggestions?.[key]}
          placeholder={props.placeholders?.[key]}
          onLeave={() => afterPress(() => setLeft((l) => (l.includes(key) ? l : [...l, key])))}
          onChange={(next) => set(key, own, next)}
        />
      </div>
    );
  };
  const changed = advanced.filter(([key]) => value[key] !== undefined).length;
  const hides = tellAll && advanced.some(([key]) => faults.some((f) => f.path[0] === key));
  return (
    <div className="sform">
      <div className="fields">{plain.map(draw)}</div>
      {advanced.length === 0 ? null : (
        <details className="more" open={opened || hides} onToggle={(e) => setOpened(e.currentTarget.open)}>
          <summary data-testid={`${props.testid}-more`}>
            More settings{' '}
            <span className="meta">
              {changed === 0 ? `${advanced.length}, all at their defaults` : `${changed} of ${advanced.length} set`}
            </span>
          </summary>
          <div className="fields">{advanced.map(draw)}</div>
        </details>
      )}
    </div>
  );
}

/** `showIf` looks at the other properties as they are in effect. */
const isAsked = (own: Schema, schema: Schema, value: Block): boolean =>
  Object.entries(own['x-ui']?.showIf ?? {}).every(([key, wanted]) => {
    const now = value[key] ?? schema.properties?.[key]?.default;
    return Array.isArray(wanted)
      ? wanted.some((w) => same(w, now))
      : wanted === true && typeof now !== 'boolean'
        ? now !== undefined
        : same(wanted, now);
  });

/** Keys stand in the order of the schema, as in the examples of the docs. */
function inOrder(schema: Schema, value: Record<string, unknown>): Block {
  const keys = Object.keys(schema.properties ?? {});
  const place = (key: string): number => (keys.includes(key) ? keys.indexOf(key) : keys.length);
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => place(a) - place(b)));
}
