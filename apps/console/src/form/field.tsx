import { useId, useState, type ReactNode } from 'react';
import { Editor } from '../editor/editor.tsx';
import { Glyph } from '../ui/glyph.tsx';
import { unitText } from '../ui/format.ts';
import { choicesOf, kindOf, same, unitOf, type Schema } from './schema.ts';
import { SecretField } from './secret-field.tsx';

export interface FieldProps {
  schema: Schema;
  /** How the field is called when the schema has no title. */
  name: string;
  value: unknown;
  /** `undefined` takes the setting out of the file. */
  onChange: (value: unknown) => void;
  /** The person left the field: from now on its faults are told. */
  onLeave: () => void;
  fault: string | undefined;
  required: boolean;
  readOnly: boolean;
  testid: string;
  /** Values that are offered while typing. */
  suggestions?: readonly string[] | undefined;
  placeholder?: string | undefined;
  autoFocus?: boolean | undefined;
}

/** One setting: label above, unit inside, what it means and what is wrong with it below. */
export function Field(props: FieldProps) {
  const { schema, name, value, fault, required, readOnly, testid, onLeave } = props;
  const id = useId();
  // What is typed stays as it is until the field is left, also where it says the same as the default.
  const [typed, setTyped] = useState<string>();
  // Also the one choice there is gets shown where a form asks for it by itself.
  const kind = kindOf(schema) === 'none' && choicesOf(schema) !== undefined ? 'choice' : kindOf(schema);
  const title = schema.title ?? name;
  const told = { 'aria-invalid': fault !== undefined, 'aria-describedby': `${id}-help`, id, 'data-testid': testid } as const;
  const box = `field${fault === undefined ? '' : ' err'}`;
  if (readOnly)
    return (
      <Frame id={id} title={title} help={undefined} fault={undefined}>
        <p className="plainvalue" data-testid={testid}>
          {kind === 'secret' ? (value === undefined ? 'none' : 'set') : textOf(schema, value ?? schema.default)}
        </p>
      </Frame>
    );
  if (kind === 'flag')
    return (
      <div className="fieldset flag">
        <label>
          <input
            type="checkbox"
            {...told}
            checked={(value ?? schema.default ?? false) === true}
            onChange={(e) => props.onChange(e.target.checked)}
            onBlur={onLeave}
          />
          <span>{title}</span>
        </label>
        <Below id={id} help={schema.description} fault={fault} />
      </div>
    );
  return (
    <Frame id={id} title={title} help={helpOf(schema)} fault={fault}>
      {kind === 'choice' ? (
        <div className={box}>
          <Choice {...props} told={told} />
        </div>
      ) : kind === 'secret' ? (
        <SecretField value={value} onChange={props.onChange} onLeave={onLeave} box={box} told={told} title={title} />
      ) : kind === 'sql' ? (
        <div className="editbox">
          <Editor language="sql" label={title} value={textOf(schema, value)} onChange={(t) => props.onChange(t === '' ? undefined : t)} />
        </div>
      ) : kind === 'long' || kind === 'lines' ? (
        <textarea
          {...told}
          className="area"
          rows={kind === 'lines' ? 3 : 2}
          spellCheck={false}
          value={Array.isArray(value) ? value.join('\n') : textOf(schema, value)}
          onChange={(e) =>
            props.onChange(e.target.value === '' ? undefined : kind === 'lines' ? e.target.value.split('\n') : e.target.value)
          }
          onBlur={onLeave}
        />
      ) : (
        <div className={box}>
          <input
            {...told}
            type="text"
            inputMode={kind === 'number' ? 'decimal' : undefined}
            autoComplete="off"
            spellCheck={false}
            autoFocus={props.autoFocus === true}
            aria-required={required}
            list={props.suggestions === undefined ? undefined : `${id}-list`}
            placeholder={props.placeholder ?? (schema.default === undefined ? undefined : textOf(schema, schema.default))}
            value={typed ?? textOf(schema, value)}
            onChange={(e) => {
              setTyped(e.target.value);
              props.onChange(parsedBy(schema, e.target.value));
            }}
            onBlur={() => {
              setTyped(undefined);
              onLeave();
            }}
          />
          {unitOf(schema) === '' ? null : <span className="meta nowrap">{unitText(unitOf(schema))}</span>}
          {props.suggestions === undefined ? null : (
            <datalist id={`${id}-list`}>
              {props.suggestions.map((s) => (
                <option key={s} value={s} />
              ))}
            </datalist>
          )}
        </div>
      )}
    </Frame>
  );
}

function Choice({ schema, value, onChange, onLeave, told }: FieldProps & { told: object }) {
  const choices = choicesOf(schema)!;
  const now = value ?? schema.default;
  const known = choices.findIndex((c) => same(c.value, now));
  return (
    <select
      {...told}
      value={known < 0 ? '' : String(known)}
      onChange={(e) => onChange(choices[Number(e.target.value)]?.value)}
      onBlur={onLeave}
    >
      {known < 0 ? <option value="">{now === undefined ? 'Choose' : JSON.stringify(now)}</option> : null}
      {choices.map((c, i) => (
        <option key={String(c.value)} value={i}>
          {c.label}
          {same(c.value, schema.default) ? ' (default)' : ''}
        </option>
      ))}
    </select>
  );
}

export const Frame = ({
  id,
  title,
  help,
  fault,
  children,
}: {
  id: string;
  title: string;
  help: string | undefined;
  fault: string | undefined;
  children: ReactNode;
}) => (
  <div className="fieldset">
    <label className="lb" htmlFor={id}>
      {title}
    </label>
    {children}
    <Below id={id} help={help} fault={fault} />
  </div>
);

const Below = ({ id, help, fault }: { id: string; help: string | undefined; fault: string | undefined }) => (
  <div id={`${id}-help`}>
    {fault === undefined ? null : (
      <p className="err-line" role="alert" data-testid="field-fault">
        <Glyph name="bad" />
        {fault}
      </p>
    )}
    {fault !== undefined || help === undefined ? null : <p className="help">{help}</p>}
  </div>
);

function helpOf(schema: Schema): string | undefined {
  const effect = schema.effect === 'restart' ? ' Takes effect at the next start.' : '';
  return schema.description === undefined ? undefined : schema.description + effect;
}

const textOf = (schema: Schema, value: unknown): string => {
  if (value === undefined || value === null) return '';
  const choice = choicesOf(schema)?.find((c) => same(c.value, value));
  if (choice !== undefined) return choice.label;
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : typeof value === 'object' ? JSON.stringify(value) : String(value);
};

const takesNumber = (schema: Schema): boolean =>
  schema.type === 'integer' || schema.type === 'number' || (schema.anyOf ?? []).some((b) => b.type === 'number' || b.type === 'integer');
/** What is no number stays text, so that the fault can name it. */
export function parsedBy(schema: Schema, text: string): unknown {
  const t = text.trim();
  if (t === '') return undefined;
  if (!takesNumber(schema)) return text;
  const plain = t.replace('−', '-').replace(/^(-?\d+),(\d+)$/, '$1.$2');
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain) ? Number(plain) : t;
}
