import type { TraceAnswer } from '@omh/api';
import { useEffect, useRef, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { decimalsIn, num, valueText } from '../../ui/format.ts';
import { ErrorSay, Panel } from '../../ui/panel.tsx';

const stepWords: Readonly<Record<string, string>> = {
  started: 'The cycle begins',
  requested: 'The request goes out',
  answered: 'The device answers',
  decoded: 'Bytes become a value',
  scaled: 'The value is scaled',
  'last value': 'It is the last value',
  rule: 'A rule has it',
  reader: 'A reader has it',
  'handed on': 'It is handed on',
  sent: 'Subscribers are sent it',
  committed: 'The row is committed',
};
const ms = (v: number): string => num(v, v < 10 ? 3 : v < 100 ? 2 : 1);

/** Follows the next value of a tag on request, from the request bytes to the committed row. */
export function TraceOf({ tag }: { tag: string }) {
  const [state, setState] = useState<{ busy?: boolean; trace?: TraceAnswer; problem?: ApiProblem }>({});
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const follow = async (): Promise<void> => {
    if (state.busy === true) return;
    stop.current = new AbortController();
    const { signal } = stop.current;
    setState(({ trace }) => ({ busy: true, ...(trace === undefined ? {} : { trace }) }));
    try {
      const trace = await api<TraceAnswer>(`/trace?tag=${encodeURIComponent(tag)}`, { signal });
      setState({ trace });
    } catch (error) {
      if (!signal.aborted) setState({ problem: asProblem(error) });
    }
  };
  const { busy = false, trace, problem } = state;
  return (
    <Panel
      title="The way of one value"
      meta={
        trace === undefined
          ? undefined
          : `${ms(trace.endToEndMs)} ms from due to ${trace.notCommitted === undefined ? 'stored' : 'the last step'}`
      }
      right={
        <button
          type="button"
          className="btn sm"
          aria-busy={busy}
          data-testid="trace"
          onClick={() => {
            void follow();
          }}
        >
          {busy ? 'Waiting for the next cycle' : trace === undefined ? 'Follow the next value' : 'Follow another'}
        </button>
      }
    >
      {problem === undefined ? null : <ErrorSay error={problem} />}
      {trace === undefined ? (
        problem === undefined ? (
          <p className="meta">
            From the bytes of the request to the row in history, with the milliseconds of each step. Nothing is slowed while nobody looks.
          </p>
        ) : null
      ) : (
        <Hops trace={trace} />
      )}
    </Panel>
  );
}

function Hops({ trace }: { trace: TraceAnswer }) {
  const whole = Math.max(trace.endToEndMs, 0.001);
  return (
    <>
      <ol className="hops" data-testid="trace-hops">
        {trace.hops.map((hop, i) => (
          <li key={`${hop.step}${i}`}>
            <span className="ell" title={hop.detail}>
              {stepWords[hop.step] ?? hop.step}
              {hop.detail === undefined ? null : <span className="t3"> {hop.detail}</span>}
            </span>
            <span className="hopbar" aria-hidden>
              <i style={{ left: `${((hop.atMs - hop.ms) / whole) * 100}%`, width: `${(hop.ms / whole) * 100}%` }} />
            </span>
            <span className="num">{ms(hop.ms)}</span>
          </li>
        ))}
        <li className="hopsum">
          <span>Together</span>
          <span />
          <span className="num strong">{ms(trace.endToEndMs)}</span>
        </li>
      </ol>
      <p className="meta hopnote">
        Milliseconds. The device gave {valueText(trace.raw, decimalsIn(trace.raw))}, the value is{' '}
        {valueText(trace.value, decimalsIn(trace.value))}, {trace.quality}.{trace.reason === undefined ? '' : ` ${trace.reason}`}
        {trace.notCommitted === undefined ? '' : ` ${trace.notCommitted}`}
      </p>
      {trace.frames.length === 0 ? null : (
        <ul className="traceframes mono" aria-label="Frames">
          {trace.frames.map((f, i) => (
            <li key={`${f.atMs}${i}`}>
              <span className="t3 num">{ms(f.atMs)}</span>
              <span className="t3">{f.direction === 'tx' ? 'out' : 'in'}</span>
              <span className="frhex">
                {f.hex.replaceAll(/(..)(?=.)/g, '$1 ')}
                {f.bytes * 2 > f.hex.length ? <span className="t3"> and {num(f.bytes - f.hex.length / 2)} bytes more</span> : null}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
