import type { ReadAnswer } from '@omh/api';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import type { Block } from '../../form/schema.ts';
import { decimalsIn, unitText, valueText } from '../../ui/format.ts';
import { Glyph, Icon, qualityGlyph } from '../../ui/glyph.tsx';

/** Reads an address once, as it stands in the form: what the device gives, what it means, or why not. */
export function TestRead({ device, group, name, value }: { device: string; group: string; name: string; value: Block }) {
  const [state, setState] = useState<{ busy?: boolean; answer?: ReadAnswer; problem?: ApiProblem; of?: string }>({});
  const { address, type, count } = value;
  const asked = JSON.stringify([address, type, count]);
  if (typeof address !== 'string' || address === '') return <p className="meta">Without an address nothing is read for it.</p>;
  const read = async (): Promise<void> => {
    if (state.busy === true) return;
    setState({ busy: true });
    try {
      const answer = await api<ReadAnswer>('/read', { body: { device, address, type, ...(typeof count === 'number' ? { count } : {}) } });
      setState({ answer, of: asked });
    } catch (error) {
      setState({ problem: asProblem(error), of: asked });
    }
  };
  const answer = state.of === asked ? state.answer : undefined;
  const problem = state.of === asked ? state.problem : undefined;
  return (
    <div>
      <div className="row testread">
        <button type="button" className="btn sm" data-testid="test-read" aria-busy={state.busy === true} onClick={() => void read()}>
          <Icon name="play" />
          {state.busy === true ? 'It is read' : `Read ${address} now`}
        </button>
        <Link
          className="btn sm"
          to="/devices/$name"
          params={{ name: '~probe' }}
          search={{ device, group, address, tag: name }}
          data-testid="find-it"
        >
          Find it
        </Link>
        {answer === undefined ? (
          problem === undefined ? (
            <span className="meta">Find it ranks type, byte order and neighbouring addresses when the value looks wrong.</span>
          ) : null
        ) : (
          <span className="row" data-testid="test-read-answer">
            <Glyph name={qualityGlyph[answer.quality]} />
            {answer.quality === 'good' ? (
              <span>
                The device gives <b>{valueText(answer.value, decimalsIn(answer.value))}</b>
                {meaning(answer.value, value)}.
              </span>
            ) : (
              <span className="bad">{answer.reason ?? 'It gives no value.'}</span>
            )}
          </span>
        )}
      </div>
      {problem === undefined ? null : (
        <p className="err-line" role="alert" data-testid="test-read-problem">
          <Glyph name="bad" />
          <span>
            {problem.message} {problem.next ?? ''}
          </span>
        </p>
      )}
    </div>
  );
}

/** What the raw value becomes by factor, offset, labels and unit. */
function meaning(raw: unknown, { decimal, bias, unit, labels }: Block): string {
  const words = typeof labels === 'object' && labels !== null ? (labels as Record<string, unknown>) : {};
  const word = words[String(raw)] ?? (typeof raw === 'boolean' ? words[raw ? '1' : '0'] : undefined);
  if (typeof word === 'string') return `, which is ${word}`;
  if (typeof raw !== 'number' || (decimal === undefined && bias === undefined)) return typeof unit === 'string' ? ` ${unitText(unit)}` : '';
  const v = Number((raw * (typeof decimal === 'number' ? decimal : 1) + (typeof bias === 'number' ? bias : 0)).toPrecision(12));
  return `, which is ${valueText(v, decimalsIn(v))}${typeof unit === 'string' ? ` ${unitText(unit)}` : ''}`;
}
