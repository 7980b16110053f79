import type { FaultRow, SimulatorRow } from '@omh/api';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { useFaultKinds } from '../../api/queries.ts';
import { may } from '../../app/session.ts';
import { useStatus } from '../../live/live-store.ts';
import { count, countdown, span } from '../../ui/format.ts';
import { Glyph, partGlyph, partWord } from '../../ui/glyph.tsx';
import { ErrorSay, Panel, Skeleton } from '../../ui/panel.tsx';
import { FaultChoice } from './fault-choice.tsx';

/** What goes wrong with a simulated device now, and what could; put on and taken off by hand. */
export function FaultPanel({ simulator, on, refresh }: { simulator: SimulatorRow; on: boolean; refresh: () => Promise<void> }) {
  const { name } = simulator;
  const kinds = useFaultKinds();
  const [problem, setProblem] = useState<unknown>();
  const control = may('simulators.control');
  const faults = simulator.faults.filter((f) => f.state !== 'over');
  const path = `/simulators/${encodeURIComponent(name)}/faults`;
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      setProblem(undefined);
      await refresh();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <Panel
      title="Faults"
      meta={faults.length === 0 ? 'none' : count(faults.length, 'fault')}
      flush
      className="clip faults"
      data-testid="faults"
      right={
        control && faults.length > 1 ? (
          <button
            type="button"
            className="btn quiet sm"
            data-testid="faults-clear"
            onClick={() => {
              void act(() => api(path, { method: 'DELETE' }));
            }}
          >
            Take all off
          </button>
        ) : undefined
      }
    >
      <div className="faultwrap">
        {problem === undefined ? null : <ErrorSay error={problem} />}
        {faults.length === 0 ? (
          <p className="none t2">
            {name} does what a sound device does.{on ? '' : ' It is stopped: a fault that is put on now waits until it runs.'}
          </p>
        ) : (
          <ul className="faultlist">
            {faults.map((f) => (
              <li key={f.id} data-testid={`fault-${f.fault}`} data-state={f.state}>
                <Glyph name={f.state === 'on' ? 'bad' : 'wait'} label={f.state} />
                <div className="grow">
                  <p className="strong">{f.text}</p>
                  <p className="meta">{timesOf(f, on)}</p>
                  {scopeOf(f) === '' ? null : <p className="meta">{scopeOf(f)}</p>}
                </div>
                {control ? (
                  <button
                    type="button"
                    className="btn sm"
                    data-testid="fault-off"
                    onClick={() => {
                      void act(() => api(`${path}/${f.id}`, { method: 'DELETE' }));
                    }}
                  >
                    Take off
                  </button>
                ) : null}
              </li>
            ))}
          </ul>
        )}
        <Readers devices={simulator.devices} />
        {kinds.data === undefined ? (
          kinds.isError ? (
            <ErrorSay
              error={kinds.error}
              retry={() => {
                void kinds.refetch();
              }}
            />
          ) : (
            <Skeleton rows={3} />
          )
        ) : (
          <FaultChoice
            kinds={kinds.data}
            units={simulator.units}
            put={control ? (settings) => act(() => api(path, { body: settings })) : undefined}
          />
        )}
      </div>
    </Panel>
  );
}

function timesOf({ state, heldForMs, endsInMs, beginsInMs, hits }: FaultRow, on: boolean): string {
  const hit = hits === 0 ? 'no request hit yet' : `${count(hits, 'request')} hit`;
  if (state === 'waiting') return beginsInMs === undefined ? '' : `begins in ${countdown(beginsInMs)}`;
  if (!on) return endsInMs === undefined ? hit : `${countdown(endsInMs)} left once it runs`;
  return `${endsInMs === undefined ? `for ${span(heldForMs ?? 0)}, until it is taken off` : `${countdown(endsInMs)} left`}, ${hit}`;
}

/** Whom it hits, where that is not everybody. */
function scopeOf({ settings }: FaultRow): string {
  const { unit, function: fn, area, from, to, share } = settings as Record<string, string | number | undefined>;
  const parts = [
    ...(unit === undefined ? [] : [`unit ${unit}`]),
    ...(fn === undefined ? [] : [`function ${fn}`]),
    ...(area === undefined ? [] : [`${area}${from === undefined ? '' : ` ${from}${to === undefined ? '' : ` to ${to}`}`}`]),
    ...(share === undefined ? [] : [`${Math.round(Number(share) * 100)} % of the requests`]),
  ];
  return parts.length === 0 ? '' : `Only ${parts.join(', ')}.`;
}

/** What the devices that read it say of it now. */
function Readers({ devices }: { devices: readonly string[] }) {
  const status = useStatus();
  const parts = devices.slice(0, 3).flatMap((name) => {
    const part = status?.parts.find((p) => p.id === `device/${name}`);
    return part === undefined ? [] : [{ name, part }];
  });
  return parts.length === 0 ? null : (
    <ul className="readers">
      {parts.map(({ name, part }) => (
        <li key={name} data-testid={`reader-${name}`} data-state={part.state}>
          <Glyph name={partGlyph[part.state]} label={partWord[part.state]} />
          <span>
            <b>{name}</b> <span className="t2">{part.reason.text}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
