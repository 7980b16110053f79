import { useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { useSimulatorLog, useSimulators } from '../../api/queries.ts';
import type { SimulatorRequest, SimulatorStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { live, useTick } from '../../live/live-store.ts';
import { clockTenths, num, span } from '../../ui/format.ts';
import { Glyph, Icon, partGlyph } from '../../ui/glyph.tsx';
import { Empty, ErrorSay, Head, Panel, Skeleton } from '../../ui/panel.tsx';

const keptRequests = 300;

/** A simulated device: what it holds, who asks it, and the switch that takes it away from the hub. */
export function Simulators() {
  const { name } = useParams({ strict: false });
  const all = useSimulators();
  if (all.data === undefined)
    return (
      <div className="screen">
        <Head sentence="Simulator" />
        {all.isError ? (
          <ErrorSay
            error={all.error}
            retry={() => {
              void all.refetch();
            }}
          />
        ) : (
          <Panel>
            <Skeleton />
          </Panel>
        )}
      </div>
    );
  const chosen = name === undefined ? all.data[0] : all.data.find((s) => s.name === name);
  if (chosen === undefined) {
    return (
      <div className="screen">
        <Head sentence={name === undefined ? 'No simulator is configured.' : `There is no simulator ${name}.`} />
        <Panel>
          <Empty title="A simulator is a device that is not there.">
            It answers like a real one, so that a hub can be tried, shown and tested without a plant. Write one under{' '}
            <code>simulators:</code> in hub.yaml.
          </Empty>
        </Panel>
      </div>
    );
  }
  return <Simulator key={chosen.name} first={chosen} names={all.data.map((s) => s.name)} />;
}

function useLiveSimulator(first: SimulatorStatus): { now: SimulatorStatus; requests: readonly SimulatorRequest[] } {
  const [now, setNow] = useState(first);
  const [fresh, setFresh] = useState<readonly SimulatorRequest[]>([]);
  const log = useSimulatorLog(first.name);
  useEffect(
    () =>
      live().link.subscribe({ kind: 'simulator', name: first.name }, (m) => {
        const next = m['simulator'] as SimulatorStatus | undefined;
        const list = m['requests'] as SimulatorRequest[] | undefined;
        if (next !== undefined) setNow(next);
        if (list !== undefined && list.length > 0) setFresh((old) => [...old, ...list].slice(-keptRequests));
      }),
    [first.name],
  );
  const requests = useMemo(() => {
    // A hub that was started again counts from one; the time tells both apart.
    const known = new Map<string, SimulatorRequest>();
    for (const r of [...(log.data ?? []), ...fresh]) known.set(`${r.at} ${r.seq}`, r);
    return [...known.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.seq - a.seq).slice(0, keptRequests);
  }, [log.data, fresh]);
  return { now, requests };
}

const areaDigit: Record<string, number> = { coil: 0, coils: 0, discrete: 1, input: 3, holding: 4 };
/** The address that a tag of the Modbus driver names it by: `1!40001` is holding register 0 of unit 1. */
function tagAddress(unit: number, area: string, address: number): string {
  const digit = areaDigit[area];
  return digit === undefined ? `${unit}!${address}` : `${unit}!${digit}${String(address + 1).padStart(address < 9_999 ? 4 : 5, '0')}`;
}

function Simulator({ first, names }: { first: SimulatorStatus; names: readonly string[] }) {
  const { now, requests } = useLiveSimulator(first);
  const [busy, setBusy] = useState<'start' | 'stop'>();
  const [problem, setProblem] = useState<unknown>();
  const [all, setAll] = useState(false);
  const client = useQueryClient();
  useTick(1_000);
  const on = now.state === 'running' || now.state === 'degraded' || now.state === 'starting';
  const named = now.registers.filter((r) => r.label !== undefined || r.signal !== undefined);
  const registers = (all || named.length === 0 ? now.registers : named).slice(0, 500);
  const act = async (verb: 'start' | 'stop'): Promise<void> => {
    setBusy(verb);
    setProblem(undefined);
    try {
      await api(`/simulators/${encodeURIComponent(now.name)}/${verb}`, { method: 'POST' });
    } catch (error) {
      setProblem(error);
    }
    setBusy(undefined);
    void client.invalidateQueries({ queryKey: ['simulators'] });
  };
  return (
    <div className="screen sim">
      <Head
        sentence={now.reason.text}
        sub={
          <>
            {now.name} stands in for a device that speaks {now.protocol}.{' '}
            {on
              ? !may('simulators.control')
                ? 'What it is asked and what it answers is below.'
                : 'Stop it to see what the hub makes of a lost device.'
              : 'The hub keeps trying to reach it; values keep their last state, marked bad with their age.'}
          </>
        }
      >
        {names.length < 2
          ? null
          : names.map((n) => (
              <Link key={n} className={`btn${n === now.name ? ' primary' : ''}`} to="/simulators/$name" params={{ name: n }}>
                {n}
              </Link>
            ))}
        {may('simulators.control') ? (
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
      <div className="side half simside">
        <Panel
          title="Registers"
          meta={`${num(named.length)} with a signal of ${num(now.registers.length)}`}
          flush
          className="clip"
          right={
            named.length === 0 || named.length === now.registers.length ? undefined : (
              <button type="button" className="btn quiet sm" onClick={() => setAll((a) => !a)}>
                {all ? 'Only those with a signal' : `All ${num(now.registers.length)}`}
              </button>
            )
          }
        >
          <div className="tablewrap">
            <table className="regs">
              <colgroup>
                <col style={{ width: 84 }} />
                <col style={{ width: 92 }} />
                <col />
                <col style={{ width: 92 }} />
              </colgroup>
              <thead>
                <tr>
                  <th>Address</th>
                  <th>Register</th>
                  <th>Signal</th>
                  <th className="num">Value</th>
                </tr>
              </thead>
              <tbody>
                {registers.map((r) => (
                  <tr key={`${r.unit}${r.area}${r.address}`} className={on ? '' : 'isstale'}>
                    <td className="mono reg" title={`unit ${r.unit}, ${r.area} register ${r.address} counted from 0`}>
                      {tagAddress(r.unit, r.area, r.address)}
                    </td>
                    <td className="t3 area">
                      {r.area} {r.address}
                    </td>
                    <td title={r.signal} className="wrapcell signal">
                      <span className="med">{r.label ?? ''}</span>
                      {r.signal === undefined ? null : (
                        <span className="t3">
                          {r.label === undefined ? '' : ': '}
                          {r.label === undefined ? r.signal : r.signal.charAt(0).toLowerCase() + r.signal.slice(1)}
                        </span>
                      )}
                    </td>
                    <td className="num val">{num(r.value, Number.isInteger(r.value) ? 0 : 2)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
        <Panel title="Requests" meta="newest first" flush className="clip">
          {requests.length === 0 ? (
            <Empty title="Nobody has asked yet.">Each request of a driver appears here with its answer.</Empty>
          ) : (
            <div className="tablewrap">
              <table className="reqs">
                <colgroup>
                  <col style={{ width: 104 }} />
                  <col style={{ width: 134 }} />
                  <col />
                  <col style={{ width: 84 }} />
                  <col style={{ width: 104 }} />
                </colgroup>
                <thead>
                  <tr>
                    <th>Time</th>
                    <th>From</th>
                    <th>Function</th>
                    <th>Registers</th>
                    <th>Answer</th>
                  </tr>
                </thead>
                <tbody>
                  {requests.map((r) => (
                    <tr key={`${r.at} ${r.seq}`}>
                      <td className="t2">{clockTenths(Date.parse(r.at))}</td>
                      <td className="mono t3">{r.peer}</td>
                      <td title={`unit ${r.unit}, function ${r.function}`}>{r.functionName}</td>
                      <td className="t3">
                        {r.address === undefined
                          ? ''
                          : `${r.address}${r.count === undefined || r.count === 1 ? '' : ` to ${r.address + r.count - 1}`}`}
                      </td>
                      <td>
                        {/^(?:ok|answered)$/.test(r.outcome) ? (
                          <span className="t3">{r.outcome}</span>
                        ) : (
                          <span className="q bad">
                            <Glyph name="bad" />
                            {r.outcome}
                          </span>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Panel>
      </div>
    </div>
  );
}
