import { useId, type ReactNode } from 'react';
import { Glyph } from '../../ui/glyph.tsx';

/** A label, a field and what is wrong with it. */
export function Ask({
  label,
  hint,
  fault,
  children,
}: {
  label: string;
  hint?: string | undefined;
  fault?: string | undefined;
  /** The field, which has the id, whether it is wrong, and what says so. */
  children: (id: string, wrong: boolean, says: string) => ReactNode;
}) {
  const id = useId();
  const says = `${id}-says`;
  return (
    <div className="fieldset">
      <label className="lb" htmlFor={id}>
        {label} {hint === undefined ? null : <span className="t3">{hint}</span>}
      </label>
      {children(id, fault !== undefined, says)}
      {fault === undefined ? null : (
        <p className="err-line" role="alert" id={says}>
          <Glyph name="bad" />
          {fault}
        </p>
      )}
    </div>
  );
}
/** What `Ask` hands to its field, as the properties of a `Text`. */
export const field = ([id, wrong, says]: readonly [id: string, wrong: boolean, says: string]) => ({ id, wrong, says });

/** One line of text. */
export const Text = ({
  id,
  value,
  set,
  placeholder,
  testid,
  mono = false,
  wrong,
  says,
}: {
  id: string;
  value: string;
  set: (v: string) => void;
  placeholder?: string;
  testid: string;
  mono?: boolean;
  wrong: boolean;
  says: string;
}) => (
  <div className={`field${mono ? ' mono' : ''}${wrong ? ' err' : ''}`}>
    <input
      id={id}
      aria-invalid={wrong}
      aria-describedby={wrong ? says : undefined}
      data-testid={testid}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={200}
      placeholder={placeholder}
      value={value}
      onChange={(e) => set(e.target.value)}
    />
  </div>
);
