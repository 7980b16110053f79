import type { HubStatus } from '../../api/types.ts';
import { hubNow, useTick } from '../../live/live-store.ts';
import { countdown, moment, span } from '../../ui/format.ts';
import { Glyph, partGlyph, partWord } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';

/** Every part of the hub with its state, the reason of it, and since when. */
export function Parts({ status }: { status: HubStatus }) {
  useTick(1_000);
  return (
    <Panel title="Parts" meta={status.hub.dataDir} flush>
      <table className="parts">
        <colgroup>
          <col style={{ width: 190 }} />
          <col style={{ width: 110 }} />
          <col />
          <col style={{ width: 220 }} />
          <col style={{ width: 84 }} />
        </colgroup>
        <thead>
          <tr>
            <th>Part</th>
            <th>State</th>
            <th>Why</th>
            <th>Address</th>
            <th className="num">Since</th>
          </tr>
        </thead>
        <tbody>
          {status.parts.map((p) => (
            <tr key={p.id} data-state={p.state}>
              <td className="med">{p.id}</td>
              <td>
                <span className={`q ${p.state === 'lost' || p.state === 'failed' ? 'bad' : p.state === 'degraded' ? 'unc' : ''}`}>
                  <Glyph name={partGlyph[p.state]} />
                  {partWord[p.state]}
                </span>
              </td>
              <td className="t2" title={p.reason.text}>
                {p.reason.text}
                {p.nextTry === undefined ? '' : ` Next try in ${countdown(Date.parse(p.nextTry) - hubNow())}.`}
              </td>
              <td className="mono t3">{p.address ?? ''}</td>
              <td className="num t3" title={moment(Date.parse(p.since))}>
                {span(hubNow() - Date.parse(p.since))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
