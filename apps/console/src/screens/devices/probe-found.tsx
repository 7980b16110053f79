import type { ProbeAnswer } from '@omh/api';
import { count, decimalsIn, num, valueText } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Spark } from '../../ui/spark.tsx';
import { areaOf, IdentityPairs } from './device-identity.tsx';

export type Candidate = ProbeAnswer['candidates'][number];
const scaled = (v: unknown, decimal: number | undefined): unknown =>
  typeof v === 'number' && decimal !== undefined ? Number((v * decimal).toPrecision(12)) : v;
const told = (c: Candidate, v: unknown): string => {
  const s = scaled(v, c.decimal);
  return typeof s === 'number' && (Math.abs(s) >= 1e9 || (s !== 0 && Math.abs(s) < 1e-4))
    ? s.toExponential(2).replace('-', '−')
    : valueText(s, decimalsIn(s));
};
const offsetWord = { '-1': 'one register before', '0': '', '1': 'one register after' } as const;

/** What the value may be, best first, each with its reasons. */
export function Found({ answer, chosen, choose }: { answer: ProbeAnswer; chosen: number; choose: (i: number) => void }) {
  const { candidates, remarks } = answer;
  if (candidates.length === 0)
    return (
      <div className="say uncb" data-testid="probe-none">
        <Glyph name="uncertain" />
        <div>
          <p className="med">Nothing there reads like a value.</p>
          {remarks.map((r) => (
            <p key={r}>{r}</p>
          ))}
        </div>
      </div>
    );
  return (
    <>
      <ol className="candidates" aria-label="What it may be, best first" data-testid="probe-candidates">
        {candidates.slice(0, 8).map((c, i) => (
          <li key={`${c.address}${c.type}${c.order}${i}`} className={i === chosen ? 'sel' : ''}>
            <button type="button" aria-pressed={i === chosen} data-testid={`candidate-${i}`} onClick={() => choose(i)}>
              <span className="ell">
                <b>{c.type}</b> <span className="mono">{c.order}</span>
                {c.decimal === undefined ? '' : `, factor ${c.decimal}`}
                <span className="meta"> {offsetWord[String(c.offset) as keyof typeof offsetWord]}</span>
              </span>
              <span className="mono t2">{c.address}</span>
              <span className="num strong">{told(c, c.values.at(-1))}</span>
              <span className="candspark" aria-hidden>
                <Spark values={Float64Array.from(c.values, (v) => Number(v))} width={90} height={16} step={false} />
              </span>
              <span className="num t2">{c.share < 0.01 ? 'below 1 %' : `${num(c.share * 100)} %`}</span>
            </button>
            {i === chosen ? (
              <ul className="whylist">
                {c.why.map((w) => (
                  <li key={w}>{w}</li>
                ))}
                {c.alike === undefined ? null : <li className="unc">{alikeText[c.alike]}</li>}
              </ul>
            ) : null}
          </li>
        ))}
      </ol>
      {remarks.map((r) => (
        <p key={r} className="row remark">
          <Glyph name="uncertain" />
          {r}
        </p>
      ))}
    </>
  );
}
const alikeText = {
  numbers: 'It reads the same numbers as the first; these samples cannot tell them apart.',
  digits: 'It differs from the first in the last digits only.',
  place: 'It is a value like the first one, at another address.',
} as const;

const areaWord = (area: string): string => {
  const word = areaOf(area);
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}s`;
};

/** What was found of the device itself, and the template a second one starts from. */
export function Survey({ answer, name }: { answer: ProbeAnswer; name: string }) {
  const { survey, template } = answer;
  return (
    <Panel
      title="The device"
      right={
        <a
          className="btn sm"
          data-testid="probe-template"
          download={`${name}.yaml`}
          href={`data:application/yaml;charset=utf-8,${encodeURIComponent(template)}`}
        >
          <Icon name="save" />
          Save as template
        </a>
      }
    >
      {survey === undefined ? (
        <p className="meta">
          The template holds what was found, so that a second device of this type starts from it. With “Also find what can be read” its
          limits are in it too.
        </p>
      ) : (
        <>
          <dl className="kv tight" data-testid="probe-survey">
            <IdentityPairs identity={survey.identity ?? {}} />
            {survey.spans.map((s, i) => (
              <div key={`${s.area}${s.from}`} className="pair">
                <dt>{s.area === survey.spans[i - 1]?.area ? '' : areaWord(s.area)}</dt>
                <dd>
                  {num(s.from)} to {num(s.to)} can be read{s.whole ? '' : ', with gaps'}
                </dd>
              </div>
            ))}
            {survey.maxRegisters === undefined ? null : (
              <div className="pair">
                <dt>One request</dt>
                <dd>{count(survey.maxRegisters, 'register')} at most</dd>
              </div>
            )}
            {survey.window === undefined ? null : (
              <div className="pair">
                <dt>In flight</dt>
                <dd>{survey.window === 1 ? 'one request at a time' : `up to ${num(survey.window)} requests at once`}</dd>
              </div>
            )}
          </dl>
          {survey.remarks.map((r) => (
            <p key={r} className="t2">
              {r}
            </p>
          ))}
          <p className="meta">Found with {count(survey.requests, 'request')}; addresses as on the wire, from 0.</p>
        </>
      )}
    </Panel>
  );
}
