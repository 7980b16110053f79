import type { SignalRow } from '@omh/api';
import { useId, useState, type FormEvent } from 'react';
import { api, asProblem } from '../../api/client.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { parseValue } from '../live-values/parse-value.ts';

/** Gives a signal a value that it keeps until it is let go; a constant takes it as if a client had written it. */
export function HoldForm({ path, signal, close }: { path: string; signal: SignalRow; close: () => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const isBit = signal.type === 'bit' || signal.type === 'bool';
  const send = async (value: unknown): Promise<void> => {
    setBusy(true);
    try {
      await api(path, { method: 'PUT', body: { value } });
      close();
    } catch (error) {
      const problem = asProblem(error);
      setFault(`${problem.message} ${problem.next ?? ''}`.trim());
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const parsed = parseValue({ type: signal.type }, text, signal.value);
    if ('fault' in parsed) setFault(parsed.fault);
    else if (!busy) void send(parsed.value);
  };
  if (isBit && signal.count === 1)
    return (
      <div className="holdform">
        {[true, false].map((value) => (
          <button
            key={String(value)}
            type="button"
            className="btn sm"
            data-testid={value ? 'hold-on' : 'hold-off'}
            disabled={busy}
            onClick={() => {
              void send(value);
            }}
          >
            {value ? 'On' : 'Off'}
          </button>
        ))}
        {fault === undefined ? null : <Said fault={fault} />}
      </div>
    );
  return (
    <form className="holdform" onSubmit={submit}>
      <label className="t2" htmlFor={id}>
        {signal.signal === 'constant' ? 'Set to' : 'Hold at'}
      </label>
      <div className={`field sm${fault === undefined ? '' : ' err'}`}>
        <input
          id={id}
          data-testid="hold-value"
          autoFocus
          autoComplete="off"
          placeholder={signal.count > 1 ? `[1, 2, …] ${signal.count} values` : signal.type}
          value={text}
          aria-invalid={fault !== undefined}
          onChange={(e) => {
            setText(e.target.value);
            setFault(undefined);
          }}
        />
      </div>
      <button type="submit" className="btn primary sm" data-testid="hold-confirm" disabled={busy}>
        {signal.signal === 'constant' ? 'Set' : 'Hold'}
      </button>
      {fault === undefined ? null : <Said fault={fault} />}
    </form>
  );
}

const Said = ({ fault }: { fault: string }) => (
  <p className="err-line" role="alert">
    <Glyph name="bad" />
    {fault}
  </p>
);
