import { memo, useState } from 'react';
import { parsedBy } from './field.tsx';
import { choicesOf, kindOf, same, type Schema } from './schema.ts';

export interface CellProps {
  schema: Schema;
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  onLeave?: (() => void) | undefined;
  fault: string | undefined;
  readOnly: boolean;
  testid: string;
  placeholder?: string | undefined;
  onPaste?: ((text: string) => boolean) | undefined;
  mono?: boolean | undefined;
}

/** One cell of a table that is edited in place; what is wrong stands under it, in its row. */
export const Cell = memo(function Cell({
  schema,
  label,
  value,
  onChange,
  onLeave,
  fault,
  readOnly,
  testid,
  placeholder,
  onPaste,
  mono,
}: CellProps) {
  const kind = kindOf(schema);
  const [typed, setTyped] = useState<string>();
  const told = { 'aria-label': label, 'aria-invalid': fault !== undefined, title: fault ?? label, 'data-testid': testid } as const;
  const text = value === undefined || value === null ? '' : String(value);
  const choices = kind === 'choice' ? choicesOf(schema)! : undefined;
  const chosen = choices?.findIndex((c) => same(c.value, value ?? schema.default)) ?? -1;
  return (
    <td className={`cellin${fault === undefined ? '' : ' err'}${mono === true ? ' mono' : ''}`}>
      {readOnly ? (
        text
      ) : choices !== undefined ? (
        <select
          {...told}
          value={chosen < 0 ? '' : String(chosen)}
          onChange={(e) => onChange(choices[Number(e.target.value)]?.value)}
          onBlur={onLeave}
        >
          {chosen < 0 ? <option value="" /> : null}
          {choices.map((c, i) => (
            <option key={String(c.value)} value={i}>
              {String(c.value)}
            </option>
          ))}
        </select>
      ) : kind === 'flag' ? (
        <input
          type="checkbox"
          {...told}
          checked={(value ?? schema.default) === true}
          onChange={(e) => onChange(e.target.checked)}
          onBlur={onLeave}
        />
      ) : (
        <input
          {...told}
          type="text"
          inputMode={kind === 'number' ? 'decimal' : undefined}
          spellCheck={false}
          autoComplete="off"
          value={typed ?? text}
          placeholder={placeholder}
          onBlur={() => {
            setTyped(undefined);
            onLeave?.();
          }}
          onPaste={(e) => {
            if (onPaste?.(e.clipboardData.getData('text/plain')) === true) e.preventDefault();
          }}
          onChange={(e) => {
            setTyped(e.target.value);
            onChange(parsedBy(schema, e.target.value));
          }}
        />
      )}
    </td>
  );
});
