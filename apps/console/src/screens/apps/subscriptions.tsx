import { useState } from 'react';
import { Cell } from '../../form/cell.tsx';
import { Elsewhere } from '../../form/elsewhere.tsx';
import { same, type Schema } from '../../form/schema.ts';
import { useFormPlan } from '../../form/use-form-plan.ts';
import { useTellEditing } from '../../form/use-held.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type EditOp } from '../../plan/plan.ts';
import { count } from '../../ui/format.ts';
import { Glyph, Icon } from '../../ui/glyph.tsx';
import type { Plant, Subscription } from '../devices/plant.ts';

interface Row extends Partial<Subscription> {
  readonly key: number;
}
let keys = 0;

/** Which groups an app sends, and where to. An empty topic is the usual one, which then is not written into the file. */
export function Subscriptions({
  app,
  plant,
  revision,
  onDone,
  onEditing,
}: {
  app: string;
  plant: Plant;
  /** The revision that the table was opened on. */
  revision: number;
  onDone: () => void;
  onEditing: (editing: boolean) => void;
}) {
  const saved = plant.apps[app]?.subscriptions ?? [];
  const [base] = useState(revision);
  const [before] = useState(() => saved.map((s) => plain(s.topic === usualTopic(app, s) ? { device: s.device, group: s.group } : s)));
  const [rows, setRows] = useState<readonly Row[]>(() => before.map((s) => ({ key: ++keys, ...s })));
  const plan = useFormPlan();
  const devices = Object.keys(plant.devices);
  const change = (next: readonly Row[]): void => {
    setRows(next);
    plan.changed();
  };
  const set = (row: Row, patch: Partial<Subscription>): void => change(rows.map((r) => (r === row ? { ...r, ...patch } : r)));
  const faultsAt = (row: Row, i: number): { column: string; message: string }[] => {
    const found: { column: string; message: string }[] = [];
    if (row.device === undefined) found.push({ column: 'device', message: 'Choose a device.' });
    else if (row.group === undefined) found.push({ column: 'group', message: 'Choose one of its groups.' });
    else if (rows.some((r, j) => j < i && r.device === row.device && r.group === row.group && r.topic === row.topic))
      found.push({ column: 'group', message: `${row.device}/${row.group} is sent to this topic already.` });
    for (const f of plan.faults)
      if (f.path[1] === app && f.path[2] === 'subscriptions' && f.path[3] === String(i))
        found.push({ column: f.path[4] ?? 'topic', message: f.message });
    return found;
  };
  const next = rows.map(plain);
  const edited = !same(next, before);
  useTellEditing(edited, onEditing);
  const own = rows.filter((r, i) => faultsAt(r, i).length > 0).length;
  const rest = plan.faults.filter((f) => !(f.path[2] === 'subscriptions' && f.path[3] !== undefined));
  const add = (): void => {
    const device = devices.length === 1 ? devices[0] : undefined;
    const free = device === undefined ? [] : groupsOf(plant, device).filter((g) => !rows.some((r) => r.device === device && r.group === g));
    change([...rows, { key: ++keys, ...(device === undefined ? {} : { device }), ...(free.length === 1 ? { group: free[0]! } : {}) }]);
  };
  return (
    <form
      ref={plan.form}
      className="subs"
      noValidate
      data-testid="subscriptions"
      onSubmit={(e) => {
        e.preventDefault();
        if (edited) plan.ask(opsOf(app, before, next), base, own);
      }}
    >
      {rows.length === 0 ? (
        <p className="t2">{devices.length === 0 ? 'No device is there to send from; add one first.' : 'No group is sent yet.'}</p>
      ) : (
        <div className="gridwrap">
          <table className="grid" aria-label={`Subscriptions of ${app}`}>
            <colgroup>
              <col style={{ width: '24%' }} />
              <col style={{ width: '24%' }} />
              <col />
              <col style={{ width: 36 }} />
            </colgroup>
            <thead>
              <tr>
                <th>Device</th>
                <th>Group</th>
                <th>Topic</th>
                <th className="end" aria-label="Remove" />
              </tr>
            </thead>
            <tbody>
              {rows.map((row, i) => {
                const told = plan.tellAll ? faultsAt(row, i) : [];
                const cell = (column: keyof Subscription) => ({
                  label: `${column}, row ${i + 1}`,
                  testid: `sub-${i}-${column}`,
                  value: row[column],
                  readOnly: false,
                  fault: told.find((f) => f.column === column)?.message,
                });
                return [
                  <tr key={row.key}>
                    <Cell
                      {...cell('device')}
                      schema={among(devices, row.device)}
                      onChange={(v) => {
                        const { group: _, ...rest } = row;
                        const groups = groupsOf(plant, String(v));
                        change(
                          rows.map((r) =>
                            r === row ? { ...rest, device: String(v), ...(groups.length === 1 ? { group: groups[0]! } : {}) } : r,
                          ),
                        );
                      }}
                    />
                    <Cell
                      {...cell('group')}
                      schema={among(row.device === undefined ? [] : groupsOf(plant, row.device), row.group)}
                      onChange={(v) => set(row, { group: String(v) })}
                    />
                    <Cell
                      {...cell('topic')}
                      schema={{ type: 'string' }}
                      mono
                      placeholder={usualTopic(app, row)}
                      onChange={(v) => {
                        const { topic: _, ...rest } = row;
                        const kept = v === undefined || v === usualTopic(app, row) ? rest : { ...rest, topic: String(v) };
                        change(rows.map((r) => (r === row ? kept : r)));
                      }}
                    />
                    <td className="end">
                      <button
                        type="button"
                        className="link"
                        aria-label={`Remove row ${i + 1}`}
                        onClick={() => change(rows.filter((r) => r !== row))}
                      >
                        <Icon name="close" />
                      </button>
                    </td>
                  </tr>,
                  told.length === 0 ? null : (
                    <tr key={`${row.key}f`} className="faults">
                      <td colSpan={4}>
                        {told.map((f) => (
                          <p key={f.message} className="err-line" role="alert" data-testid={`sub-${i}-fault`}>
                            <Glyph name="bad" />
                            {f.message}
                          </p>
                        ))}
                      </td>
                    </tr>
                  ),
                ];
              })}
            </tbody>
          </table>
        </div>
      )}
      <Elsewhere faults={rest} />
      <div className="formend">
        <button type="button" className="btn sm" data-testid="sub-add" disabled={devices.length === 0} onClick={add}>
          <Icon name="plus" />
          Add subscription
        </button>
        {edited ? (
          <>
            <button type="submit" className="btn primary right" data-testid="subs-save">
              Review the change
            </button>
            <button type="button" className="btn" onClick={() => change(before.map((s) => ({ key: ++keys, ...s })))}>
              Discard
            </button>
          </>
        ) : (
          <span className="meta">{rows.length === 0 ? '' : `${count(rows.length, 'group')}; one message each cycle.`}</span>
        )}
      </div>
      {plan.request === undefined ? null : (
        <PlanSheet
          request={plan.request}
          onClose={plan.close}
          onRefused={plan.onRefused}
          onApplied={() => {
            plan.close();
            onDone();
          }}
        />
      )}
    </form>
  );
}

const groupsOf = (plant: Plant, device: string): string[] => Object.keys(plant.devices[device]?.groups ?? {});
const usualTopic = (app: string, row: Partial<Subscription>): string =>
  `/neuron/${app}/${row.device ?? '{device}'}/${row.group ?? '{group}'}`;
const plain = ({ device, group, topic }: Partial<Subscription>): Subscription => ({
  device: device ?? '',
  group: group ?? '',
  ...(topic === undefined ? {} : { topic }),
});
/** What is named but no longer there still shows. */
const among = (names: readonly string[], now: string | undefined): Schema => ({
  type: 'string',
  enum:
    now === undefined || names.includes(now)
      ? names.length === 1
        ? [...names, ''].filter((n) => n !== '' || now === undefined)
        : names
      : [...names, now],
});

function opsOf(app: string, before: readonly Subscription[], next: readonly Subscription[]): EditOp[] {
  const path = pathOf('apps', app, 'subscriptions');
  if (next.length === 0) return [{ op: 'remove', path }];
  const grows = before.length > 0 && before.length < next.length && before.every((s, i) => same(s, next[i]));
  return grows ? next.slice(before.length).map((value) => ({ op: 'add', path: `${path}/-`, value })) : [{ op: 'add', path, value: next }];
}
