import type { ProbeAnswer } from '@omh/api';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import type { Schema } from '../../form/schema.ts';
import { num } from '../../ui/format.ts';
import { ErrorSay, Panel } from '../../ui/panel.tsx';
import type { Plant } from './plant.ts';
import { Ask, field, Text } from './probe-fields.tsx';
import { Found, Survey } from './probe-found.tsx';
import { probeDriver, UseThis } from './probe-use.tsx';

const other = '~other';
const everyMs = 500;
/** What an answer is about; the fields above it may say something else by now. */
interface Asked {
  device: string;
  end: ReturnType<typeof hostOf>;
  /** With a value from the display. */
  known: boolean;
}

/** Finds type, byte order and exact address of a value from what the device shows; says why, and makes a tag of it. */
export function Probe({ plant, schema }: { plant: Plant; schema: Schema }) {
  const search = useSearch({ from: '/devices/$name', shouldThrow: false }) ?? {};
  const names = Object.keys(plant.devices);
  const [device, setDevice] = useState(search.device ?? names[0] ?? other);
  const [host, setHost] = useState('');
  const [address, setAddress] = useState(search.address ?? '');
  const [known, setKnown] = useState('');
  const [samples, setSamples] = useState('10');
  const [span, setSpan] = useState(false);
  const [told, setTold] = useState(false);
  const [state, setState] = useState<{ busy?: boolean; answer?: ProbeAnswer; of?: Asked; problem?: ApiProblem }>({});
  const [chosen, setChosen] = useState(0);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const value = Number(known.trim().replace('−', '-').replace(',', '.'));
  const n = Number(samples);
  const end = hostOf(host);
  const faults = {
    host: device === other && end === undefined ? 'Give the host, with the port where it is not 502: 10.20.4.31:502.' : undefined,
    address: address.trim() === '' ? 'Give the address where the value should be, e.g. 1!40001.' : undefined,
    known: known.trim() !== '' && !Number.isFinite(value) ? `“${known}” is no number.` : undefined,
    samples: Number.isInteger(n) && n >= 1 && n <= 50 ? undefined : 'From 1 to 50.',
  };
  const where = device === other ? { driver: probeDriver, settings: end ?? {} } : { device };
  const run = async (): Promise<void> => {
    setTold(true);
    if (state.busy === true || Object.values(faults).some((f) => f !== undefined)) return;
    stop.current = new AbortController();
    const { signal } = stop.current;
    setState({ busy: true });
    setChosen(0);
    try {
      const answer = await api<ProbeAnswer>('/probe', {
        body: { ...where, address: address.trim(), ...(known.trim() === '' ? {} : { value }), samples: n, everyMs, span },
        signal,
      });
      setState({ answer, of: { device, end, known: known.trim() !== '' } });
    } catch (error) {
      setState(signal.aborted ? {} : { problem: asProblem(error) });
    }
  };
  const { answer, of, problem, busy = false } = state;
  const best = answer?.candidates[chosen];
  return (
    <div className="probe">
      <Panel title="Probe" meta="reads only; nothing is written to the device" className="dvform">
        <form
          className="probeform"
          noValidate
          onSubmit={(e) => {
            e.preventDefault();
            void run();
          }}
        >
          <Ask label="Device">
            {(id) => (
              <div className="field">
                <select id={id} data-testid="probe-device" value={device} onChange={(e) => setDevice(e.target.value)}>
                  {names.map((name) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
                  <option value={other}>another host</option>
                </select>
              </div>
            )}
          </Ask>
          {device === other ? (
            <Ask label="Host" fault={told ? faults.host : undefined}>
              {(...of) => <Text {...field(of)} value={host} set={setHost} placeholder="10.20.4.31:502" testid="probe-host" />}
            </Ask>
          ) : null}
          <Ask label="Address" fault={told ? faults.address : undefined}>
            {(...of) => <Text {...field(of)} value={address} set={setAddress} placeholder="1!40001" testid="probe-address" mono />}
          </Ask>
          <Ask label="Value on its display" hint="if you see one" fault={told ? faults.known : undefined}>
            {(...of) => <Text {...field(of)} value={known} set={setKnown} placeholder="28.7" testid="probe-value" />}
          </Ask>
          <Ask label="Samples" hint="two a second" fault={told ? faults.samples : undefined}>
            {(...of) => <Text {...field(of)} value={samples} set={setSamples} testid="probe-samples" />}
          </Ask>
          <label className="probespan">
            <input type="checkbox" checked={span} onChange={(e) => setSpan(e.target.checked)} data-testid="probe-span" />
            <span>Also find what can be read, and the limits of the device</span>
          </label>
          <div className="row probego">
            <button type="submit" className="btn primary" data-testid="probe-run" aria-busy={busy}>
              {busy ? 'It is read' : 'Find it'}
            </button>
            {busy ? (
              <>
                <button type="button" className="btn" onClick={() => stop.current?.abort()}>
                  Stop
                </button>
                <span className="meta" role="status">
                  About {num(Math.ceil((n * everyMs) / 1000) + (span ? 20 : 0))} s, at most a minute.
                </span>
              </>
            ) : null}
          </div>
        </form>
        {problem === undefined ? null : <ErrorSay error={problem} />}
        {answer === undefined ? (
          busy || problem !== undefined ? null : (
            <p className="t2 prose probehint">
              Give the address of the manual and, if there is a display, what it shows. The probe reads the registers around it some times
              and ranks type, byte order and neighbouring addresses, with its reasons.
            </p>
          )
        ) : (
          <Found answer={answer} chosen={chosen} choose={setChosen} />
        )}
      </Panel>
      {of === undefined || best === undefined ? null : (
        <UseThis
          key={`${chosen}${best.address}${best.type}`}
          plant={plant}
          schema={schema}
          candidate={best}
          known={of.known}
          device={of.device === other ? undefined : of.device}
          where={of.end}
          group={search.device === of.device ? search.group : undefined}
          tag={search.device === of.device ? search.tag : undefined}
        />
      )}
      {answer === undefined || of === undefined ? null : <Survey answer={answer} name={of.device === other ? 'device' : of.device} />}
    </div>
  );
}

function hostOf(text: string): { host: string; port?: number } | undefined {
  const m = /^\s*([^\s:/]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?\s*$/i.exec(text);
  if (m === null) return undefined;
  const port = m[2] === undefined ? undefined : Number(m[2]);
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { host: m[1]!, ...(port === undefined ? {} : { port }) };
}
