import type { HolesAnswer, IdentityAnswer } from '@omh/api';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, asProblem, type ApiProblem } from '../../api/client.ts';
import { queryClient } from '../../api/queries.ts';
import type { DeviceStatus } from '../../api/types.ts';
import { may } from '../../app/session.ts';
import { bytes, count, num } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import { ErrorSay } from '../../ui/panel.tsx';
import { AskFirst } from '../access/ask-first.tsx';
import { GroupControl, heldText } from './device-control.tsx';
import { areaOf, IdentityPairs, placesOf } from './device-identity.tsx';
import { msText } from './link-state.tsx';
import { everyText } from './plant.ts';

/** The link in numbers: its groups with their cycles, its faults by kind, what was learnt of the device, and who it is. */
export function DeviceLink({ status }: { status: DeviceStatus }) {
  return (
    <div className="scroller linkpage">
      <Groups status={status} />
      <div className="linkcols">
        <Numbers status={status} />
        <Faults status={status} />
      </div>
      <Learnt status={status} />
      {may('devices.control') ? <Identity key={status.name} device={status.name} /> : null}
    </div>
  );
}

function Groups({ status }: { status: DeviceStatus }) {
  const control = may('devices.control');
  if (status.groups.length === 0) return <p className="meta">It has no group yet: nothing is read.</p>;
  return (
    <section>
      <h3>Groups</h3>
      <div className="tablebox">
        <table className="grouptable" data-testid="group-table">
          <colgroup>
            <col />
            <col style={{ width: 84 }} />
            <col style={{ width: 84 }} />
            <col style={{ width: 92 }} />
            <col style={{ width: 84 }} />
            <col style={{ width: 76 }} />
            <col style={{ width: 106 }} />
          </colgroup>
          <thead>
            <tr>
              <th>Group</th>
              <th className="num">Interval</th>
              <th className="num">Cycle</th>
              <th className="num" title="How much later than due 99 % of the newest cycles began.">
                Jitter p99
              </th>
              <th className="num" title="Cycles left out because the one before was still running.">
                Skipped
              </th>
              <th className="num" title="Cycles that brought nothing.">
                Missed
              </th>
              <th aria-label="Control" />
            </tr>
          </thead>
          <tbody>
            {status.groups.map((g) => (
              <tr key={g.name} data-testid={`group-row-${g.name}`} data-paused={g.paused !== undefined}>
                <td>
                  <span className="med">{g.name}</span> <span className="meta">{count(g.tags, 'tag')}</span>
                  {g.paused === undefined ? null : <p className="meta heldline">Paused {heldText(g.paused)}</p>}
                </td>
                <td className="num" data-label="Interval">
                  {everyText(g.intervalMs)}
                </td>
                <td className="num" data-label="Cycle">
                  {g.lastCycleMs === undefined ? (
                    ''
                  ) : g.overrun ? (
                    <span className="unc row overrun" title="The last cycle took longer than the interval.">
                      <Glyph name="uncertain" label="Overrun" />
                      {msText(g.lastCycleMs)}
                    </span>
                  ) : (
                    msText(g.lastCycleMs)
                  )}
                </td>
                <td className="num" data-label="Jitter p99">
                  {g.jitterP99Ms === undefined ? '' : msText(g.jitterP99Ms)}
                </td>
                <td className={`num${g.skipped > 0 ? ' unc' : ''}`} data-label="Skipped">
                  {num(g.skipped)}
                </td>
                <td className="num" data-label="Missed">
                  {num(g.missed)}
                </td>
                <td className="end">{control && status.stopped === undefined ? <GroupControl device={status.name} group={g} /> : null}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {status.groups.some((g) => g.overrun) ? (
        <p className="meta">A cycle that is longer than its interval: read less often, or in fewer blocks.</p>
      ) : null}
    </section>
  );
}

function Numbers({ status: { stats } }: { status: DeviceStatus }) {
  return (
    <section>
      <h3>Link</h3>
      <dl className="kv tight" data-testid="link-numbers">
        {stats.rttP50Ms === undefined ? null : (
          <>
            <dt>Round trip</dt>
            <dd>
              half within {msText(stats.rttP50Ms)}
              {stats.rttP99Ms === undefined ? '' : `, 99 % within ${msText(stats.rttP99Ms)}`}
            </dd>
          </>
        )}
        {stats.window === undefined ? null : (
          <>
            <dt>In flight</dt>
            <dd>{stats.window === 1 ? 'one request at a time' : `up to ${num(stats.window)} requests at once`}</dd>
          </>
        )}
        <dt>Requests</dt>
        <dd>
          {num(stats.requests)}, {num(stats.responses)} answered
        </dd>
        <dt>Bytes</dt>
        <dd>
          {bytes(stats.bytesOut)} out, {bytes(stats.bytesIn)} in
        </dd>
        <dt>Connected</dt>
        <dd>{stats.connects === 0 ? 'never' : stats.connects === 1 ? 'once' : `${num(stats.connects)} times`}</dd>
      </dl>
    </section>
  );
}

/** What the counted codes mean; another one is told by its own words. */
const faultWords: Readonly<Record<string, string>> = {
  DRIVERS_MODBUS_CONNECTION_REFUSED: 'connections refused',
  DRIVERS_MODBUS_CONNECT_TIMEOUT: 'connections not answered',
  DRIVERS_MODBUS_CONNECT_FAILED: 'connections failed',
  DRIVERS_MODBUS_HOST_UNKNOWN: 'host name without an address',
  DRIVERS_MODBUS_UNREACHABLE: 'no way to the host',
  DRIVERS_MODBUS_CLOSED: 'connections closed by the device',
  DRIVERS_MODBUS_BROKEN: 'connections broken',
  DRIVERS_MODBUS_GARBAGE: 'links closed: what came is no Modbus',
  DRIVERS_MODBUS_SILENT: 'links closed: no answer to several reads in a row',
  DRIVERS_MODBUS_NO_ANSWER: 'reads not answered',
  DRIVERS_MODBUS_WRITE_NO_ANSWER: 'writes not answered',
  DRIVERS_MODBUS_REFUSES: 'requests refused by the device',
  DRIVERS_MODBUS_BAD_ANSWER: 'answers that do not fit the request',
};
const faultWord = (code: string): string =>
  faultWords[code] ??
  code
    .replace(/^[A-Z]+_MODBUS_|^DRIVERS_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');

function Faults({ status: { stats } }: { status: DeviceStatus }) {
  return (
    <section>
      <h3>Faults by kind</h3>
      {stats.faults.length === 0 && stats.strays === 0 ? (
        <p className="meta">None since the hub began to read it.</p>
      ) : (
        <ul className="faultlist" data-testid="link-faults">
          {stats.faults.map(({ code, count: n }) => (
            <li key={code} title={code}>
              <span className="ell">{faultWord(code)}</span>
              <span className="num">{num(n)}</span>
            </li>
          ))}
          {stats.strays === 0 ? null : (
            <li title="Late or wrong answers that were thrown away.">
              <span>stray answers, thrown away</span>
              <span className="num">{num(stats.strays)}</span>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

const mostHoles = 50;
function Learnt({ status }: { status: DeviceStatus }) {
  const path = `/devices/${encodeURIComponent(status.name)}`;
  const query = useQuery({
    queryKey: ['device-holes', status.name, status.stats.holes],
    queryFn: ({ signal }) => api<HolesAnswer>(`${path}/holes?limit=${mostHoles}`, { signal }),
  });
  if (query.isError) return <ErrorSay error={query.error} />;
  if (query.data === undefined) return null;
  const { holes, limits } = query.data;
  const nothing = holes.length === 0 && limits.length === 0;
  return (
    <section>
      <div className="row">
        <h3>Learnt of it</h3>
        <span className="row right">
          {may('config.read') ? (
            <a className="btn sm" href={`/api/v1${path}/template`} download={`${status.name}.yaml`} data-testid="template">
              <Icon name="save" />
              Save as template
            </a>
          ) : null}
          {nothing || !may('devices.control') ? null : (
            <AskFirst
              small
              button="Forget"
              deed="Ask for all again"
              testid="forget-learnt"
              act={async () => {
                await api(`${path}/forget-learnt`, { method: 'POST' });
                await queryClient.invalidateQueries({ queryKey: ['devices'] });
                await queryClient.invalidateQueries({ queryKey: ['device-holes'] });
              }}
            >
              The next reads ask for every register again. What the device still refuses is learnt anew, at a few requests more.
            </AskFirst>
          )}
        </span>
      </div>
      {nothing ? (
        <p className="meta">The device refused nothing so far. A range that it refuses is read around, and kept over a restart.</p>
      ) : (
        <ul className="holes" data-testid="holes">
          {holes.map((h) => (
            <li key={`${h.unit}${h.area}${h.start}`}>
              <Glyph name="uncertain" />
              <span>
                Unit {h.unit} refuses {placesOf(h.area, h.start, h.count)}
              </span>
              <span className="meta nowrap">exception {h.code}</span>
            </li>
          ))}
          {status.stats.holes > holes.length ? <li className="meta">and {num(status.stats.holes - holes.length)} more</li> : null}
          {limits.map((l) => (
            <li key={`l${l.unit}${l.area}`}>
              <Glyph name="run" />
              <span>
                Unit {l.unit} gives {num(l.count)} {areaOf(l.area)}s in one request at most
              </span>
              <span />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
function Identity({ device }: { device: string }) {
  const [unit, setUnit] = useState('1');
  const [state, setState] = useState<{ busy?: boolean; answer?: IdentityAnswer; problem?: ApiProblem }>({});
  const n = Number(unit);
  const wrong = unit.trim() === '' || !Number.isInteger(n) || n < 0 || n > 255;
  const ask = async (): Promise<void> => {
    if (wrong || state.busy === true) return;
    setState({ busy: true });
    try {
      setState({ answer: await api<IdentityAnswer>(`/devices/${encodeURIComponent(device)}/identify`, { body: { unit: n } }) });
    } catch (error) {
      setState({ problem: asProblem(error) });
    }
  };
  return (
    <section>
      <h3>Who it is</h3>
      <form
        className="row identify"
        onSubmit={(e) => {
          e.preventDefault();
          void ask();
        }}
      >
        <label className="lb" htmlFor="identify-unit">
          Unit
        </label>
        <div className={`field sm${wrong ? ' err' : ''}`} style={{ width: 72 }}>
          <input
            id="identify-unit"
            inputMode="numeric"
            autoComplete="off"
            aria-invalid={wrong}
            aria-describedby="identify-says"
            value={unit}
            onChange={(e) => setUnit(e.target.value)}
          />
        </div>
        <button type="submit" className="btn sm" disabled={wrong} data-testid="identify" aria-busy={state.busy === true}>
          {state.busy === true ? 'It is asked' : 'Ask the device'}
        </button>
        <span className={wrong ? 'bad' : 'meta'} id="identify-says">
          {wrong ? 'A unit is a whole number from 0 to 255.' : ''}
        </span>
      </form>
      {state.problem === undefined ? null : <ErrorSay error={state.problem} />}
      {state.answer === undefined ? null : (
        <dl className="kv tight" data-testid="identity">
          <IdentityPairs identity={state.answer.identity} />
        </dl>
      )}
    </section>
  );
}
