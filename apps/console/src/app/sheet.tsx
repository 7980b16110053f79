import { useId, useState, type ReactNode, type Ref } from 'react';
import { asProblem } from '../api/client.ts';
import { Glyph, Mark } from '../ui/glyph.tsx';

/** Calm page for who has no session yet. */
export const Sheet = ({ children }: { children: ReactNode }) => (
  <main className="sheet">
    <div className="brand">
      <Mark />
      <span>
        <b>omh</b>
        <small>Open Manufacturing Hub</small>
      </span>
    </div>
    {children}
  </main>
);

/** `counts`: it changes each second, so it is not read out each time. */
export const FaultLine = ({ children, id, counts = false }: { children: ReactNode; id?: string; counts?: boolean }) => (
  <p className="err-line" role={counts ? 'timer' : 'alert'} {...(id === undefined ? {} : { id })}>
    <Glyph name="bad" />
    <span>{children}</span>
  </p>
);

/** A refusal that belongs to no single field: what is wrong, what to do, the code. */
export const FormProblem = ({ error }: { error: unknown }) => {
  const problem = asProblem(error);
  return (
    <div className="say badb formproblem" role="alert">
      <Glyph name="bad" />
      <div className="grow">
        <p className="strong">{problem.message}</p>
        {problem.next === undefined ? null : <p>{problem.next}</p>}
        <p className="code">{problem.code}</p>
      </div>
    </div>
  );
};

interface FieldProps {
  label: string;
  value: string;
  change: (value: string) => void;
  fault?: string | undefined;
  hint?: ReactNode;
  autoComplete: string;
  /** What password managers and tests know it by. */
  name: string;
  autoFocus?: boolean;
  inputRef?: Ref<HTMLInputElement>;
}

/** A label, a field and what is wrong with it. */
export function TextField(props: FieldProps & { mono?: boolean; placeholder?: string; maxLength?: number }) {
  const id = useId();
  const { label, value, change, fault, hint, mono, inputRef, ...input } = props;
  return (
    <div className="fieldrow">
      <label className="lb" htmlFor={id}>
        {label}
      </label>
      <div className={`field${mono === true ? ' mono' : ''}${fault === undefined ? '' : ' err'}`}>
        <input
          {...input}
          id={id}
          ref={inputRef}
          data-testid={`field-${props.name}`}
          spellCheck={false}
          autoCapitalize="none"
          value={value}
          aria-invalid={fault !== undefined}
          aria-describedby={`${id}-says`}
          onChange={(e) => change(e.target.value)}
        />
      </div>
      {fault === undefined ? (
        hint === undefined ? null : (
          <p className="meta hint" id={`${id}-says`}>
            {hint}
          </p>
        )
      ) : (
        <FaultLine id={`${id}-says`}>{fault}</FaultLine>
      )}
    </div>
  );
}

/** A password, hidden until its typist wants to see it. */
export function PasswordField({ label, value, change, fault, hint, inputRef, ...input }: FieldProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const [caps, setCaps] = useState(false);
  return (
    <div className="fieldrow">
      <label className="lb" htmlFor={id}>
        {label}
      </label>
      <div className={`field${fault === undefined ? '' : ' err'}`}>
        <input
          {...input}
          id={id}
          ref={inputRef}
          data-testid={`field-${input.name}`}
          type={shown ? 'text' : 'password'}
          spellCheck={false}
          autoCapitalize="none"
          autoCorrect="off"
          maxLength={1024}
          value={value}
          aria-invalid={fault !== undefined}
          aria-describedby={`${id}-says`}
          onChange={(e) => change(e.target.value)}
          onKeyUp={(e) => setCaps(e.getModifierState('CapsLock'))}
          onBlur={() => setCaps(false)}
        />
        <button type="button" className="link" aria-pressed={shown} aria-controls={id} onClick={() => setShown(!shown)}>
          {shown ? 'Hide' : 'Show'}
        </button>
      </div>
      {fault === undefined ? (
        caps ? (
          <p className="meta hint" id={`${id}-says`} role="status">
            Caps Lock is on.
          </p>
        ) : hint === undefined ? null : (
          <p className="meta hint" id={`${id}-says`}>
            {hint}
          </p>
        )
      ) : (
        <FaultLine id={`${id}-says`}>{fault}</FaultLine>
      )}
    </div>
  );
}
