import { useState } from 'react';
import { secretReference } from '@omh/config/schema';

type Kind = 'env' | 'file';

/** A secret stands outside the hub file: the form names the place and never sees the secret itself. */
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
  told: { readonly 'data-testid'?: string };
  title: string;
}) {
  const found = typeof value === 'string' ? secretReference.exec(value) : null;
  const [kind, setKind] = useState<Kind>(found?.[3] === undefined ? 'env' : 'file');
  const name = found?.[2] ?? found?.[4] ?? (typeof value === 'string' ? value.replace(/^!(env|file) ?/, '') : '');
  const write = (as: Kind, text: string): void => onChange(text === '' ? undefined : `!${as} ${text}`);
  return (
    <>
      <div className={`${box} secretfield`}>
        <select
          aria-label={`Where the ${title} stands`}
          data-testid={told['data-testid'] === undefined ? undefined : `${told['data-testid']}-kind`}
          value={kind}
          onChange={(e) => {
            const next = e.target.value as Kind;
            setKind(next);
            write(next, name);
          }}
        >
          <option value="env">Environment variable</option>
          <option value="file">File</option>
        </select>
        <input
          {...told}
          type="text"
          autoComplete="off"
          spellCheck={false}
          className="mono"
          placeholder={kind === 'env' ? 'NAME' : 'secrets/name'}
          value={name}
          onChange={(e) => write(kind, e.target.value.trim())}
          onBlur={onLeave}
        />
      </div>
      <p className="help">
        {kind === 'env'
          ? 'The secret itself is set in the environment of the hub.'
          : 'The secret itself is the content of this file, in the folder of the hub file.'}
      </p>
    </>
  );
}
