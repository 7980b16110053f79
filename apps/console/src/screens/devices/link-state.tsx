import type { DeviceStatus } from '../../api/types.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { countdown, moment, num } from '../../ui/format.ts';
import { Glyph, partGlyph } from '../../ui/glyph.tsx';

export const msText = (ms: number): string => `${num(ms, ms < 10 ? 1 : 0)} ms`;

/** Whether it is connected, since when, why not, and when the hub tries again. */
export function LinkState({ status }: { status: DeviceStatus }) {
  useTick(1_000);
  const { state, stats } = status;
  const wrong = state === 'lost' || state === 'failed';
  const missed = status.groups.reduce((sum, g) => sum + g.missed + g.skipped, 0);
  const rtt = stats.rttP50Ms ?? stats.lastRttMs;
  return (
    <div className={`say ${wrong ? 'badb' : state === 'degraded' ? 'uncb' : 'calm'}`} data-testid="device-state" data-state={state}>
      <Glyph name={partGlyph[state]} />
      <div className="grow">
        <p className="med">{status.reason.text}</p>
        <p>
          {status.nextTry === undefined ? '' : `Next try in ${countdown(Date.parse(status.nextTry) - hubNow())}. `}
          Since {moment(Date.parse(status.since))}.{status.tags === 0 ? ' It has no tags yet.' : ''}
        </p>
      </div>
      <dl className="linkfacts">
        {rtt === undefined ? null : (
          <div>
            <dt>Answers in</dt>
            <dd>{msText(rtt)}</dd>
          </div>
        )}
        {stats.rttP99Ms === undefined ? null : (
          <div>
            <dt>99 % within</dt>
            <dd>{msText(stats.rttP99Ms)}</dd>
          </div>
        )}
        <div>
          <dt>Requests</dt>
          <dd>{num(stats.requests)}</dd>
        </div>
        <div>
          <dt>Missed cycles</dt>
          <dd>{num(missed)}</dd>
        </div>
      </dl>
    </div>
  );
}
