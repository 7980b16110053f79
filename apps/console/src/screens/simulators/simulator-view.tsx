import type { SimulatorRow } from '@omh/api';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { may } from '../../app/session.ts';
import { useTick } from '../../live/live-store.ts';
import { list, num, span } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph } from '../../ui/glyph.tsx';
import { ErrorSay, Head, Panel } from '../../ui/panel.tsx';
import { FaultPanel } from './fault-panel.tsx';
import { RegisterTable } from './register-table.tsx';
import { RequestTable } from './request-table.tsx';
import { SignalList } from './signal-list.tsx';
import { useLiveSimulator } from './use-live-simulator.ts';

const views = ['signals', 'registers', 'requests'] as const;
type View = (typeof views)[number];
const viewWord: Record<View, string> = { signals: 'Signals', registers: 'Registers', requests: 'Requests' };
/** Settings by which a fault hits only some requests. */
const narrows = ['unit', 'function', 'area', 'share'];
/** More names are offered in a list. */
const mostButtons = 4;

/** One simulated device: its signals, its registers and the requests it gets, and what goes wrong with it. */
export function SimulatorView({ first, names }: { first: SimulatorRow; names: readonly string[] }) {
  const { now, requests, refresh } = useLiveSimulator(first);
  const [busy, setBusy] = useState<'start' | 'stop'>();
  const [problem, setProblem] = useState<unknown>();
  const [chosen, setChosen] = useState<View>();
  const client = useQueryClient();
  useTick(1_000);
  const control = may('simulators.control');
  const on = now.state === 'running' || now.state === 'degraded' || now.state === 'starting';
  const view = chosen ?? (now.signalCount > 0 ? 'signals' : 'registers');
  const wrong = now.faults.filter((f) => f.state === 'on');
  const whole = wrong.find((f) => !narrows.some((key) => Object.hasOwn(f.settings, key)));
  const sentence =
    !on || wrong.length === 0
      ? now.reason.text
      : whole === undefined
        ? `${now.reason.text} Some requests meet a fault.`
        : `${now.name} fails on demand: ${lower(whole.text)}`;
  const act = async (verb: 'start' | 'stop'): Promise<void> => {
    setBusy(verb);
    setProblem(undefined);
    try {
      await api(`/simulators/${encodeURIComponent(now.name)}/${verb}`, { method: 'POST' });
      await refresh();
    } catch (error) {
      setProblem(error);
    }
    setBusy(undefined);
    void client.invalidateQueries({ queryKey: ['simulators'] });
  };
  return (
    <div className="screen sim">
      <Head
        sentence={sentence}
        sub={
          <>
            {now.devices.length === 0
              ? `${now.name} stands in for a device that speaks ${now.protocol}.`
              : `${list(now.devices)} ${now.devices.length === 1 ? 'reads' : 'read'} ${now.name}, which stands in for a device that speaks ${now.protocol}.`}{' '}
            {on
              ? control
                ? 'Let it fail, or stop it, to see what the hub makes of that.'
                : 'What it is asked and what it answers is below.'
              : 'The hub keeps trying to reach it; values keep their last state, marked bad with their age.'}
          </>
        }
      >
        <Others names={names} present={now.name} />
        {control ? (
          on ? (
            <button
              type="button"
              className="btn"
              data-testid="simulator-stop"
              disabled={busy !== undefined}
              onClick={() => {
                void act('stop');
              }}
            >
              <Icon name="stop" />
              {busy === 'stop' ? 'Stopping' : `Stop ${now.name}`}
            </button>
          ) : (
            <button
              type="button"
              className="btn primary"
              data-testid="simulator-start"
              disabled={busy !== undefined}
              onClick={() => {
                void act('start');
              }}
            >
              <Icon name="play" />
              {busy === 'start' ? 'Starting' : `Start ${now.name}`}
            </button>
          )
        ) : (
          <span className="meta">Engineers can stop and start this.</span>
        )}
      </Head>
      {problem === undefined ? null : <ErrorSay error={problem} />}
      <Panel flush className="counters">
        <div className="cnt">
          <div>
            <div className="meta">State</div>
            <div className="v row" data-testid="simulator-state" data-state={now.state}>
              <Glyph name={partGlyph[now.state]} large />
              {now.state}
              <small>{span(Date.now() - Date.parse(now.since))}</small>
            </div>
          </div>
          <div>
            <div className="meta">Connections</div>
            <div className="v">{num(now.stats.connections)}</div>
          </div>
          <div>
            <div className="meta">Requests</div>
            <div className="v">{num(now.stats.requests)}</div>
          </div>
          <div>
            <div className="meta">Exceptions</div>
            <div className="v">{num(now.stats.exceptions)}</div>
          </div>
        </div>
      </Panel>
      <div className="side simside">
        <Panel
          title={
            <span className="seg" role="group" aria-label="Show">
              {views.map((v) => (
                <button key={v} type="button" aria-pressed={v === view} data-testid={`simulator-${v}`} onClick={() => setChosen(v)}>
                  {viewWord[v]}
                </button>
              ))}
            </span>
          }
          flush
          className="clip"
          right={<span className="meta">{metaOf(view, now)}</span>}
        >
          {view === 'signals' ? (
            <SignalList simulator={now} on={on} refresh={refresh} />
          ) : view === 'registers' ? (
            <RegisterTable registers={now.registers} on={on} />
          ) : (
            <RequestTable requests={requests} />
          )}
        </Panel>
        <FaultPanel simulator={now} on={on} refresh={refresh} />
      </div>
    </div>
  );
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function metaOf(view: View, { signals, signalCount, registers }: SimulatorRow): string {
  if (view === 'requests') return 'newest first';
  if (view === 'registers')
    return `${num(registers.filter((r) => r.label !== undefined).length)} with a signal of ${num(registers.length)}`;
  return signalCount > signals.length ? `the first ${num(signals.length)} of ${num(signalCount)}` : num(signalCount);
}

/** The other simulators, where there are any. */
function Others({ names, present }: { names: readonly string[]; present: string }) {
  const navigate = useNavigate();
  if (names.length < 2) return null;
  if (names.length <= mostButtons)
    return names.map((n) => (
      <Link key={n} className={`btn${n === present ? ' primary' : ''}`} to="/simulators/$name" params={{ name: n }}>
        {n}
      </Link>
    ));
  return (
    <div className="field">
      <select
        aria-label="Simulator"
        data-testid="simulator-choice"
        value={present}
        onChange={(e) => {
          void navigate({ to: '/simulators/$name', params: { name: e.target.value } });
        }}
      >
        {names.map((n) => (
          <option key={n} value={n}>
            {n}
          </option>
        ))}
      </select>
    </div>
  );
}
