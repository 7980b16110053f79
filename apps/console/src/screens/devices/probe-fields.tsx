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
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="fieldset">
      <label className="lb" htmlFor={id}>
        {label} {hint === undefined ? null : <span className="t3">{hint}</span>}
      </label>
      {children(id)}
      {fault === undefined ? null : (
        <p className="err-line" role="alert">
          <Glyph name="bad" />
          {fault}
        </p>
      )}
    </div>
  );
}
/** One line of text. */
export const Text = ({
  id,
  value,
  set,
  placeholder,
  testid,
  mono = false,
}: {
  id: string;
  value: string;
  set: (v: string) => void;
  placeholder?: string;
  testid: string;
  mono?: boolean;
}) => (
  <div className={`field${mono ? ' mono' : ''}`}>
    <input
      id={id}
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
