import type { TraceBody, TraceRow } from '@omh/api';
import { useId, useState, type FormEvent } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { FormProblem, TextField } from '../../app/sheet.tsx';
import { Panel } from '../../ui/panel.tsx';
import { brokerChanged } from './broker-queries.ts';

const byWord: Record<TraceRow['by'], { title: string; label: string; hint: string }> = {
  client: { title: 'A client', label: 'Client id', hint: 'All that this client does, and what it is sent.' },
  topic: { title: 'A topic', label: 'Topic or filter', hint: 'plant/line1/# follows all topics below.' },
  address: { title: 'An address', label: 'IP address', hint: 'All clients that come from there.' },
};
const lengths = [
  { seconds: 60, title: 'for a minute' },
  { seconds: 600, title: 'for ten minutes' },
  { seconds: 3600, title: 'for an hour' },
  { seconds: 86_400, title: 'for a day' },
] as const;
const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A name that none has, from what is followed. */
function nameFor(value: string, known: readonly TraceRow[]): string {
  const base =
    value
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|-+$/g, '')
      .slice(0, 50) || 'trace';
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!known.some((t) => t.name === name)) return name;
  }
}

/** Asks what is followed, for how long, and whether payloads are shown. */
export function NewTrace({
  known,
  by: givenBy,
  value: given = '',
  leave,
  first,
}: {
  known: readonly TraceRow[];
  by: string | undefined;
  value: string | undefined;
  leave: (name: string | undefined) => void;
  first: boolean;
}) {
  const id = useId();
  const [by, setBy] = useState<TraceRow['by']>(givenBy === 'client' || givenBy === 'address' ? givenBy : 'topic');
  const [value, setValue] = useState(given);
  const [name, setName] = useState<string>();
  const [seconds, setSeconds] = useState<number>(600);
  const [payload, setPayload] = useState<TraceRow['payload']>('hidden');
  const [problem, setProblem] = useState<ApiProblem>();
  const [busy, setBusy] = useState(false);
  const called = name ?? (value.trim() === '' ? '' : nameFor(value.trim(), known));
  const badName = called !== '' && !fileName.test(called);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || value.trim() === '' || called === '' || badName) return;
    setBusy(true);
    try {
      const body: TraceBody = { name: called, by, value: value.trim(), payload, seconds };
      await api('/traces', { body });
      await brokerChanged();
      leave(called);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  const select = (
    label: string,
    testid: string,
    is: string | number,
    set: (v: string) => void,
    options: readonly [string | number, string][],
  ) => (
    <div className="fieldrow">
      <label className="lb" htmlFor={`${id}-${testid}`}>
        {label}
      </label>
      <div className="field">
        <select id={`${id}-${testid}`} data-testid={testid} value={is} onChange={(e) => set(e.target.value)}>
          {options.map(([v, title]) => (
            <option key={v} value={v}>
              {title}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
  return (
    <Panel title="New trace" className="detailpanel">
      <form
        className="brkform"
        onSubmit={(e) => {
          void submit(e);
        }}
      >
        {select(
          'Follow',
          'trace-by',
          by,
          (v) => setBy(v as TraceRow['by']),
          Object.entries(byWord).map(([k, w]) => [k, w.title]),
        )}
        <TextField
          label={byWord[by].label}
          name="trace-value"
          autoComplete="off"
          autoFocus={given === '' && !first}
          maxLength={2000}
          value={value}
          hint={byWord[by].hint}
          fault={problem?.code === 'BROKER_FILTER_INVALID' ? problem.message : undefined}
          change={(v) => {
            setValue(v);
            setProblem(undefined);
          }}
        />
        {select(
          'How long',
          'trace-seconds',
          seconds,
          (v) => setSeconds(Number(v)),
          lengths.map((l) => [l.seconds, l.title]),
        )}
        {select('Payloads', 'trace-payload', payload, (v) => setPayload(v as TraceRow['payload']), [
          ['hidden', 'their length only'],
          ['text', 'the first bytes as text'],
          ['hex', 'the first bytes as hexadecimal'],
        ])}
        <TextField
          label="Its name"
          name="trace-name"
          autoComplete="off"
          maxLength={64}
          value={called}
          hint="Names the file that can be saved."
          fault={
            badName
              ? 'Letters, digits and . _ - only, and a letter or digit first.'
              : problem?.code === 'BROKER_TRACE_EXISTS'
                ? problem.message
                : undefined
          }
          change={(v) => {
            setName(v.trim());
            setProblem(undefined);
          }}
        />
        {problem === undefined || problem.code === 'BROKER_FILTER_INVALID' || problem.code === 'BROKER_TRACE_EXISTS' ? null : (
          <FormProblem error={problem} />
        )}
        <div className="row formact">
          <button
            type="submit"
            className="btn primary"
            data-testid="trace-start"
            aria-busy={busy}
            disabled={value.trim() === '' || badName}
          >
            Start
          </button>
          {first ? null : (
            <button type="button" className="btn" onClick={() => leave(undefined)}>
              Cancel
            </button>
          )}
        </div>
      </form>
    </Panel>
  );
}
