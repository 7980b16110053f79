import type { RequestRow } from '@omh/api';
import { clockTenths } from '../../ui/format.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Empty } from '../../ui/panel.tsx';

/** What the device was asked, and what it answered. */
export function RequestTable({ requests }: { requests: readonly RequestRow[] }) {
  if (requests.length === 0) return <Empty title="Nobody has asked yet.">Each request of a driver appears here with its answer.</Empty>;
  return (
    <div className="tablewrap">
      <table className="reqs">
        <colgroup>
          <col style={{ width: 104 }} />
          <col style={{ width: 134 }} />
          <col />
          <col style={{ width: 84 }} />
          <col style={{ width: 150 }} />
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
              <td title={r.outcome}>
                {r.outcome === 'answered' ? (
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
  );
}
