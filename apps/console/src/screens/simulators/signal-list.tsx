import type { SignalRow, SimulatorRow } from '@omh/api';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { num } from '../../ui/format.ts';
import { Empty, ErrorSay } from '../../ui/panel.tsx';
import { HoldForm } from './hold-form.tsx';
import { tagAddress } from './tag-address.ts';

const pathOf = (simulator: string, { unit, name }: SignalRow): string =>
  `/simulators/${encodeURIComponent(simulator)}/signals/${encodeURIComponent(name)}?unit=${unit}`;

const mostShown = 4;
function shownValue({ value, count, type }: SignalRow): string {
  // A value that passes a whole number keeps its width.
  const decimals = (v: number): number => (type === 'float' || type === 'double' ? 2 : Number.isInteger(v) ? 0 : 2);
  const one = (v: string | number | boolean): string =>
    typeof v === 'number' ? num(v, decimals(v)) : typeof v === 'boolean' ? (v ? 'on' : 'off') : v;
  if (!Array.isArray(value)) return one(value);
  return `${value.slice(0, mostShown).map(one).join(' · ')}${count > mostShown ? ' …' : ''}`;
}

/** Each signal with its present value; a person may give it another one that it keeps. */
export function SignalList({ simulator, on, refresh }: { simulator: SimulatorRow; on: boolean; refresh: () => Promise<void> }) {
  const [open, setOpen] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const control = may('simulators.control');
  const release = async (signal: SignalRow): Promise<void> => {
    try {
      await api(pathOf(simulator.name, signal), { method: 'DELETE' });
      setProblem(undefined);
      await refresh();
    } catch (error) {
      setProblem(error);
    }
  };
  if (simulator.signals.length === 0)
    return (
      <Empty title="No signals are configured.">
        Its registers keep what is written to them. Write <code>signals:</code> under a unit of this simulator, and they move.
      </Empty>
    );
  return (
    <div className="sigwrap">
      {problem === undefined ? null : <ErrorSay error={problem} />}
      <ul className="sigs">
        {simulator.signals.map((s) => {
          const id = `${s.unit}/${s.name}`;
          return (
            <li key={id} className={on ? '' : 'isstale'} data-testid={`signal-${s.unit}-${s.name}`} data-held={s.held}>
              <div className="sigline">
                <span className="what">
                  <b className="ell">{s.name}</b> <span className="mono t3 ell">{tagAddress(s.unit, s.area, s.address)}</span>
                  <span className="t3 ell does" title={s.text}>
                    {s.held ? 'Keeps the value it was given.' : s.text}
                  </span>
                </span>
                <span className="v" title={shownValue(s)}>
                  <span className="ell" data-testid="signal-value">
                    {shownValue(s)}
                  </span>
                  {s.held ? <span className="chip on">held</span> : null}
                </span>
                {control ? (
                  s.held ? (
                    <button
                      type="button"
                      className="btn sm"
                      data-testid="signal-release"
                      onClick={() => {
                        void release(s);
                      }}
                    >
                      Let go
                    </button>
                  ) : (
                    <button
                      type="button"
                      className="btn sm"
                      data-testid="signal-hold"
                      aria-expanded={open === id}
                      onClick={() => setOpen(open === id ? undefined : id)}
                    >
                      {s.signal === 'constant' ? 'Set' : 'Hold'}
                    </button>
                  )
                ) : null}
              </div>
              {open === id && !s.held ? (
                <HoldForm
                  path={pathOf(simulator.name, s)}
                  signal={s}
                  close={() => {
                    setOpen(undefined);
                    void refresh().catch(setProblem);
                  }}
                />
              ) : null}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
