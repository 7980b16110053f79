import type { SimulatorRow } from '@omh/api';
import { useState } from 'react';
import { num } from '../../ui/format.ts';
import { tagAddress } from './tag-address.ts';

const mostRows = 500;

/** The registers as they stand in the device. */
export function RegisterTable({ registers, on }: { registers: SimulatorRow['registers']; on: boolean }) {
  const [all, setAll] = useState(false);
  const named = registers.filter((r) => r.label !== undefined);
  const shown = (all || named.length === 0 ? registers : named).slice(0, mostRows);
  return (
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
          {shown.map((r) => (
            <tr key={`${r.unit}${r.area}${r.address}`} className={on ? '' : 'isstale'}>
              <td className="mono reg" title={`unit ${r.unit}, ${r.area} ${r.address} counted from 0`}>
                {tagAddress(r.unit, r.area, r.address)}
              </td>
              <td className="t3 area">
                {r.area} {r.address}
              </td>
              <td title={r.signal} className="wrapcell signal">
                <span className="med">{r.label ?? ''}</span>
              </td>
              <td className="num val">{num(r.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {named.length === 0 || named.length === registers.length ? null : (
        <p className="simmore">
          <button type="button" className="btn quiet sm" onClick={() => setAll((a) => !a)}>
            {all ? 'Only those with a signal' : `Show others too, ${num(Math.min(mostRows, registers.length))} at most`}
          </button>
        </p>
      )}
    </div>
  );
}
