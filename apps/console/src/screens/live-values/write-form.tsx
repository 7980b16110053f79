import { useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import type { TagKey } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { live, useTagVersion } from '../../live/live-store.ts';
import { num, span, unitText, valueText } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { keyDecimals, keyText, labelOf } from '../../ui/value.tsx';
import { parseValue, plain } from './parse-value.ts';

const elapsed = (ms: number): string => (ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : span(ms));

/** By what the hub knows who may act as a role. */
const verbOfRole = { operator: 'tag.write', engineer: 'config.write', admin: 'access.write' } as const;
const roleWord = { operator: 'Operators', engineer: 'Engineers', admin: 'Administrators' } as const;
/** Labels are offered as buttons while they are few, else in a list. */
const mostButtons = 4;
const mostReason = 500;
const onOff = [
  ['on', 'on'],
  ['off', 'off'],
] as const;

/** What a write has to keep to, as a sentence; empty when it may be anything. */
function limitsOf({ guard, unit: code }: TagKey): string {
  if (guard === undefined) return '';
  const unit = unitText(code) === '' ? '' : ` ${unitText(code)}`;
  const { min, max, step, readBack } = guard;
  const range =
    min !== undefined && max !== undefined
      ? `It takes ${plain(min)} to ${plain(max)}${unit}. `
      : min !== undefined
        ? `It takes ${plain(min)}${unit} and more. `
        : max !== undefined
          ? `It takes ${plain(max)}${unit} at most. `
          : '';
  const move = step === undefined ? '' : `One write moves it by ${plain(step)}${unit} at most. `;
  return `${range}${move}${readBack === true ? 'The hub reads it back.' : ''}`.trim();
}

/** Writes one tag after a second look; the value shows as new only after the device confirmed it. */
export function WriteForm({ row, close }: { row: number; close: () => void }) {
  useTagVersion(row);
  const now = live().tags.now(row);
  const [text, setText] = useState('');
  const [touched, setTouched] = useState(false);
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState(false);
  const [state, setState] = useState<{ busy?: boolean; done?: string; problem?: ApiProblem }>({});
  if (now === undefined) return null;
  const { key } = now;
  const unit = unitText(key.unit);
  const parsed = parseValue(key, text, now.value);
  const { guard } = key;
  const whose = guard?.role !== undefined && !may(verbOfRole[guard.role]) ? roleWord[guard.role] : undefined;
  const noReason = guard?.reason === true && reason.trim() === '';
  const limits = limitsOf(key);
  const choices = Object.entries(key.labels ?? {});
  const fault = touched && 'fault' in parsed ? parsed.fault : undefined;
  const name =
    'value' in parsed
      ? `Write ${labelOf(key, parsed.value) ?? valueText(parsed.value, typeof parsed.value === 'number' && !Number.isInteger(parsed.value) ? Math.max(1, keyDecimals(key)) : keyDecimals(key))}${unit === '' || labelOf(key, parsed.value) !== undefined ? '' : ` ${unit}`}`
      : 'Write';
  const write = async (): Promise<void> => {
    setTouched(true);
    setAsked(true);
    if ('fault' in parsed || noReason || state.busy === true) return;
    setState({ busy: true });
    const began = performance.now();
    try {
      await api('/write', {
        body: {
          device: key.device,
          group: key.group,
          tag: key.tag,
          value: parsed.value,
          ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
        },
      });
      setState({
        done: `Written: ${key.device} confirmed ${
          labelOf(key, parsed.value) ??
          `${typeof parsed.value === 'number' ? num(parsed.value, keyDecimals(key)) : valueText(parsed.value, 0)}${unit === '' ? '' : ` ${unit}`}`
        } after ${elapsed(performance.now() - began)}${guard?.readBack === true ? ', and reads back the same' : ''}.`,
      });
    } catch (error) {
      setState({ problem: asProblem(error) });
    }
  };
  const isBool = /bool|bit/i.test(key.type);
  const choose = (value: string): void => {
    setText(value);
    setState({});
  };
  if (whose !== undefined)
    return (
      <div className="writebox" data-testid="write-forbidden">
        <b className="strong">Write {key.tag}</b>
        <p className="t2">
          {whose} can write this tag. It is {keyText(key, now.value)} now.
        </p>
        <div className="row" style={{ marginTop: 10 }}>
          <button type="button" className="btn" data-autofocus onClick={close}>
            Close
          </button>
        </div>
      </div>
    );
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
        <div className="writenow">
          <span className="lb meta">Now</span>
          <div className="nowvalue ell" title={keyText(key, now.value)}>
            {keyText(key, now.value)}
          </div>
        </div>
        <span className="t3" style={{ lineHeight: '30px' }}>
          to
        </span>
        <div className="grow">
          <label className="lb" htmlFor="new-value">
            New value
          </label>
          <div className={`field${fault === undefined ? '' : ' err'}`} style={{ fontSize: 15, fontWeight: 600 }}>
            <input
              id="new-value"
              data-autofocus
              autoComplete="off"
              value={text}
              aria-invalid={fault !== undefined}
              aria-describedby={fault === undefined ? undefined : 'new-value-says'}
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
      {choices.length > mostButtons ? (
        <div className="field writechoice">
          <select
            aria-label="Choose by word"
            data-testid="write-label"
            value={choices.some(([v]) => v === text) ? text : ''}
            onChange={(e) => choose(e.target.value)}
          >
            <option value="">Choose by word</option>
            {choices.map(([value, word]) => (
              <option key={value} value={value}>
                {word} ({value})
              </option>
            ))}
          </select>
        </div>
      ) : choices.length > 0 || isBool ? (
        <div className="seg writechoice" role="group" aria-label="New value by word">
          {(choices.length > 0 ? choices : onOff).map(([value, word]) => (
            <button key={value} type="button" aria-pressed={text === value} title={word} onClick={() => choose(value)}>
              {word}
            </button>
          ))}
        </div>
      ) : null}
      {fault === undefined ? null : (
        <p className="err-line" role="alert" id="new-value-says">
          <Glyph name="bad" />
          {fault}
        </p>
      )}
      {guard?.reason === true ? (
        <div style={{ marginTop: 10 }}>
          <label className="lb" htmlFor="write-reason">
            Why <span className="t3">(kept in the audit)</span>
          </label>
          <div className={`field${asked && noReason ? ' err' : ''}`}>
            <input
              id="write-reason"
              data-testid="write-reason"
              autoComplete="off"
              maxLength={mostReason}
              value={reason}
              aria-invalid={asked && noReason}
              onChange={(e) => {
                setReason(e.target.value);
                setState({});
              }}
            />
          </div>
          {asked && noReason ? (
            <p className="err-line" role="alert">
              <Glyph name="bad" />
              This tag asks why it is written.
            </p>
          ) : null}
        </div>
      ) : null}
      {state.problem === undefined ? null : (
        <div className="err-line" role="alert" data-testid="write-problem">
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
          {limits === '' ? null : <span data-testid="write-limits">{limits} </span>}The value shows here as new only after {key.device} has
          confirmed it.
        </p>
      ) : (
        <p className="row" style={{ marginTop: 10 }} data-testid="write-done">
          <Glyph name="check" />
          {state.done}
        </p>
      )}
      <div className="row" style={{ marginTop: 10 }}>
        <button type="submit" className="btn primary" data-testid="write-confirm" aria-busy={state.busy === true}>
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
