import { useState } from 'react';

const reference = /^!(env|file) (.+)$/;

/** A secret goes in and never comes out again: what is set is only said to be set, and where it comes from. */
export function SecretField({
  value,
  onChange,
  onLeave,
  box,
  told,
  title,
}: {
  value: unknown;
  onChange: (value: unknown) => void;
  onLeave: () => void;
  box: string;
  told: object;
  title: string;
}) {
  // What was there when the form opened is never put into an input.
  const [held] = useState(value);
  const [replacing, setReplacing] = useState(held === undefined);
  const from = typeof held === 'string' ? reference.exec(held) : null;
  if (!replacing)
    return (
      <div className="row">
        <span className="t2">
          {from === null ? 'Is set; it is not shown.' : from[1] === 'env' ? 'From the environment variable ' : 'From the file '}
          {from === null ? null : <code>{from[2]}</code>}
        </span>
        <button
          type="button"
          className="btn sm right"
          {...told}
          onClick={() => {
            setReplacing(true);
            onChange(undefined);
          }}
        >
          Replace
        </button>
      </div>
    );
  return (
    <>
      <div className={box}>
        <input
          {...told}
          type="password"
          autoComplete="new-password"
          spellCheck={false}
          value={typeof value === 'string' && value !== held ? value : ''}
          onChange={(e) => onChange(e.target.value === '' ? undefined : e.target.value)}
          onBlur={onLeave}
        />
        {held === undefined ? null : (
          <button
            type="button"
            className="link nowrap"
            aria-label={`Keep the ${title} that is set`}
            onClick={() => {
              setReplacing(false);
              onChange(held);
            }}
          >
            keep
          </button>
        )}
      </div>
      <p className="help">
        Written into the hub file as it is. To keep it outside, write <code>!env NAME</code> in the file itself.
      </p>
    </>
  );
}
