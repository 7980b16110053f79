import type { FaultKindRow } from '@omh/api';
import { useId, useState, type FormEvent } from 'react';

const groups: readonly (readonly [title: string, faults: readonly string[]])[] = [
  ['Answers', ['silent', 'slow', 'late', 'refuse', 'busy', 'gateway']],
  ['Connection', ['reset', 'half-open', 'refuse-connections']],
  ['Frames', ['wrong-transaction', 'wrong-unit', 'wrong-count', 'split', 'glue', 'garbage', 'truncate']],
  ['Values', ['stuck', 'clock']],
];
const times = [
  ['10s', 'for 10 s'],
  ['30s', 'for 30 s'],
  ['2min', 'for 2 min'],
  ['10min', 'for 10 min'],
  ['', 'until it is taken off'],
] as const;
const delays = ['100ms', '500ms', '2s', '10s'];
const areas = ['holding', 'input', 'coil', 'discrete'];

const has = ({ settings }: FaultKindRow, key: string): boolean => Object.hasOwn((settings['properties'] as object | undefined) ?? {}, key);

/** The faults there are, each with what it does; one click chooses, a second one puts it on. */
export function FaultChoice({
  kinds,
  units,
  put,
}: {
  kinds: readonly FaultKindRow[];
  units: readonly number[];
  /** Absent where the person may only look. */
  put: ((settings: Record<string, unknown>) => Promise<void>) | undefined;
}) {
  const id = useId();
  const [name, setName] = useState('silent');
  const [time, setTime] = useState('30s');
  const [delay, setDelay] = useState('500ms');
  const [unit, setUnit] = useState('');
  const [area, setArea] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [busy, setBusy] = useState(false);
  const kind = kinds.find((k) => k.fault === name) ?? kinds[0];
  if (kind === undefined) return null;
  const known = new Set(groups.flatMap(([, faults]) => faults));
  const rest = kinds.filter((k) => !known.has(k.fault)).map((k) => k.fault);
  const shown = [...groups, ...(rest.length === 0 ? [] : [['Others', rest] as const])];
  const ranged = has(kind, 'area') && area !== '';
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (put === undefined || busy) return;
    setBusy(true);
    await put({
      fault: kind.fault,
      ...(time === '' ? {} : { for: time }),
      ...(has(kind, 'delay') ? { delay } : {}),
      ...(unit !== '' && has(kind, 'unit') ? { unit: Number(unit) } : {}),
      ...(ranged ? { area, ...(from === '' ? {} : { from: Number(from) }), ...(to === '' ? {} : { to: Number(to) }) } : {}),
    });
    setBusy(false);
  };
  const select = (
    label: string,
    key: string,
    value: string,
    set: (value: string) => void,
    options: readonly (readonly [string, string])[],
  ) => (
    <div>
      <label className="lb" htmlFor={`${id}${key}`}>
        {label}
      </label>
      <div className="field">
        <select id={`${id}${key}`} data-testid={`fault-${key}`} value={value} onChange={(e) => set(e.target.value)}>
          {options.map(([v, title]) => (
            <option key={v} value={v}>
              {title}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
  const number = (label: string, key: string, value: string, set: (value: string) => void) => (
    <div>
      <label className="lb" htmlFor={`${id}${key}`}>
        {label}
      </label>
      <div className="field">
        <input
          id={`${id}${key}`}
          data-testid={`fault-${key}`}
          inputMode="numeric"
          pattern="\d{1,5}"
          autoComplete="off"
          value={value}
          onChange={(e) => set(e.target.value.trim())}
        />
      </div>
    </div>
  );
  return (
    <form
      className="faultchoice"
      onSubmit={(e) => {
        void submit(e);
      }}
    >
      {shown.map(([title, faults]) => (
        <div key={title} className="kinds" role="group" aria-label={title}>
          <span className="meta">{title}</span>
          <div>
            {kinds
              .filter((k) => faults.includes(k.fault))
              .map((k) => (
                <button
                  key={k.fault}
                  type="button"
                  className={`chip${k === kind ? ' on' : ''}`}
                  aria-pressed={k === kind}
                  title={k.about}
                  data-testid={`kind-${k.fault}`}
                  onClick={() => setName(k.fault)}
                >
                  {k.fault.replaceAll('-', ' ')}
                </button>
              ))}
          </div>
        </div>
      ))}
      <div className="about" aria-live="polite" data-testid="fault-about">
        <p>{kind.about}</p>
        <p className="t2">{kind.effect}</p>
      </div>
      {put === undefined ? (
        <p className="meta">Engineers can put this on.</p>
      ) : (
        <>
          <div className="faultfields">
            {select('How long', 'time', time, setTime, times)}
            {has(kind, 'delay')
              ? select(
                  'Delay',
                  'delay',
                  delay,
                  setDelay,
                  delays.map((d) => [d, d.replace(/(?=[a-z])/, ' ')]),
                )
              : null}
            {units.length > 1 && has(kind, 'unit')
              ? select('Unit', 'unit', unit, setUnit, [['', 'all'], ...units.map((u) => [String(u), String(u)] as const)])
              : null}
            {has(kind, 'area') ? select('Where', 'area', area, setArea, [['', 'everywhere'], ...areas.map((a) => [a, a] as const)]) : null}
            {ranged ? number('From, on the wire', 'from', from, setFrom) : null}
            {ranged ? number('To', 'to', to, setTo) : null}
          </div>
          <button type="submit" className="btn primary" data-testid="fault-on" disabled={busy}>
            Put “{kind.fault.replaceAll('-', ' ')}” on
          </button>
        </>
      )}
    </form>
  );
}
