import { useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { live, useTagVersion } from '../../live/live-store.ts';
import { num, span, unitText, valueText } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { keyDecimals, keyText } from '../../ui/value.tsx';

type Parsed = { value: unknown } | { fault: string };
function parse(type: string, text: string): Parsed {
  const t = text.trim();
  if (t === '') return { fault: 'Give the new value.' };
  if (/bool|bit/i.test(type)) {
    if (/^(?:1|on|true|yes)$/i.test(t)) return { value: true };
    if (/^(?:0|off|false|no)$/i.test(t)) return { value: false };
    return { fault: 'Write on or off.' };
  }
  if (/string|text|char/i.test(type)) return { value: text };
  const plain = t.replace('−', '-').replace(',', '.');
  const v = /^0x[0-9a-f]+$/i.test(plain) ? Number.parseInt(plain, 16) : Number(plain);
  if (!Number.isFinite(v)) return { fault: `“${t}” is no number.` };
  if (/int|word|byte/i.test(type) && !Number.isInteger(v)) return { fault: 'This tag takes whole numbers.' };
  return { value: v };
}

const elapsed = (ms: number): string => (ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : span(ms));

/** Writes one tag after a second look; the value shows as new only after the device confirmed it. */
export function WriteForm({ row, close }: { row: number; close: () => void }) {
  useTagVersion(row);
  const now = live().tags.now(row);
  const [text, setText] = useState('');
  const [touched, setTouched] = useState(false);
  const [state, setState] = useState<{ busy?: boolean; done?: string; problem?: ApiProblem }>({});
  if (now === undefined) return null;
  const { key } = now;
  const unit = unitText(key.unit);
  const parsed = parse(key.type, text);
  const fault = touched && 'fault' in parsed ? parsed.fault : undefined;
  const name =
    'value' in parsed
      ? `Write ${valueText(parsed.value, typeof parsed.value === 'number' && !Number.isInteger(parsed.value) ? Math.max(1, keyDecimals(key)) : keyDecimals(key))}${unit === '' ? '' : ` ${unit}`}`
      : 'Write';
  const write = async (): Promise<void> => {
    setTouched(true);
    if ('fault' in parsed || state.busy === true) return;
    setState({ busy: true });
    const began = performance.now();
    try {
      await api('/write', { body: { device: key.device, group: key.group, tag: key.tag, value: parsed.value } });
      setState({
        done: `Written: ${key.device} confirmed ${typeof parsed.value === 'number' ? num(parsed.value, keyDecimals(key)) : valueText(parsed.value, 0)}${unit === '' ? '' : ` ${unit}`} after ${elapsed(performance.now() - began)}.`,
      });
    } catch (error) {
      setState({ problem: asProblem(error) });
    }
  };
  return (
    <form
      aria-label="Write a value"
      onSubmit={(e) => {
        e.preventDefault();
        void write();
      }}
      onKeyDown={(e) => {
        if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
          e.preventDefault();
          void write();
        }
      }}
    >
      <div className="row">
        <b className="strong" style={{ fontSize: 14 }}>
          Write {key.tag}
        </b>
        <span className="meta right">
          {key.device}, {key.address}
        </span>
      </div>
      <div className="row gap3" style={{ marginTop: 12, alignItems: 'flex-end' }}>
        <div>
          <span className="lb meta">Now</span>
          <div className="nowvalue">{keyText(key, now.value)}</div>
        </div>
        <span className="t3" style={{ lineHeight: '30px' }}>
          to
        </span>
        <div className="grow">
          <label className="lb" htmlFor="new-value">
            New value
          </label>
          {/bool|bit/i.test(key.type) ? (
            <div className="seg" role="group" aria-label="New value" style={{ marginBottom: 6 }}>
              {['on', 'off'].map((word) => (
                <button
                  key={word}
                  type="button"
                  aria-pressed={text === word}
                  onClick={() => {
                    setText(word);
                    setState({});
                  }}
                >
                  {word}
                </button>
              ))}
            </div>
          ) : null}
          <div className={`field${fault === undefined ? '' : ' err'}`} style={{ fontSize: 15, fontWeight: 600 }}>
            <input
              id="new-value"
              data-autofocus
              autoComplete="off"
              value={text}
              aria-invalid={fault !== undefined}
              data-testid="write-value"
              onChange={(e) => {
                setText(e.target.value);
                setState({});
              }}
              onBlur={() => {
                if (text !== '') setTouched(true);
              }}
            />
            <span className="meta">{unit}</span>
          </div>
        </div>
      </div>
      {fault === undefined ? null : (
        <p className="err-line">
          <Glyph name="bad" />
          {fault}
        </p>
      )}
      {state.problem === undefined ? null : (
        <div className="err-line">
          <Glyph name="bad" />
          <div>
            <p>{state.problem.message}</p>
            {state.problem.next === undefined ? null : <p className="t2">{state.problem.next}</p>}
            <p className="meta mono">{state.problem.code}</p>
          </div>
        </div>
      )}
      {state.done === undefined ? (
        <p className="meta" style={{ marginTop: 10 }}>
          The value shows here as new only after {key.device} has confirmed it.
        </p>
      ) : (
        <p className="row" style={{ marginTop: 10 }} data-testid="write-done">
          <Glyph name="check" />
          {state.done}
        </p>
      )}
      <div className="row" style={{ marginTop: 10 }}>
        <button type="submit" className="btn primary" data-testid="write-confirm">
          {state.busy === true ? 'Waiting for the device' : name}
        </button>
        <button type="button" className="btn" onClick={close}>
          {state.done === undefined ? 'Cancel' : 'Close'}
        </button>
        <span className="meta right">
          <kbd>Ctrl Enter</kbd>
        </span>
      </div>
    </form>
  );
}
